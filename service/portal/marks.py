"""Matched passages of a text as consecutive pieces, each with the works that claim it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a text that belong to match ``number``."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under the same marks; ``numbers`` is empty where nothing matched."""

    text: str
    numbers: tuple[int, ...]


def marked(text: str, spans: Iterable[Span]) -> list[Piece]:
    """Cut a text where marks begin and end; the pieces joined are the text. Spans may overlap."""
    inside = [
        Span(max(span.start, 0), min(span.end, len(text)), span.number)
        for span in spans
        if span.start < span.end and span.start < len(text)
    ]
    edges = sorted({0, len(text)} | {s.start for s in inside} | {s.end for s in inside})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        covering = {span.number for span in inside if span.start <= start and end <= span.end}
        numbers = tuple(sorted(covering))
        if pieces and pieces[-1].numbers == numbers:
            pieces[-1] = Piece(pieces[-1].text + text[start:end], numbers)
        else:
            pieces.append(Piece(text[start:end], numbers))
    return pieces


def excerpts(text: str, spans: Sequence[Span], *, around: int) -> list[list[Piece]]:
    """Return the marked surroundings of each match in order; those that touch become one.

    around: most characters shown before and after a match; no word is cut.
    """
    windows: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda s: s.start) if text else ():
        start = _blank_after(text, max(span.start - around, 0), span.start)
        end = _blank_before(text, span.end, min(span.end + around, len(text)))
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(windows[-1][1], end))
        else:
            windows.append((start, end))
    return [_excerpt(text, spans, start, end) for start, end in windows]


def _blank_after(text: str, start: int, stop: int) -> int:
    """Move a start forward to where a word begins, at most to ``stop``."""
    while 0 < start < stop and not text[start - 1].isspace():
        start += 1
    return start


def _blank_before(text: str, stop: int, end: int) -> int:
    """Move an end back to where a word ends, at most to ``stop``."""
    while stop < end < len(text) and not text[end].isspace():
        end -= 1
    return end


def _excerpt(text: str, spans: Sequence[Span], start: int, end: int) -> list[Piece]:
    moved = [
        Span(max(span.start - start, 0), span.end - start, span.number)
        for span in spans
        if span.start < end and span.end > start
    ]
    pieces = marked(text[start:end], moved)
    before = [Piece("… ", ())] if start else []
    after = [Piece(" …", ())] if end < len(text) else []
    return before + pieces + after
