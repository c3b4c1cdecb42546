"""Spans out of OTLP's JSON: ids in hexadecimal, 64-bit integers as strings, names in camel case."""

import re
from collections.abc import Iterator, Mapping

from service.api.formats.said import Unreadable, is_one_of
from service.api.formats.span import ERROR, Span, SpanEvent
from service.api.json_body import BadJson
from service.ledger.sale_report import FieldError

_INT = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def spans_of(body: object) -> Iterator[Span | Unreadable]:
    """Yield the spans of a request in their order."""
    for i, of_resource in enumerate(_parts(body, "resourceSpans", "")):
        resource = _attributes(_object(of_resource, "resource"))
        place = f"resourceSpans[{i}]."
        for j, of_scope in enumerate(_parts(of_resource, "scopeSpans", place)):
            below = f"{place}scopeSpans[{j}]."
            for k, given in enumerate(_parts(of_scope, "spans", below)):
                yield _span(given, resource, f"{below}spans[{k}]")


def _parts(given: object, name: str, place: str) -> list[object]:
    """Return what may hold spans; raise BadJson where it is something else: sales would be lost."""
    if not isinstance(given, dict):
        raise BadJson(place.rstrip(".") or "body", "must be an object")
    found = given.get(name, [])
    if not isinstance(found, list):
        raise BadJson(f"{place}{name}", "must be an array")
    return found


def _span(given: object, resource: Mapping[str, object], place: str) -> Span | Unreadable:
    if not isinstance(given, dict):
        return Unreadable(None, (FieldError(place, "must be an object"),))
    trace_id, span_id = given.get("traceId"), given.get("spanId")
    start = _int(given.get("startTimeUnixNano", 0))
    if start is None:
        rule = "must be nanoseconds since 1970, a string of digits"
        return Unreadable(None, (FieldError(f"{place}.startTimeUnixNano", rule),))
    return Span(
        place,
        trace_id.lower() if isinstance(trace_id, str) else "",
        span_id.lower() if isinstance(span_id, str) else "",
        start,
        is_one_of(_object(given, "status").get("code"), {ERROR, "STATUS_CODE_ERROR"}),
        _attributes(given),
        resource,
        tuple(
            SpanEvent(name, _attributes(one))
            for one in _list(given, "events")
            if isinstance(one, dict) and isinstance(name := one.get("name"), str)
        ),
    )


def _object(given: object, name: str) -> Mapping[str, object]:
    found = given.get(name) if isinstance(given, dict) else None
    return found if isinstance(found, dict) else {}


def _list(given: object, name: str) -> list[object]:
    found = given.get(name) if isinstance(given, Mapping) else None
    return found if isinstance(found, list) else []


def _attributes(given: Mapping[str, object]) -> dict[str, object]:
    return _pairs(_list(given, "attributes"))


def _pairs(given: list[object]) -> dict[str, object]:
    return {
        key: _value(one.get("value"))
        for one in given
        if isinstance(one, dict) and isinstance(key := one.get("key"), str)
    }


def _value(given: object) -> object:
    """Return a value as it is meant; what has no kind that we know is None.

    An integer that is none stays what it is, and is refused where it is read.
    """
    if not isinstance(given, dict):
        return None
    if "intValue" in given:
        number = _int(given["intValue"])
        return given["intValue"] if number is None else number
    for kind in ("stringValue", "boolValue", "doubleValue"):
        if kind in given:
            return given[kind]
    if "arrayValue" in given:
        return [_value(one) for one in _list(given["arrayValue"], "values")]
    if "kvlistValue" in given:
        return _pairs(_list(given["kvlistValue"], "values"))
    return None


def _int(given: object) -> int | None:
    if isinstance(given, str) and _INT.fullmatch(given):
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else None
