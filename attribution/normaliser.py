"""One form for all texts, so that invisible characters and look-alikes cannot hide a source."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.codepoints import CODEPOINTS, codepoints, distinct
from attribution.invisible import drop_floods, drop_invisible
from attribution.lookalikes import fold_lookalikes
from attribution.values import WHOLE_PPM

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARKS_AT_MOST = 30  # Stream-Safe Text Format (UAX 15): sorting longer runs of marks is quadratic
_TYPOGRAPHY = re.compile("[\ufb00-\ufb06]")  # printers' ligatures: fi, ffl
_EAST_ASIAN = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_FULLWIDTH = slice(0xFF10, 0xFF5B)  # digits and letters, at home in East Asian text
_BLANKS_TO_FOLD = re.compile(r"\s{2,}|[^\S ]")
_PARAGRAPH = re.compile(r"\u2029|(?>\r\n|[\n\r\x0b\x0c\x85\u2028])\s*[\n\r\x0b\x0c\x85\u2028]")


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """A normalised text and where each of its characters came from.

    ``offsets`` and ``ends``, int32[len(text)]: character i stands for the original's characters
    [offsets[i], ends[i]). ``changed_ppm``: characters removed as invisible or folded to a plain
    letter, per million of the original; blanks, punctuation and what a script needs do not count.
    """

    text: str
    offsets: NDArray[np.int32]
    ends: NDArray[np.int32]
    changed_ppm: int

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Give the original's span of the normalised characters [start, end), start < end."""
        return int(self.offsets[start]), int(self.ends[end - 1])


def normalise_v1(text: str) -> Normalised:
    """Bring a text into the one form in which works and outputs are compared.

    Invisible characters (zero-width, soft hyphen, bidi, controls, tags, selectors, lone
    surrogates) and marks that strike letters through go; what remains becomes NFKC (UAX 15) with
    at most two marks on a letter; look-alike letters become those of the script around them; a run
    of blanks becomes one space, or one newline where it holds a blank line. Outer blanks go.
    Digits written for letters stay digits. Takes any str.
    """
    kept, offsets, removed = drop_invisible(text)
    composed, offsets, ends, plain = _composed(kept, offsets, offsets + 1)
    unmarked, offsets, ends, marks = drop_floods(composed, offsets, ends)
    folded, lookalikes = fold_lookalikes(unmarked)
    if lookalikes:  # a Cyrillic letter with an accent has no character of its own, a Latin one has
        folded, offsets, ends, _ = _composed(folded, offsets, ends)
    spaced, offsets, ends = _spaced(folded, offsets, ends)
    changed = min(removed + plain + marks + lookalikes, len(text))
    changed_ppm = changed * WHOLE_PPM // len(text) if text else 0
    return Normalised(text=spaced, offsets=offsets, ends=ends, changed_ppm=changed_ppm)


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
    codes = codepoints(text)
    forms = {code: unicodedata.normalize("NFKC", chr(code)) for code in distinct(codes)}
    width_of = np.ones(CODEPOINTS, dtype=np.int32)
    dressed = np.zeros(CODEPOINTS, dtype=np.bool_)
    joins = np.zeros(CODEPOINTS, dtype=np.bool_)
    for code, form in forms.items():
        width_of[code] = len(form)
        dressed[code] = form != chr(code) and form.isascii() and form.isalnum()
        dressed[code] &= not _TYPOGRAPHY.match(chr(code))
        joins[code] = _attaches(chr(code))
    widths = width_of[codes]
    ends = ends.copy()
    pieces: list[str] = []
    done = 0
    for start, end in _clusters(joins[codes]):
        form = unicodedata.normalize("NFKC", text[start:end])
        pieces += (text[done:start].translate(forms), form)
        if len(form) != int(widths[start:end].sum()):  # else each keeps its own place
            widths[start:end] = 0
            widths[start], ends[start] = len(form), ends[end - 1]
        done = end
    pieces.append(text[done:].translate(forms))
    if _EAST_ASIAN.search(text):
        dressed[_FULLWIDTH] = False
    plain = int(np.count_nonzero(dressed[codes]))
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
