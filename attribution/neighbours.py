"""The registered passages that may be the source of those of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.passage_index import NO_PASSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.catalogue import Catalogue, PassageRef
    from attribution.lexical import LexicalPrints
    from attribution.lexical_index import LexicalIndex
    from attribution.passage_index import PassageIndex

NEAREST = 8
SHARING_WORDS = 12
_OPEN_FROM_COSINE = 0.45
_HITS_AT_ONCE = 4_000_000  # bounds the memory of a deep search to about 50 MB


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """A passage of an output and a registered one, c times; rising by row, then by passage id.

    ``rows``, ``passage_ids``, ``work_ids``: int64[c]. A passage found to be taken from an earlier
    work when it was registered stands here as the passage it was taken from. ``refs`` knows every
    passage named.
    """

    rows: NDArray[np.int64]
    passage_ids: NDArray[np.int64]
    work_ids: NDArray[np.int64]
    refs: dict[int, PassageRef]


def pairs_of(
    vectors: NDArray[np.float32],
    lexical: LexicalPrints,
    *,
    index: PassageIndex,
    lexicon: LexicalIndex,
    catalogue: Catalogue,
    allowed: Callable[[int], bool],
) -> Pairs:
    """Pair each row of float32[n, dim] with its 8 nearest passages and up to 12 that share words.

    Only passages of works for which ``allowed(work_id)`` holds; where others crowd them out the
    search goes deeper, up to the whole index. An index ahead of its catalogue names strangers,
    which are left out.
    """
    refs: dict[int, PassageRef] = {}
    near_rows, near_ids = _near(vectors, index, catalogue, allowed, refs)
    word_rows, word_ids = lexicon.candidates(lexical, SHARING_WORDS, allowed=allowed)
    _locate(word_ids, catalogue, refs)
    rows = np.concatenate([near_rows, word_rows])
    ids = np.concatenate([near_ids, word_ids])
    return _distinct(rows, *_resolved(ids, catalogue, allowed, refs), refs)


def _distinct(
    rows: NDArray[np.int64],
    ids: NDArray[np.int64],
    works: NDArray[np.int64],
    refs: dict[int, PassageRef],
) -> Pairs:
    known = works != NO_PASSAGE
    rows, ids, works = rows[known], ids[known], works[known]
    order = np.lexsort((ids, rows))
    rows, ids, works = rows[order], ids[order], works[order]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (ids[1:] != ids[:-1])
    return Pairs(rows[first], ids[first], works[first], refs)


def _resolved(
    ids: NDArray[np.int64],
    catalogue: Catalogue,
    allowed: Callable[[int], bool],
    refs: dict[int, PassageRef],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put origins in the place of what was taken from them; the work is -1 for what may not be."""
    names, inverse = np.unique(ids, return_inverse=True)
    taken = [
        (at, ref.origin)
        for at, ref in enumerate(map(refs.get, names.tolist()))
        if ref is not None and ref.origin is not None
    ]
    _locate(np.array([origin for _, origin in taken], np.int64), catalogue, refs)
    to_ids, to_works = names.copy(), _works_of(names, refs)
    for at, name in taken:
        origin = refs.get(name)
        if origin is not None and allowed(origin.work_id):
            to_ids[at], to_works[at] = origin.passage_id, origin.work_id
    to_works[~_are_allowed(to_works, allowed)] = NO_PASSAGE
    return to_ids[inverse], to_works[inverse]


def _near(
    vectors: NDArray[np.float32],
    index: PassageIndex,
    catalogue: Catalogue,
    allowed: Callable[[int], bool],
    refs: dict[int, PassageRef],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search, and again twice as deep in rows where those that may not crowd out those that may."""
    found_rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    found_ids: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    rows = np.arange(len(vectors), dtype=np.int64)
    size, k = len(index), min(NEAREST, len(index))
    while len(rows) and size:
        still_open: list[NDArray[np.int64]] = []
        for start in range(0, len(rows), max(1, _HITS_AT_ONCE // k)):
            some = rows[start : start + max(1, _HITS_AT_ONCE // k)]
            scores, ids = index.search(vectors[some], k)
            good = _may(ids, catalogue, allowed, refs)
            enough = np.cumsum(good, axis=1) <= NEAREST
            crowded = (good.sum(axis=1) < NEAREST) & (scores[:, -1] >= _OPEN_FROM_COSINE)
            is_open = crowded & (ids[:, -1] != NO_PASSAGE) & (k < size)
            at, place = np.nonzero(good & enough & ~is_open[:, None])
            found_rows.append(some[at])
            found_ids.append(ids[at, place])
            still_open.append(some[is_open])
        rows, k = np.concatenate(still_open), min(2 * k, size)
    return np.concatenate(found_rows), np.concatenate(found_ids)


def _may(
    ids: NDArray[np.int64],
    catalogue: Catalogue,
    allowed: Callable[[int], bool],
    refs: dict[int, PassageRef],
) -> NDArray[np.bool_]:
    names, inverse = np.unique(ids, return_inverse=True)
    _locate(names, catalogue, refs)
    return _are_allowed(_works_of(names, refs), allowed)[inverse].reshape(ids.shape)


def _works_of(names: NDArray[np.int64], refs: dict[int, PassageRef]) -> NDArray[np.int64]:
    """Give the works of passages, -1 for strangers."""
    found = map(refs.get, names.tolist())
    works = (NO_PASSAGE if ref is None else ref.work_id for ref in found)
    return np.fromiter(works, np.int64, len(names))


def _are_allowed(works: NDArray[np.int64], allowed: Callable[[int], bool]) -> NDArray[np.bool_]:
    """Ask about each work once; none at all, -1, is not allowed."""
    names, inverse = np.unique(works, return_inverse=True)
    may = [name != NO_PASSAGE and allowed(name) for name in names.tolist()]
    return np.array(may, dtype=np.bool_)[inverse]


def _locate(ids: NDArray[np.int64], catalogue: Catalogue, refs: dict[int, PassageRef]) -> None:
    unknown = [name for name in np.unique(ids).tolist() if name != NO_PASSAGE and name not in refs]
    if unknown:
        refs.update(catalogue.locate(np.array(unknown, dtype=np.int64)))
