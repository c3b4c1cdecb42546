"""One form for all texts, so that invisible characters and look-alikes cannot hide a source."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.lookalikes import fold_lookalikes
from attribution.values import WHOLE_PPM

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODEPOINTS = 0x110000
_MARKS_AT_MOST = 30  # Stream-Safe Text Format (UAX 15): sorting longer runs of marks is quadratic
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # not of category Cf
_BLANKS_TO_FOLD = re.compile(r"\s{2,}|[^\S ]")
_PARAGRAPH = re.compile(r"\u2029|(?>\r\n|[\n\r\x0b\x0c\x85\u2028])\s*[\n\r\x0b\x0c\x85\u2028]")


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """A normalised text and where each of its characters came from.

    ``offsets`` and ``ends``, int32[len(text)]: character i stands for the original's characters
    [offsets[i], ends[i]). ``changed_ppm``: characters removed as invisible or folded to a plain
    letter, per million of the original; blanks and punctuation do not count.
    """

    text: str
    offsets: NDArray[np.int32]
    ends: NDArray[np.int32]
    changed_ppm: int

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Give the original's span of the normalised characters [start, end), start < end."""
        return int(self.offsets[start]), int(self.ends[end - 1])


def normalise_v0(text: str) -> Normalised:
    """Bring a text into the one form in which works and outputs are compared.

    Invisible characters (zero-width, soft hyphen, bidi, controls) go; what remains becomes NFKC
    (UAX 15); look-alike letters in words of mixed script become Latin; a run of blanks becomes one
    space, or one newline where it holds a blank line. Outer blanks go. Takes any str.
    """
    kept, offsets, removed = _visible(text)
    ends = offsets + 1
    composed, offsets, ends, plain = _composed(kept, offsets, ends)
    folded, lookalikes = fold_lookalikes(composed)
    spaced, offsets, ends = _spaced(folded, offsets, ends)
    changed = min(removed + plain + lookalikes, len(text))
    changed_ppm = changed * WHOLE_PPM // len(text) if text else 0
    return Normalised(text=spaced, offsets=offsets, ends=ends, changed_ppm=changed_ppm)


def _codepoints(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _distinct(codepoints: NDArray[np.uint32]) -> list[int]:
    seen = np.zeros(_CODEPOINTS, dtype=np.bool_)
    seen[codepoints] = True
    return [int(code) for code in np.flatnonzero(seen)]


def _is_invisible(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    if category == "Cf":
        return char not in _VISIBLE_FORMATS
    return (
        char in _INVISIBLE or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    )


def _visible(text: str) -> tuple[str, NDArray[np.int32], int]:
    """Drop what cannot be seen; also give the offsets of what stays and how many went."""
    offsets = np.arange(len(text), dtype=np.int32)
    if text.isascii() and text.isprintable():
        return text, offsets, 0
    codepoints = _codepoints(text)
    gone = [code for code in _distinct(codepoints) if _is_invisible(chr(code))]
    if not gone:
        return text, offsets, 0
    stays = ~np.isin(codepoints, np.array(gone, dtype=np.uint32))
    kept = text.translate(dict.fromkeys(gone))
    return kept, offsets[stays], len(text) - len(kept)


def _attaches(char: str) -> bool:
    """Whether NFKC may join this character to the one before it (marks, Hangul vowels, finals)."""
    first = unicodedata.normalize("NFKD", char)[0]
    return unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"


def _composed(
    text: str, offsets: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[str, NDArray[np.int32], NDArray[np.int32], int]:
    """NFKC by clusters of a character and what attaches to it, carrying the offsets along.

    The last value counts characters that only dressed up a plain letter or digit (bold, circled).
    """
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return text, offsets, ends, 0
    codepoints = _codepoints(text)
    distinct = _distinct(codepoints)
    forms = {code: unicodedata.normalize("NFKC", chr(code)) for code in distinct}
    width_of = np.ones(_CODEPOINTS, dtype=np.int32)
    dressed = np.zeros(_CODEPOINTS, dtype=np.bool_)
    joins = np.zeros(_CODEPOINTS, dtype=np.bool_)
    for code, form in forms.items():
        width_of[code] = len(form)
        dressed[code] = form != chr(code) and form.isascii() and form.isalnum()
        joins[code] = _attaches(chr(code))
    widths = width_of[codepoints]
    ends = ends.copy()
    pieces: list[str] = []
    done = 0
    for start, end in _clusters(joins[codepoints]):
        form = unicodedata.normalize("NFKC", text[start:end])
        pieces += (text[done:start].translate(forms), form)
        widths[start:end] = 0
        widths[start], ends[start], done = len(form), ends[end - 1], end
    pieces.append(text[done:].translate(forms))
    plain = int(np.count_nonzero(dressed[codepoints]))
    return "".join(pieces), np.repeat(offsets, widths), np.repeat(ends, widths), plain


def _clusters(joins: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Spans of a character and what attaches to it, at most 30 attached to each."""
    edges = np.diff(joins.astype(np.int8), prepend=0, append=0)
    clusters: list[tuple[int, int]] = []
    for first, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        start = max(int(first) - 1, 0)
        step = _MARKS_AT_MOST + 1
        clusters += [(at, min(at + step, int(end))) for at in range(start, int(end), step)]
    return clusters


def _spaced(
    text: str, offsets: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[str, NDArray[np.int32], NDArray[np.int32]]:
    """One space or newline for each run of blanks, none at either end."""
    text, offsets, ends = _stripped(text, offsets, ends)
    stays = np.ones(len(text), dtype=np.bool_)
    ends = ends.copy()
    pieces: list[str] = []
    done = 0
    for run in _BLANKS_TO_FOLD.finditer(text):
        start, end = run.span()
        pieces += (text[done:start], "\n" if _PARAGRAPH.search(run.group()) else " ")
        stays[start + 1 : end] = False
        ends[start], done = ends[end - 1], end
    pieces.append(text[done:])
    return "".join(pieces), offsets[stays], ends[stays]


def _stripped(
    text: str, offsets: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[str, NDArray[np.int32], NDArray[np.int32]]:
    leading = len(text) - len(text.lstrip())
    inner = text.strip()
    span = slice(leading, leading + len(inner))
    return inner, offsets[span], ends[span]
