"""A vendor's program with its own libraries, in a process of its own; prints the ids of its calls.

Run as ``vendor_program.py KIND ADDRESS KEY CALLS``; nothing of Wellspring is imported.
"""

import asyncio
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
ASKED = [{"role": "user", "content": "What does the tide keep?"}]
ROUND = 5
TOLD = "The tide keeps no ledger, and yet it pays the shore."


class Calls:
    """Remembers the id of every call that LiteLLM logged."""

    def __init__(self):
        self.ids, self.logged = [], asyncio.Condition()

    async def are(self, count):
        """Wait until so many calls were logged."""
        async with self.logged:
            await self.logged.wait_for(lambda: len(self.ids) == count)

    def callback(self):
        from litellm.integrations.custom_logger import CustomLogger

        calls = self

        class Remembering(CustomLogger):
            async def async_log_success_event(self, **facts):
                payload = facts["kwargs"].get("standard_logging_object")
                if payload and payload["litellm_call_id"] not in calls.ids:
                    calls.ids.append(payload["litellm_call_id"])
                async with calls.logged:
                    calls.logged.notify_all()

        return Remembering()


async def generic(address, key, count, *, log_format):
    """Half of the calls stream; each round of calls is posted twice.

    It is posted when all of it is logged: LiteLLM's logger forgets what is logged meanwhile.
    """
    import litellm
    from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger

    facts = {
        "endpoint": f"{address}/v1/sales/litellm",
        "headers": {"Authorization": f"Bearer {key}"},
        "log_format": log_format,
        "batch_size": 1_000,
        "flush_interval": 3_600,
        "max_retries": 9,
        "retry_delay": 0.1,
    }
    calls = Calls()
    logger = GenericAPILogger(**facts)
    litellm.callbacks = [calls.callback(), logger]
    for number in range(count):
        stream = number % 2 == 1
        answer = await litellm.acompletion(
            model="gpt-4o-mini",
            messages=ASKED,
            mock_response=f"{TOLD} {number}",
            stream=stream,
            metadata={"tags": ["tier:premium"]},
        )
        if stream:
            async for _ in answer:
                pass
        if number % ROUND == ROUND - 1:
            await calls.are(number + 1)
            logged = list(logger.log_queue)
            await logger.flush_queue()
            logger.log_queue = logged
            await logger.flush_queue()
    return calls.ids


def metered(_address, _key, count):
    """Calls without asyncio, half of them streams, reported as events that count tokens."""
    import litellm

    litellm.callbacks = ["openmeter"]
    ids = []
    for number in range(count):
        stream = number % 2 == 1
        answer = litellm.completion(
            model="gpt-4o-mini",
            messages=ASKED,
            mock_response=f"{TOLD} {number}",
            stream=stream,
            user="customer-1",
        )
        ids += {one.id for one in answer} if stream else [answer.id]
    from litellm.litellm_core_utils.thread_pool_executor import executor

    executor.shutdown(wait=True)
    return [f"litellm-proxy#{one}" for one in ids]


def traced(address, key, count):
    """Spans of calls, exported twice in small batches, gzip."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource({"wellspring.tier": "elite"}))
    for compression in (Compression.Gzip, Compression.NoCompression):
        exporter = OTLPSpanExporter(
            f"{address}/v1/traces",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            compression=compression,
        )
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_export_batch_size=4, schedule_delay_millis=50)
        )
    tracer, ids = provider.get_tracer("a program"), []
    with tracer.start_as_current_span("POST /answer"):
        for number in range(count):
            with tracer.start_as_current_span("chat acme-large") as span:
                said = [{"role": "assistant", "parts": [{"type": "text", "content": TOLD}]}]
                span.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": "acme-large",
                        "gen_ai.usage.output_tokens": 10 + number,
                        "gen_ai.output.messages": json.dumps(said),
                    }
                )
                ids.append(f"{span.context.trace_id:032x}-{span.context.span_id:016x}")
    provider.force_flush(120_000)
    provider.shutdown()
    return ids


def _main(kind, address, key, count):
    os.environ |= {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OPENMETER_API_ENDPOINT": address,
        "OPENMETER_API_KEY": key,
        "OPENMETER_EVENT_TYPE": "acme_tokens",
    }
    if kind.startswith("litellm-"):
        log_format = kind.partition("-")[2]
        ids = asyncio.run(generic(address, key, int(count), log_format=log_format))
    elif kind == "openmeter":
        ids = metered(address, key, int(count))
    else:
        ids = traced(address, key, int(count))
    print(json.dumps(ids), flush=True)  # noqa: T201 - what the test reads
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
