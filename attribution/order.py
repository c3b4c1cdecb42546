"""Whether passages follow their sources: who takes a text over goes along it.

Two texts about one topic share its words wherever they stand; a rewrite mostly keeps the order of
its source and leaves little out, the monotone alignment of PAN's text alignment task.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALF = 0.5  # what a single passage is credited with: it is in no order


def order_signs(sources: NDArray[np.int64]) -> dict[str, float]:
    """Describe the places in a work, int64[n], of the sources of n passages that follow each other.

    In [0, 1]: ``next_to_next``, how many go on with the next or the next but one; ``in_one_piece``,
    how much of the stretch between the first and the last is touched; ``in_rising_order``, the
    longest rising subsequence (Fredman 1975).
    """
    count = len(sources)
    if not count:
        return {"next_to_next": 0.0, "in_one_piece": 0.0, "in_rising_order": 0.0}
    steps = np.diff(sources)
    following = int(((steps > 0) & (steps <= 2)).sum())  # noqa: PLR2004  # the next but one
    stretch = int(sources.max() - sources.min()) + 1
    touched = len(np.unique(sources))
    return {
        "next_to_next": (following + _HALF) / count,
        "in_one_piece": (touched - _HALF) / stretch,
        "in_rising_order": (_longest_rising(sources.tolist()) - _HALF) / count,
    }


def _longest_rising(places: list[int]) -> int:
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)
