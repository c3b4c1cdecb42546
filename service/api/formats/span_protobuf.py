"""Spans out of OTLP's protobuf. What is in a body is counted before any of it is built."""

from collections.abc import Iterator, Mapping, Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as GivenSpan

from service.api.formats import wire
from service.api.formats.span import ERROR, Span, SpanEvent
from service.api.json_body import BadJson

_VALUE: dict[int, wire.Shape] = {}
_LIST: dict[int, wire.Shape] = {1: _VALUE}
_PAIR: dict[int, wire.Shape] = {2: _VALUE}
_VALUE |= {5: _LIST, 6: {1: _PAIR}}
_EVENT: dict[int, wire.Shape] = {3: _PAIR}
_SPAN: dict[int, wire.Shape] = {9: _PAIR, 11: _EVENT, 13: {4: _PAIR}}
_RESOURCE_SPANS: dict[int, wire.Shape] = {1: {1: _PAIR}, 2: {1: {3: _PAIR}, 2: _SPAN}}
_REQUEST: dict[int, wire.Shape] = {1: _RESOURCE_SPANS}
"""Which fields of a request hold messages, by number: all others are passed over as they stand."""


def spans_of(raw: bytes) -> Iterator[Span]:
    """Yield the spans of a request in their order; raise BadJson, TooManyValues."""
    wire.check(raw, _REQUEST)
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(raw)
    except DecodeError:
        raise BadJson("body", "is no ExportTraceServiceRequest in protobuf") from None
    for i, of_resource in enumerate(request.resource_spans):
        resource = _attributes(of_resource.resource.attributes)
        for j, of_scope in enumerate(of_resource.scope_spans):
            for k, given in enumerate(of_scope.spans):
                place = f"resource_spans[{i}].scope_spans[{j}].spans[{k}]"
                yield _span(given, resource, place)


def _span(given: GivenSpan, resource: Mapping[str, object], place: str) -> Span:
    return Span(
        place,
        given.trace_id.hex(),
        given.span_id.hex(),
        given.start_time_unix_nano,
        given.status.code == ERROR,
        _attributes(given.attributes),
        resource,
        tuple(SpanEvent(one.name, _attributes(one.attributes)) for one in given.events),
    )


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, object]:
    return {one.key: _value(one.value) for one in pairs}


def _value(given: AnyValue) -> object:
    kind = given.WhichOneof("value")
    if kind is None or kind == "bytes_value":
        return None
    if kind == "array_value":
        return [_value(one) for one in given.array_value.values]
    if kind == "kvlist_value":
        return _attributes(given.kvlist_value.values)
    return getattr(given, kind)
