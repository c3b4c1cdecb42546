"""The registered passages nearest to those of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.passage_index import NO_PASSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from attribution.catalogue import Catalogue, PassageRef
    from attribution.passage_index import PassageIndex

_HITS_AT_ONCE = 4_000_000  # bounds the memory of a deep search to about 50 MB


@dataclass(frozen=True, slots=True)
class Hit:
    """A registered passage near one of the output's, and the cosine between the two."""

    source: PassageRef
    cosine: float


def near(
    vectors: NDArray[np.float32],
    *,
    index: PassageIndex,
    catalogue: Catalogue,
    eligible: Callable[[int], bool],
    is_open: Callable[[Sequence[Hit], float], bool],
    k: int,
) -> list[list[Hit]]:
    """Find, for each row of float32[n, dim], the eligible ones of its k nearest, best first.

    A row for which ``is_open(hits, cosine of the last found)`` holds is searched again twice as
    deep, up to the whole index: works that may not earn must not hide those that may.
    """
    found: list[list[Hit]] = [[] for _ in vectors]
    rows = np.arange(len(vectors))
    size = len(index)
    while len(rows) and size:
        k = max(1, min(k, size))
        still_open: list[int] = []
        for some in _portions(rows, _HITS_AT_ONCE // k):
            scores, ids = index.search(vectors[some], k)
            searched = _eligible_hits(scores, ids, catalogue, eligible)
            for row, hits, last in zip(some.tolist(), searched, scores[:, -1], strict=True):
                found[row] = hits
                if is_open(hits, float(last)):
                    still_open.append(row)
        if k == size:
            break
        rows, k = np.array(still_open, dtype=np.int64), 2 * k
    return found


def _portions(rows: NDArray[np.int64], at_once: int) -> Iterator[NDArray[np.int64]]:
    step = max(1, at_once)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _eligible_hits(
    scores: NDArray[np.float32],
    passage_ids: NDArray[np.int64],
    catalogue: Catalogue,
    eligible: Callable[[int], bool],
) -> list[list[Hit]]:
    """Keep what is registered and may earn; an index ahead of its catalogue names strangers."""
    names = np.unique(passage_ids)
    refs = catalogue.locate(names[names != NO_PASSAGE])
    earning = {name: ref for name, ref in refs.items() if eligible(ref.work_id)}
    pairs = zip(scores.tolist(), passage_ids.tolist(), strict=True)
    return [
        [
            Hit(earning[name], cosine)
            for cosine, name in zip(row, ids, strict=True)
            if name in earning
        ]
        for row, ids in pairs
    ]
