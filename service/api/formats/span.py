"""A span of a trace, however it was sent: attributes as plain values, ids as hexadecimal digits."""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_DEPTH = 32
"""Of values inside values, as in JSON."""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened during a span."""

    name: str
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Span:
    """One span. start_nanoseconds: since 1970, 0 where it is not given; ``place`` names it."""

    place: str
    trace_id: str
    span_id: str
    start_nanoseconds: int
    has_failed: bool
    attributes: Mapping[str, object]
    resource: Mapping[str, object]
    events: tuple[SpanEvent, ...]


ERROR = 2
"""Code of the status of a span that failed."""
