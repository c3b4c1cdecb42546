"""What speaks for a work as the source of a passage, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.neighbourhood import Neighbourhood, beside
from attribution.overlap import overlap_of
from attribution.signs import worth_reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.catalogue import PassageRef
    from attribution.lexical import LexicalPrints
    from attribution.lexical_index import LexicalIndex
    from attribution.neighbours import Pairs
    from attribution.passage_index import PassageIndex

_WORDS_BESIDE_COSINE = 0.5
_TWIN_COSINE = 0.8
_TWIN_BEHIND = 0.25
_PAIRS_AT_ONCE = 1_024  # both vectors of each are copied: they should stay near the processor


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Each passage of the outputs beside each work that was near it: c pairs, by row, then by work.

    ``rows``, ``work_ids``, ``passage_ids`` (the best source passage): int64[c]; ``columns``:
    float64[c] by name. cosine: of the vectors; terms, grams, grams_of_work, rare_grams: as in
    ``Overlap``, the highest of the work's passages; over_*: how far above the best other work of
    the row; is_best: 1 where no other work looks likelier; sharpness: cosine above that to the
    passages around the source; window: cosine of the passages with those before and after them,
    both 0 for a work that no passage of the output is like enough to be judged; beside_*,
    beside_least_cosine, further_cosine, beside_best, in_order: what the passages before and after
    in the output say of the same work (``Neighbourhood``).
    """

    rows: NDArray[np.int64]
    work_ids: NDArray[np.int64]
    passage_ids: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    refs: Mapping[int, PassageRef]

    def __len__(self) -> int:
        return len(self.rows)


def likeness_of(
    vectors: NDArray[np.float32],
    lexical: LexicalPrints,
    output_of: NDArray[np.int64],
    pairs: Pairs,
    *,
    index: PassageIndex,
    lexicon: LexicalIndex,
) -> Likeness:
    """Compare every pair and bring the pairs of one row and work together.

    ``output_of``, int64[n], rising: which output a row belongs to; rows of one output follow one
    another in its order.
    """
    sources, source_of = np.unique(pairs.passage_ids, return_inverse=True)
    vectors, kept = index.turned(vectors), index.vectors_of(sources)
    cosines = _cosines(vectors, pairs.rows, kept, source_of)
    overlap = overlap_of(lexical, pairs, lexicon)
    looks = cosines + _WORDS_BESIDE_COSINE * overlap.terms
    stays = _without_twins(pairs, looks, kept, source_of)
    best, starts, order = _best_of_work(pairs, looks, stays)
    columns = {
        name: np.maximum.reduceat(column[order], starts) if len(starts) else column[:0]
        for name, column in (
            ("cosine", cosines),
            ("terms", overlap.terms),
            ("grams", overlap.grams),
            ("grams_of_work", overlap.grams_of_work),
            ("rare_grams", overlap.rare_grams),
        )
    }
    rows, works, ids = pairs.rows[best], pairs.work_ids[best], pairs.passage_ids[best]
    _add_margins(columns, rows)
    area = Neighbourhood(rows, works, ids, output_of)
    columns |= beside(area, columns)
    near = area.of_same_works(worth_reading(columns))
    around = area.at(near).around(vectors, columns["cosine"][near], index, lexicon)
    columns |= {name: _spread(column, near, len(rows)) for name, column in around.items()}
    return Likeness(rows, works, ids, columns, pairs.refs)


def _spread(
    column: NDArray[np.float64], places: NDArray[np.int64], length: int
) -> NDArray[np.float64]:
    whole = np.zeros(length)
    whole[places] = column
    return whole


def _cosines(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    sources: NDArray[np.float32],
    source_of: NDArray[np.int64],
) -> NDArray[np.float64]:
    cosines = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        cosines[part] = np.einsum("ij,ij->i", vectors[rows[part]], sources[source_of[part]])
    return cosines


def _best_of_work(
    pairs: Pairs, looks: NDArray[np.float64], stays: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the likeliest pair of each row and work, where its group starts, and the order."""
    some = np.flatnonzero(stays)
    order = some[np.lexsort((-looks[some], pairs.work_ids[some], pairs.rows[some]))]
    rows, works = pairs.rows[order], pairs.work_ids[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (works[1:] != works[:-1])
    starts = np.flatnonzero(new)
    return order[starts], starts, order


def _without_twins(
    pairs: Pairs,
    looks: NDArray[np.float64],
    kept: NDArray[np.float32],
    source_of: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Leave out of each row what says the same as a passage of an earlier work that fits as well.

    The earlier registration wins ties: a copy or a polish of a work takes nothing from it, and is
    no rival of it either.
    """
    stays = np.ones(len(looks), dtype=np.bool_)
    if not len(looks):
        return stays
    starts = np.flatnonzero(np.diff(pairs.rows, prepend=-1))
    ends = np.append(starts[1:], len(looks))
    best = np.maximum.reduceat(looks, starts)
    for start, end, top in zip(starts.tolist(), ends.tolist(), best.tolist(), strict=True):
        able = start + np.flatnonzero(looks[start:end] >= top - _TWIN_BEHIND)
        if len(able) > 1 and len(np.unique(pairs.work_ids[able])) > 1:
            stays[able[_twins(able, pairs, kept[source_of[able]])]] = False
    return stays


def _twins(
    able: NDArray[np.int64], pairs: Pairs, vectors: NDArray[np.float32]
) -> NDArray[np.bool_]:
    works = pairs.work_ids[able]
    alike = vectors @ vectors.T >= _TWIN_COSINE
    earlier = works[None, :] < works[:, None]
    return np.asarray((alike & earlier).any(axis=1))


def _add_margins(columns: dict[str, NDArray[np.float64]], rows: NDArray[np.int64]) -> None:
    """Add how far each is above the best other work of its row, and which is the row's best."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    looks = columns["cosine"] + _WORDS_BESIDE_COSINE * columns["terms"]
    if not len(rows):
        columns |= dict.fromkeys(("over_cosine", "over_terms", "over_grams", "is_best"), looks)
        return
    row_of = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
    for name in ("cosine", "terms", "grams"):
        column = columns[name]
        top = np.maximum.reduceat(column, starts)[row_of]
        at_top = column == top
        second = np.maximum.reduceat(np.where(at_top, 0.0, column), starts)[row_of]
        several = np.add.reduceat(at_top.astype(np.int64), starts)[row_of] > 1
        columns["over_" + name] = column - np.where(at_top & ~several, np.maximum(second, 0), top)
    columns["is_best"] = (looks == np.maximum.reduceat(looks, starts)[row_of]).astype(np.float64)
