"""Where to look among many passages: cells around centres that are learnt from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.codes import steps
from attribution.faiss_library import faiss

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE_CELL = 1
_CELLS_PER_ROOT = 4
_SAMPLES_A_CELL = 40
_ROUNDS = 8
_SEED = 3
_SHRUNK = 0.75
_PROBED = 96
_PROBED_PART = 16
_PROBED_PER_RESULT = 4
_ROWS_AT_ONCE = 16_384


def cells_wanted(count: int, *, exact_up_to: int, now: int) -> int:
    """How many cells ``count`` passages should have, given how many they have now.

    One, so that search is exact, up to ``exact_up_to``; above it 4 roots of that number times the
    greatest power of two that still fits. Fewer than now only once clearly too many.
    """
    wanted = _cells(count, exact_up_to)
    return now if wanted < now == _cells(int(count / _SHRUNK), exact_up_to) else wanted


def learning_rows(count: int, *, exact_up_to: int) -> int:
    """How many passages, in the order of their ids, the centres are learnt from.

    It changes only where the number of cells does: an index that grew and one built anew learn from
    the same passages.
    """
    return min(count, exact_up_to * _doubling(count, exact_up_to))


def probed(cells: int, *, count: int, k: int) -> int:
    """How many cells to look into for the k nearest; all of them where k is a large part."""
    needed = -(-_PROBED_PER_RESULT * k * cells // max(1, count))
    return min(cells, max(_PROBED, cells // _PROBED_PART, needed))


def no_centres(dimension: int) -> NDArray[np.float32]:
    """Give the centre of the only cell, float32[1, dim]."""
    return np.zeros((ONE_CELL, dimension), dtype=np.float32)


def learn_centres(codes: NDArray[np.uint8], cells: int, *, threads: int) -> NDArray[np.float32]:
    """Learn centres float32[cells, dim] from codes uint8[n, dim] in the order of their ids.

    Spherical k-means (Dhillon & Modha 2001) over an even sample, from a fixed seed: equal codes
    give equal centres on one machine.
    """
    size = min(len(codes), _SAMPLES_A_CELL * cells)
    sample = steps(codes[np.arange(size, dtype=np.int64) * len(codes) // size])
    sample /= np.maximum(np.linalg.norm(sample, axis=1, keepdims=True), 1.0)
    library = faiss()
    library.omp_set_num_threads(threads)
    means = library.Kmeans(
        codes.shape[1],
        cells,
        niter=_ROUNDS,
        seed=_SEED,
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=_SAMPLES_A_CELL,
    )
    means.train(sample)
    return np.array(means.centroids, dtype=np.float32)


def cells_of(
    codes: NDArray[np.uint8], centres: NDArray[np.float32], *, threads: int
) -> NDArray[np.int64]:
    """Find the cell of each code, int64[n]."""
    if len(centres) == ONE_CELL:
        return np.zeros(len(codes), dtype=np.int64)
    quantiser = flat(centres)
    faiss().omp_set_num_threads(threads)
    found = np.empty(len(codes), dtype=np.int64)
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        found[rows] = quantiser.search(steps(codes[rows]), 1)[1][:, 0]
    return found


def flat(centres: NDArray[np.float32]) -> Any:
    """Index centres exactly, by inner product."""
    quantiser = faiss().IndexFlatIP(centres.shape[1])
    quantiser.add(np.ascontiguousarray(centres))
    return quantiser


def _cells(count: int, exact_up_to: int) -> int:
    if count <= exact_up_to:
        return ONE_CELL
    return max(2, round(_CELLS_PER_ROOT * math.sqrt(exact_up_to * _doubling(count, exact_up_to))))


def _doubling(count: int, exact_up_to: int) -> int:
    return 1 << max(0, (count // max(1, exact_up_to)).bit_length() - 1)
