"""What cannot be seen in a text, or only strikes its letters through."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from attribution.codepoints import are, codepoints

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
# Of categories other than Cf: joiners, fillers and selectors (Default_Ignorable_Code_Point).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_GENERAL_MARK = re.compile(
    "[\u0300-\u036f\u0488\u0489\u1ab0-\u1ace\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]"
)
# Marks that a living orthography writes, or that are a part of some composed character.
_LIVING_MARK = re.compile(
    "[\u0300-\u0304\u0306-\u030d\u030f\u0311\u0313-\u0315\u031b\u0323-\u0329\u032d\u032e\u0330"
    "\u0331\u0340-\u0345\u0358]"
)
_NEGATION = 0x338  # through a symbol it makes another (unequal), through a letter it only strikes
_MARKS_AT_MOST = 2
_BRAILLE_BLANK = "\u2800"
_KEYCAP = re.compile("[0-9#*]\ufe0f\u20e3")
# Scripts that need joiners, direction marks or selectors to be written, and pictographs.
_AT_HOME = re.compile(
    "[\u0590-\u109f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1cff\u2190-\u21ff\u2300-\u2bff\u3000-\u9fff"
    "\ua840-\ua8ff\ua980-\uaadf\uabc0-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U0001f000-\U0001faff"
    "\U00020000-\U0003ffff]"
)


def drop_invisible(text: str) -> tuple[str, NDArray[np.int32], int]:
    """Drop what cannot be seen; also give the offsets of what stays and how many count as hiding.

    Controls, zero-width and bidi characters, tags, selectors, lone surrogates, enclosing marks,
    overlays and marks of no orthography go; the blank of Braille becomes a space. Not counted: a
    byte order mark in front, keycaps, and what touches a pictograph or a character of a script
    that is written with joiners, direction marks or selectors.
    """
    offsets = np.arange(len(text), dtype=np.int32)
    if text.isascii() and text.isprintable():
        return text, offsets, 0
    codes = codepoints(text)
    gone = are(codes, _goes) & ~_negates(codes)
    if not gone.any():
        return text.replace(_BRAILLE_BLANK, " "), offsets, 0
    kept = codes[~gone].tobytes().decode("utf-32-le").replace(_BRAILLE_BLANK, " ")
    hiding = np.count_nonzero(gone & ~_is_at_home(codes)) - 2 * len(_KEYCAP.findall(text))
    hiding -= text.startswith("\ufeff")
    return kept, offsets[~gone], max(int(hiding), 0)


def drop_floods(
    text: str, offsets: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[str, NDArray[np.int32], NDArray[np.int32], int]:
    """Keep two of the marks that stand on a letter of a composed text; say how many went.

    Only marks that any letter may bear: scripts with stacks of their own keep them.
    """
    if not _GENERAL_MARK.search(text):
        return text, offsets, ends, 0
    codes = codepoints(text)
    marks = are(codes, lambda char: _GENERAL_MARK.match(char) is not None)
    places = np.arange(len(text))
    before = np.maximum.accumulate(np.where(marks, -1, places))  # the last that is no mark
    stays = places - before <= _MARKS_AT_MOST
    kept = codes[stays].tobytes().decode("utf-32-le")
    return kept, offsets[stays], ends[stays], len(text) - len(kept)


def _goes(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    if category == "Cf":
        return char not in _VISIBLE_FORMATS
    if _GENERAL_MARK.match(char):
        return not _LIVING_MARK.match(char)
    return category == "Cs" or _INVISIBLE.match(char) is not None


def _negates(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each character is a stroke through the symbol before it."""
    strokes: NDArray[np.bool_] = codes == _NEGATION
    if strokes.any():
        strokes[0] = False
        strokes[1:] &= are(codes, lambda char: unicodedata.category(char) in {"Sm", "So"})[:-1]
    return strokes


def _is_at_home(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each character touches one of a script that cannot do without invisible ones."""
    home = are(codes, lambda char: _AT_HOME.match(char) is not None and not _goes(char))
    touches = np.zeros(len(codes), dtype=np.bool_)
    touches[1:] |= home[:-1]
    touches[:-1] |= home[1:]
    return touches
