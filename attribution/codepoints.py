"""The characters of a text as numbers, so that long texts are looked at without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CODEPOINTS = 0x110000
_SHORT_CHARS = 4_096  # up to here sorting is faster than a look at every code there is

# Scripts written without blanks between words, as the inside of a character class: Thai, Lao,
# Tibetan, Myanmar, Khmer, Tai, Balinese and Javanese, kana, Yi and ideographs.
UNSPACED = (
    "\u0e01-\u0eff\u0f00\u0f40-\u0fbc\u1000-\u1049\u104c-\u109f\u1780-\u17d3\u17d7\u17dc-\u17f9"
    "\u1950-\u19df\u1a20-\u1aad\u1b00-\u1b4b\ua980-\ua9c0\ua9e0-\ua9fe\uaa60-\uaadf"
    "\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)


def codepoints(text: str) -> NDArray[np.uint32]:
    """Give the code of each character; lone surrogates have theirs."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def distinct(codes: NDArray[np.uint32]) -> list[int]:
    """List the codes that occur, rising."""
    if len(codes) < _SHORT_CHARS:
        return [int(code) for code in np.unique(codes)]
    seen = np.zeros(CODEPOINTS, dtype=np.bool_)
    seen[codes] = True
    return [int(code) for code in np.flatnonzero(seen)]


def are(codes: NDArray[np.uint32], holds: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Say of each character whether ``holds``, which is asked once a distinct character."""
    known = np.zeros(CODEPOINTS, dtype=np.bool_)
    known[[code for code in distinct(codes) if holds(chr(code))]] = True
    return known[codes]
