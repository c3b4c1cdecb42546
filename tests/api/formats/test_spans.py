"""OTLP in protobuf and in JSON means the same spans; how much is in a body is counted first."""

import json

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.api import json_body
from service.api.formats import span_json, span_protobuf, wire
from service.api.formats.said import Unreadable
from service.api.formats.span import SpanEvent
from service.api.json_body import BadJson, TooManyValues


def a_request() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.add(key="service.name").value.string_value = "gateway"
    span = of_resource.scope_spans.add().spans.add(
        trace_id=bytes(range(16)), span_id=bytes(range(8)), name="chat", kind=3
    )
    span.start_time_unix_nano = 1_769_903_999_500_001_999
    span.status.code = 2
    values = {key: span.attributes.add(key=key).value for key in ("s", "i", "b", "l", "m", "n")}
    values["s"].string_value = "text"
    values["i"].int_value = -(2**63)
    values["b"].bool_value = True
    values["l"].array_value.values.add().int_value = 7
    values["m"].kvlist_value.values.add(key="k").value.string_value = "v"
    event = span.events.add(name="gen_ai.choice")
    event.attributes.add(key="index").value.int_value = 0
    return request


def as_json(request) -> object:
    """Write as the protocol wants it: ids in hexadecimal, which protobuf's own JSON is not."""
    written = MessageToDict(request)
    for of_resource in written["resourceSpans"]:
        for span in of_resource["scopeSpans"][0]["spans"]:
            span["traceId"] = bytes(range(16)).hex()
            span["spanId"] = bytes(range(8)).hex().upper()
            span["status"]["code"] = 2
    return json_body.read(json.dumps(written).encode())


def test_both_mean_the_same_span():
    (one,) = span_protobuf.spans_of(a_request().SerializeToString())
    (other,) = span_json.spans_of(as_json(a_request()))

    assert one.place == "resource_spans[0].scope_spans[0].spans[0]"
    assert other.place == "resourceSpans[0].scopeSpans[0].spans[0]"
    for span in (one, other):
        assert (span.trace_id, span.span_id) == (bytes(range(16)).hex(), bytes(range(8)).hex())
        assert (span.start_nanoseconds, span.has_failed) == (1_769_903_999_500_001_999, True)
        assert span.resource == {"service.name": "gateway"}
        assert span.attributes == {
            "s": "text",
            "i": -(2**63),
            "b": True,
            "l": [7],
            "m": {"k": "v"},
            "n": None,
        }
        assert span.events == (SpanEvent("gen_ai.choice", {"index": 0}),)


@pytest.mark.parametrize(
    "body", [{}, {"resourceSpans": []}, {"resourceSpans": [{}, {"scopeSpans": [{}]}]}]
)
def test_json_without_spans_has_none(body):
    assert list(span_json.spans_of(body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "body: must be an object"),
        (7, "body: must be an object"),
        ([], "body: must be an object"),
        ({"resourceSpans": 7}, "resourceSpans: must be an array"),
        ({"resourceSpans": [{}, 7]}, r"resourceSpans\[1\]: must be an object"),
        (
            {"resourceSpans": [{"scopeSpans": [None]}]},
            r"resourceSpans\[0\]\.scopeSpans\[0\]: must be an object",
        ),
    ],
)
def test_what_is_no_request_is_refused_whole(body, said):
    with pytest.raises(BadJson, match=said):
        list(span_json.spans_of(body))


@pytest.mark.parametrize("span", [7, {"startTimeUnixNano": "soon"}, {"startTimeUnixNano": True}])
def test_a_span_that_is_none_is_named(span):
    (read,) = span_json.spans_of({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})

    assert isinstance(read, Unreadable)
    assert read.errors[0].place.startswith("resourceSpans[0].scopeSpans[0].spans[0]")


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"\x0a",
        b"\x0a\x05\x00",
        b"\x0b",
        b"\x0a" + b"\xff" * 10,
        b'{"resourceSpans": []}',
        a_request().SerializeToString()[:-1],
    ],
)
def test_what_is_no_protobuf_is_refused(raw):
    with pytest.raises(BadJson):
        list(span_protobuf.spans_of(raw))


def nested(field: int, inside: bytes) -> bytes:
    """Write a field that holds bytes."""
    length, rest = bytearray(), len(inside)
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([field << 3 | 2]) + bytes([*length, rest]) + inside


def a_span(inside: bytes) -> bytes:
    return nested(1, nested(2, nested(2, inside)))


BOMBS = {
    "spans": nested(1, nested(2, b"\x12\x00" * 300_000)),
    "attributes": a_span(b"\x4a\x00" * 300_000),
    "events": a_span(b"\x5a\x00" * 300_000),
    "links": a_span(b"\x6a\x00" * 300_000),
    "values": a_span(nested(9, nested(2, nested(5, b"\x0a\x00" * 300_000)))),
    "pairs": a_span(nested(9, nested(2, nested(6, b"\x0a\x00" * 300_000)))),
    "resources": b"\x0a\x00" * 300_000,
    "numbers": a_span(b"\x30\x00" * 300_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_many_small_things_are_refused_before_they_are_built(bomb, monkeypatch):
    monkeypatch.setattr(span_protobuf, "ExportTraceServiceRequest", None)

    with pytest.raises(TooManyValues):
        list(span_protobuf.spans_of(BOMBS[bomb]))


def test_a_long_text_is_one_value():
    request = a_request()
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="t").value.string_value = "\x12\x00" * 1_000_000

    (read,) = span_protobuf.spans_of(request.SerializeToString())

    assert len(read.attributes["t"]) == 2_000_000


def test_values_inside_values_have_a_depth():
    value = b"\x0a\x00"
    for _ in range(60):
        value = nested(5, nested(1, value))

    with pytest.raises(BadJson, match="nested deeper than 32"):
        wire.check(a_span(nested(9, nested(2, value))), span_protobuf._REQUEST)
