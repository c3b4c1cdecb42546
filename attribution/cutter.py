"""Texts into passages: pieces small enough to be compared, large enough to say something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attribution.values import Passage

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_CHARS = 60
LONGEST_CHARS = 400
# The look-behind lets a run of stops be tried once, not once for each of its characters.
_SENTENCE_END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019\u00bb)\]]*+(?=\s)"
    r"|[\u3002\uff01\uff1f]++[\"'\u201d\u2019\u300d\u300f\uff09]*+"
    r"|\n++"
)


def cut_v0(text: str) -> list[Passage]:
    """Cut a text into consecutive passages of 60 to 400 characters on sentence boundaries.

    Sentences end at . ! ? before a blank, at their CJK forms, and at a newline. Short ones are
    joined to the next; one above 400 characters is halved, or cut in as many parts as it needs,
    at blanks where there are any. Together the passages cover every character that is not blank.
    A text below 60 characters is one passage; a blank one has none. Offsets are those of ``text``;
    a normalised text has no runs of blanks, which alone could make a passage shorter than 60.
    """
    spans: list[tuple[int, int]] = []
    for span in _joined(text):
        spans.extend(_parts(text, *span))
    if len(spans) > 1 and spans[-1][1] - spans[-1][0] < SHORTEST_CHARS:
        rest = (spans[-2][0], spans[-1][1])
        spans[-2:] = _parts(text, *rest)
    return [Passage(start, end) for start, end in spans]


def _joined(text: str) -> Iterator[tuple[int, int]]:
    """Sentences, each short one joined to what follows it; the last may stay short."""
    start: int | None = None
    for first, last in _sentences(text):
        start = first if start is None else start
        if last - start >= SHORTEST_CHARS:
            yield start, last
            start = None
    if start is not None:
        yield start, len(text.rstrip())


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Spans of sentences without the blanks around them."""
    done = 0
    for match in _SENTENCE_END.finditer(text):
        yield from _trimmed(text, done, match.end())
        done = match.end()
    yield from _trimmed(text, done, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a span into parts of at most 400 characters and about equal length."""
    while end - start > LONGEST_CHARS:
        count = -(-(end - start) // LONGEST_CHARS)
        cut = _last_blank(text, start + SHORTEST_CHARS, start + -(-(end - start) // count))
        yield from _trimmed(text, start, cut)
        start = cut
    yield from _trimmed(text, start, end)


def _last_blank(text: str, low: int, high: int) -> int:
    """Find the last blank in [low, high], or ``high`` where there is none."""
    return next((at for at in range(high, low - 1, -1) if text[at].isspace()), high)
