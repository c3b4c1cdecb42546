"""What LiteLLM logged and what OpenTelemetry traced is attributed and settled as any sale."""

import gzip

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.store import api_keys, parties
from service.store.database import unit_of_work
from worker.web import create_app

SECONDS = 1_768_867_200  # 20 January 2026
STATES = ("received", "attributed", "settled")
PROTOBUF = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}


class Bell:
    def ring(self):
        pass


@pytest.fixture
def acme(village) -> TestClient:
    with unit_of_work(village.database) as session:
        vendor = parties.vendor_named(session, "Acme")
        key, _ = api_keys.make(session, vendor.party_id, "test", now=village.clock())
    client = TestClient(create_app(village.place, Bell()), raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def logged(text) -> dict:
    return {
        "litellm_call_id": "call-1",
        "status": "success",
        "startTime": SECONDS,
        "completion_tokens": 1_000_000,
        "request_tags": ["tier:premium"],
        "response": {"choices": [{"message": {"role": "assistant", "content": text}}]},
    }


def traced(text) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = b"t" * 16, b"s" * 8
    span.start_time_unix_nano = SECONDS * 10**9
    said = {
        "gen_ai.operation.name": "chat",
        "wellspring.tier": "premium",
        "gen_ai.completion": text,
    }
    for name, value in said.items():
        span.attributes.add(key=name).value.string_value = value
    span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 1_000_000
    return gzip.compress(request.SerializeToString())


def test_both_are_settled_to_the_same_amounts(village, acme, texts):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})

    of_log = acme.post("/v1/sales/litellm", json=[logged(texts.ode)])
    of_trace = acme.post("/v1/traces", content=traced(texts.ode), headers=PROTOBUF)
    village.works()

    assert (of_log.status_code, of_trace.status_code) == (200, 200)
    trace = f"{b't'.hex() * 16}-{b's'.hex() * 8}"
    for name in ("call-1", trace):
        sale = acme.get(f"/v1/sales/{name}").json()
        assert (sale["state"], sale["gross"], sale["tier"]) == ("settled", "6.00", "premium")
        assert sale["attribution"]["shares"][0]["share_ppm"] == 1_000_000
        steps = [(one["state"], one["at"]) for one in sale["history"]]
        assert steps == [(state, "2026-03-10T12:00:00Z") for state in STATES]
    assert village.tells("SELECT count(*) FROM journal_entry") == [(2,)]
    assert list(village.balances("line").values()) == [2 * 540_000_000]
    assert village.broken() == []


def test_what_comes_again_settles_nothing_again(village, acme, texts):
    for _ in range(3):
        acme.post("/v1/sales/litellm", json=[logged(texts.ode)] * 3)
        acme.post("/v1/traces", content=traced(texts.ode), headers=PROTOBUF)
        village.works()

    assert village.tells("SELECT count(*) FROM sale") == [(2,)]
    assert village.tells("SELECT count(*) FROM journal_entry") == [(2,)]
    assert village.broken() == []
