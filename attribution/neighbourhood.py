"""What the passages before and after say: a text is taken over in runs, and mostly in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.lexical_index import LexicalIndex
    from attribution.passage_index import PassageIndex

STEPS = (-2, -1, 1, 2)
_AROUND_UNKNOWN = 0.3
_IN_ORDER_FROM_COSINE = 0.4
_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """Pairs of a row and a work, c of them by row, then by work, and the outputs' n rows."""

    rows: NDArray[np.int64]
    work_ids: NDArray[np.int64]
    passage_ids: NDArray[np.int64]
    output_of: NDArray[np.int64]

    def exists(self, step: int) -> NDArray[np.bool_]:
        """Whether the row ``step`` further belongs to the same output, for each pair."""
        return _same(self.output_of, self.rows, step)

    def pair_at(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the pair of the same work ``step`` rows further: its place and whether there is."""
        if not len(self.rows):
            return self.rows, np.zeros(0, dtype=np.bool_)
        works, number = np.unique(self.work_ids, return_inverse=True)
        keys = self.rows * len(works) + number
        wanted = keys + step * len(works)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return place, (keys[place] == wanted) & self.exists(step)

    def of_same_works(self, some: NDArray[np.bool_]) -> NDArray[np.int64]:
        """List the pairs of a work that ``some`` pair of the same output is of, rising."""
        works, number = np.unique(self.work_ids, return_inverse=True)
        keys = self.output_of[self.rows] * len(works) + number
        return np.flatnonzero(np.isin(keys, keys[some]))

    def at(self, places: NDArray[np.int64]) -> Neighbourhood:
        """Take some of the pairs, rising."""
        rows, works, ids = (each[places] for each in (self.rows, self.work_ids, self.passage_ids))
        return Neighbourhood(rows, works, ids, self.output_of)

    def around(
        self,
        vectors: NDArray[np.float32],
        cosines: NDArray[np.float64],
        index: PassageIndex,
        lexicon: LexicalIndex,
    ) -> dict[str, NDArray[np.float64]]:
        """Compare with the passages around the source: sharpness and window, float64[c] each.

        Passages of a work have consecutive ids; where they have not, the text is taken to end.
        """
        window_of_row = _windows(vectors, self.output_of)
        sharpness = np.empty(len(self.rows), dtype=np.float64)
        window = np.empty(len(self.rows), dtype=np.float64)
        for start in range(0, len(self.rows), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            sources, number = np.unique(self.passage_ids[part], return_inverse=True)
            nearby = _Nearby(sources, self.work_ids[part], number, index, lexicon)
            rows = self.rows[part]
            sharpness[part] = cosines[part] - nearby.mean_cosine(vectors[rows])
            window[part] = np.einsum("ij,ij->i", window_of_row[rows], nearby.window()[number])
        return {"sharpness": sharpness, "window": window}


class _Nearby:
    """The passages up to two before and after each of m source passages."""

    def __init__(
        self,
        sources: NDArray[np.int64],
        work_ids: NDArray[np.int64],
        number: NDArray[np.int64],
        index: PassageIndex,
        lexicon: LexicalIndex,
    ) -> None:
        ids = sources[:, None] + np.array([-2, -1, 0, 1, 2])
        names, place = np.unique(ids, return_inverse=True)
        works = np.empty(len(sources), dtype=np.int64)
        works[number] = work_ids
        place = place.reshape(ids.shape)
        self._number = number
        self._same = lexicon.works_of(names)[place] == works[:, None]
        self._same[:, 2] = True
        self._vectors = index.vectors_of(names)
        self._place = place

    def mean_cosine(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        sums = np.zeros(len(vectors), dtype=np.float64)
        counts = np.zeros(len(vectors), dtype=np.int64)
        for at in (0, 1, 3, 4):
            same = self._same[self._number, at]
            others = self._vectors[self._place[self._number, at]]
            sums += np.where(same, np.einsum("ij,ij->i", vectors, others), 0.0)
            counts += same
        return np.where(counts > 0, sums / np.maximum(counts, 1), _AROUND_UNKNOWN)

    def window(self) -> NDArray[np.float32]:
        whole = self._vectors[self._place[:, 2]].copy()
        for at in (1, 3):
            whole += np.where(self._same[:, at, None], self._vectors[self._place[:, at]], 0)
        return _unit(whole)


def beside(
    area: Neighbourhood, columns: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Give what up to two passages before and after in the output say of the same work."""
    places = {step: area.pair_at(step) for step in STEPS}
    exists = {step: area.exists(step) for step in STEPS}
    count = np.maximum(sum(there.astype(np.int64) for there in exists.values()), 1)

    def of(name: str, step: int) -> NDArray[np.float64]:
        place, there = places[step]
        return np.where(there, columns[name][place], 0.0)

    before, after = of("cosine", -1), of("cosine", 1)
    least = np.where(exists[-1] & exists[1], np.minimum(before, after), before + after)
    return {
        "beside_cosine": np.maximum(before, after),
        "beside_least_cosine": least,
        "beside_terms": np.maximum(of("terms", -1), of("terms", 1)),
        "beside_grams": np.maximum(of("grams_of_work", -1), of("grams_of_work", 1)),
        "further_cosine": np.maximum(of("cosine", -2), of("cosine", 2)),
        "beside_best": sum(of("is_best", step) for step in STEPS) / count,
        "in_order": sum(_in_order(area, columns, places[step], step) for step in STEPS) / count,
    }


def _in_order(
    area: Neighbourhood,
    columns: Mapping[str, NDArray[np.float64]],
    place_of: tuple[NDArray[np.int64], NDArray[np.bool_]],
    step: int,
) -> NDArray[np.float64]:
    """Whether the row ``step`` further has its source as far along in the work, at most 2 off."""
    place, there = place_of
    ahead = (area.passage_ids[place] - area.passage_ids) * (1 if step > 0 else -1)
    close = (ahead >= 0) & (ahead <= 2 + abs(step))
    return np.asarray(
        (there & close & (columns["cosine"][place] > _IN_ORDER_FROM_COSINE)).astype(np.float64)
    )


def _same(owner: NDArray[np.int64], rows: NDArray[np.int64], step: int) -> NDArray[np.bool_]:
    there = rows + step
    inside = (there >= 0) & (there < len(owner))
    return np.asarray(inside & (owner[np.clip(there, 0, len(owner) - 1)] == owner[rows]))


def _windows(vectors: NDArray[np.float32], owner: NDArray[np.int64]) -> NDArray[np.float32]:
    whole = vectors.copy()
    rows = np.arange(len(vectors))
    for step in (-1, 1):
        same = _same(owner, rows, step)
        whole[same] += vectors[rows[same] + step]
    return _unit(whole)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-9)))
