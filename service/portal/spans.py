"""The spans of a finding, each passage beside the one it was taken from."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.portal.marks import Piece, Span, excerpts
from service.store.attributions import EvidenceRow

MOST_SHOWN = 40
_AROUND = 120


@dataclass(frozen=True, slots=True)
class Pair:
    """A passage and its source in their surroundings; ``source`` is empty where it is not shown."""

    passage: tuple[Piece, ...]
    source: tuple[Piece, ...]
    kind: str
    confidence_ppm: int


def pairs(evidence: Sequence[EvidenceRow], body: str, source: str) -> list[Pair]:
    """Put marks on both sides of the first spans; an empty text shows nothing of itself."""
    return [
        Pair(
            _around(body, one.output_start, one.output_end, number),
            _around(source, one.source_start, one.source_end, number),
            one.kind,
            one.confidence_ppm,
        )
        for number, one in enumerate(evidence[:MOST_SHOWN], start=1)
    ]


def _around(text: str, start: int, end: int, number: int) -> tuple[Piece, ...]:
    shown = excerpts(text, [Span(start, end, number)], around=_AROUND)
    return tuple(shown[0]) if shown else ()
