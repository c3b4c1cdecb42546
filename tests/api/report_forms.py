"""One sale, written in every format that is taken; the tests of all formats are the same."""

import gzip
import json
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

SECONDS = 1_769_904_000  # 1 February 2026
TRACE = "0af7651916cd43dd8448eb211c80319c"
DEFAULTS = {"tier": "premium", "tokens": 1_000, "text": "The tide pays.", "model": "acme-large"}


def span_id(name) -> str:
    return name.encode().hex().rjust(16, "0")[:16]


def native(name, tier, tokens, text, model) -> dict:
    return {"id": name, "tier": tier, "output_tokens": tokens, "text": text, "model": model}


def event(name, tier, tokens, text, model) -> dict:
    carried = {"id": name, "tier": tier, "output_tokens": tokens, "text": text, "model": model}
    envelope = {"specversion": "1.0", "type": "wellspring.sale.v1", "source": "s", "id": "e"}
    return envelope | {"data": carried}


def metered(name, tier, tokens, text, model) -> dict:
    carried = {"tier": tier, "completion_tokens": tokens, "text": text, "model": model}
    return {"specversion": "1.0", "type": "t", "source": "s", "id": name, "data": carried}


def logged(name, tier, tokens, text, model) -> dict:
    return {
        "litellm_call_id": name,
        "status": "success",
        "startTime": SECONDS,
        "completion_tokens": tokens,
        "request_tags": [f"tier:{tier}"],
        "model": model,
        "response": {"choices": [{"message": {"content": text}}]},
    }


def traced(name, tier, tokens, text, model) -> dict:
    """A span of OTLP's JSON; 64-bit numbers are strings there."""
    said = {"gen_ai.operation.name": "chat", "wellspring.tier": tier, "gen_ai.completion": text}
    said |= {"gen_ai.request.model": model}
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    count = {"intValue": str(tokens) if isinstance(tokens, int) else tokens}
    attributes.append({"key": "gen_ai.usage.output_tokens", "value": count})
    ids = {"traceId": TRACE, "spanId": span_id(name), "startTimeUnixNano": str(SECONDS * 10**9)}
    return ids | {"attributes": attributes}


def in_protobuf(spans) -> bytes:
    request = ExportTraceServiceRequest()
    of_scope = request.resource_spans.add().scope_spans.add()
    for given in spans:
        span = of_scope.spans.add(
            trace_id=bytes.fromhex(given["traceId"]),
            span_id=bytes.fromhex(given["spanId"]),
            start_time_unix_nano=int(given["startTimeUnixNano"]),
        )
        for one in given["attributes"]:
            value = span.attributes.add(key=one["key"]).value
            if "intValue" in one["value"]:
                value.int_value = int(one["value"]["intValue"])
            else:
                value.string_value = one["value"]["stringValue"]
    return gzip.compress(request.SerializeToString())


def in_json(items) -> bytes:
    return json.dumps(items).encode()


def in_lines(items) -> bytes:
    return "\n".join(map(json.dumps, items)).encode()


def in_resources(spans) -> bytes:
    return in_json({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})


@dataclass(frozen=True)
class Form:
    """A way to report: where to, as what, how one item is written and how several are."""

    path: str
    kind: str
    item: object
    body: object
    own_id: str = "{}"
    encoding: str = "identity"

    def sale(self, name, **changes):
        return self.item(name, **(DEFAULTS | changes))

    def id_of(self, name) -> str:
        return self.own_id.format(name, span_id=span_id(name))

    @property
    def headers(self) -> dict:
        return {"Content-Type": self.kind, "Content-Encoding": self.encoding}

    def sends(self, client, items):
        return client.post(self.path, content=self.body(items), headers=self.headers)

    def accepts(self, answer) -> bool:
        """Whether an answer says that all was stored, now or before."""
        if answer.status_code == 204:
            return True
        if self.path == "/v1/traces":
            return answer.status_code == 200 and refused_of(answer) == 0
        return answer.status_code == 200 and set(outcomes_of(answer)) <= {"created", "duplicate"}


def outcomes_of(answer) -> list[str]:
    return [item["outcome"] for item in answer.json()["items"]]


def refused_of(answer) -> int:
    """Count the spans that an answer to traces says were refused."""
    if answer.headers["content-type"] == "application/x-protobuf":
        told = ExportTraceServiceResponse.FromString(answer.content)
        return told.partial_success.rejected_spans
    return int(answer.json().get("partialSuccess", {}).get("rejectedSpans", "0"))


OF_SPAN = f"{TRACE}-{{span_id}}"
LITELLM, EVENTS = "/v1/sales/litellm", "application/cloudevents-batch+json"
FORMS = {
    "native": Form("/v1/sales", "application/json", native, in_json),
    "native lines": Form("/v1/sales", "application/x-ndjson", native, in_lines),
    "cloudevents": Form("/v1/sales", EVENTS, event, in_json),
    "litellm": Form(LITELLM, "application/json", logged, in_json),
    "litellm lines": Form(LITELLM, "application/json", logged, in_lines),
    "otlp json": Form("/v1/traces", "application/json", traced, in_resources, OF_SPAN),
    "otlp": Form(
        "/v1/traces", "application/x-protobuf", traced, in_protobuf, OF_SPAN, encoding="gzip"
    ),
    "openmeter": Form("/api/v1/events", EVENTS, metered, in_json, "s#{}"),
}
