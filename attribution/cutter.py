"""Texts into passages: pieces small enough to be compared, large enough to say something."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.codepoints import UNSPACED, are, codepoints
from attribution.values import Passage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SHORTEST_CHARS = 60
LONGEST_CHARS = 400
UNSPACED_SHORTEST_CHARS = 24
UNSPACED_LONGEST_CHARS = 160
_MARKS_AT_MOST = 8
_UNSPACED = re.compile(f"[{UNSPACED}]")
# Full stops that need no blank after them: East Asian, Devanagari, Arabic, Armenian, Ethiopic,
# Myanmar, Khmer, Tibetan, Mongolian.
_STOPS = (
    "\u3002\uff01\uff1f\uff61\uff0e\u0964\u0965\u061f\u06d4\u0589\u1362\u1367\u1368\u104a\u104b"
    "\u17d4\u17d5\u0f0d-\u0f12\u1803\u1809"
)
_CLOSERS = "\"'\u201d\u2019\u00bb)\\]\u300d\u300f\uff09\u3011\u300b\u3009"
_OPENERS = "\"'\u201c\u2018(\\[\u300c\u300e\uff08\u3010\u300a\u3008"
# The look-behind lets a run of stops be tried once, not once for each of its characters.
_SENTENCE_END = re.compile(
    rf"(?<![.!?\u2026])[.!?\u2026]++[{_CLOSERS}]*+(?=\s|[{_OPENERS}]?[{UNSPACED}])"
    rf"|[{_STOPS}]++[.!?\u2026{_STOPS}]*+[{_CLOSERS}]*+"
    r"|(?<=[\u0e01-\u0eff])\s++(?=[\u0e01-\u0eff])"  # Thai and Lao have no stop but the blank
    r"|\n++"
)
_CLAUSE_ENDS = frozenset("\u3001\uff0c\uff1b\uff1a,;:\u0f0b\u17d6\u1804")


def cut_v1(text: str) -> list[Passage]:
    """Cut a text into consecutive passages of 60 to 400 characters on sentence boundaries.

    Sentences end at . ! ? before a blank, at the full stops of other scripts, and at a newline.
    Short ones are joined to the next; one above 400 characters is halved, or cut in as many parts
    as it needs, at blanks where there are any. Together the passages cover every character that is
    not blank. A text below 60 characters is one passage; a blank one has none. Offsets are those
    of ``text``; a normalised text has no runs of blanks, which alone could make a passage shorter
    than 60.

    In scripts without blanks between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan
    and others) a character says about as much as 2.5 Latin ones: there a passage has 24 to 160
    characters, a sentence may end before a letter too, in Thai and Lao at a blank, and a long one
    is cut after a comma or at a blank. The majority of the letters of a piece decides. Linear in
    the text, whatever it is.
    """
    letters = _Letters.of(text)
    spans: list[tuple[int, int]] = []
    for span in _joined(text, letters):
        spans.extend(_parts(text, *span, letters))
    if len(spans) > 1 and spans[-1][1] - spans[-1][0] < letters.bounds(*spans[-1])[0]:
        rest = (spans[-2][0], spans[-1][1])
        spans[-2:] = _parts(text, *rest, letters)
    return [Passage(start, end) for start, end in spans]


@dataclass(frozen=True, slots=True, eq=False)
class _Letters:
    """How many more letters of unspaced than of other scripts come before each character.

    None where there are no unspaced ones.
    """

    surplus: NDArray[np.int64] | None

    @classmethod
    def of(cls, text: str) -> _Letters:
        if text.isascii() or not _UNSPACED.search(text):
            return cls(None)
        codes = codepoints(text)
        unspaced = are(codes, lambda char: _UNSPACED.match(char) is not None)
        spaced = are(codes, str.isalpha) & ~unspaced
        surplus = np.zeros(len(text) + 1, dtype=np.int64)
        np.cumsum(unspaced.astype(np.int64) - spaced, out=surplus[1:])
        return cls(surplus)

    def are_unspaced(self, start: int, end: int) -> bool:
        return self.surplus is not None and bool(self.surplus[end] > self.surplus[start])

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Give the least and the greatest length of a passage that lies here, in characters."""
        if self.are_unspaced(start, end):
            return UNSPACED_SHORTEST_CHARS, UNSPACED_LONGEST_CHARS
        return SHORTEST_CHARS, LONGEST_CHARS


def _joined(text: str, letters: _Letters) -> Iterator[tuple[int, int]]:
    """Sentences, each short one joined to what follows it; the last may stay short."""
    start: int | None = None
    for first, last in _sentences(text):
        start = first if start is None else start
        if last - start >= letters.bounds(start, last)[0]:
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


def _parts(text: str, start: int, end: int, letters: _Letters) -> Iterator[tuple[int, int]]:
    """Cut a span into parts of about equal length, none too long."""
    shortest, longest = letters.bounds(start, end)
    last_cut = _last_pause if letters.are_unspaced(start, end) else _last_blank
    while end - start > longest:
        count = -(-(end - start) // longest)
        cut = last_cut(text, start + shortest, start + -(-(end - start) // count))
        yield from _trimmed(text, start, cut)
        start = cut
    yield from _trimmed(text, start, end)


def _last_blank(text: str, low: int, high: int) -> int:
    """Find the last blank in [low, high], or ``high`` where there is none."""
    return next((at for at in range(high, low - 1, -1) if text[at].isspace()), high)


def _last_pause(text: str, low: int, high: int) -> int:
    """Find the last blank, or end of a clause, in [low, high]; or ``high``, but not in a letter."""
    for at in range(high, low - 1, -1):
        if text[at].isspace() or text[at - 1] in _CLAUSE_ENDS:
            return at
    before = max(low, high - _MARKS_AT_MOST)
    letters = (at for at in range(high, before, -1) if not _is_mark(text[at]))
    return next(letters, high)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")
