"""All passages an index holds at one moment: a large part, and what came and went since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from attribution.cells import ONE_CELL, cells_of, cells_wanted, learn_centres, learning_rows
from attribution.faiss_part import NOTHING, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FRESH_ANYWAY = 1_024
_FRESH_AT_MOST = 32_768
_CHOSEN_BESIDE = 8
_SCORED_AT_ONCE = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Never changed, so that who searches needs no lock: who adds or removes makes new ones.

    ``old`` may be mapped from a file and large; ``dead`` int64[m], rising, are the ranks of its
    passages that are removed; ``fresh`` is small and searched exactly. Up to ``exact_up_to``
    passages so is ``old``.
    """

    old: Part
    dead: NDArray[np.int64]
    fresh: Part
    exact_up_to: int
    threads: int

    @property
    def whole(self) -> bool:
        """Whether nothing came or went since the large part was built."""
        return not len(self.dead) and not len(self.fresh)

    def __len__(self) -> int:
        return len(self.old) - len(self.dead) + len(self.fresh)

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)]."""
        return np.concatenate([np.delete(self.old.ids, self.dead), self.fresh.ids])

    def with_passages(self, ids: NDArray[np.int64], codes: NDArray[np.uint8]) -> Holdings:
        """Add ids int64[n], each once, with codes uint8[n, dim]; an id known before moves."""
        rest = self.without(ids)
        kept = len(rest.fresh)
        all_ids = np.concatenate([rest.fresh.ids, ids])
        all_codes = np.empty((len(all_ids), codes.shape[1]), dtype=np.uint8)
        rest.fresh.copy_codes(all_codes[:kept])
        all_codes[kept:] = codes
        order = np.argsort(all_ids)
        return _tidied(replace(rest, fresh=Part.of(all_ids[order], all_codes[order])))

    def without(self, ids: NDArray[np.int64]) -> Holdings:
        """Remove ids int64[n]; unknown ones are no error."""
        in_old, in_fresh = self.old.ranks_of(ids), self.fresh.ranks_of(ids)
        fresh = self.fresh
        if (in_fresh >= 0).any():
            kept = np.delete(np.arange(len(fresh)), in_fresh[in_fresh >= 0])
            fresh = Part.of(fresh.ids[kept], fresh.codes_at(kept))
        dead = np.union1d(self.dead, in_old[in_old >= 0])
        return _tidied(replace(self, dead=dead, fresh=fresh))

    def as_one(self) -> Holdings:
        """Put everything into one part, with as many cells as so many passages should have."""
        ids, codes, cells = self._gathered()
        order = np.argsort(ids, kind="stable")
        if (order[:-1] > order[1:]).any():
            ids, codes, cells = ids[order], codes[order], cells[order]
        now = self.old.cell_count
        wanted = cells_wanted(len(ids), exact_up_to=self.exact_up_to, now=now)
        if wanted == now:
            centres = self.old.centres()
            unknown = cells < 0
            cells[unknown] = cells_of(codes[unknown], centres, threads=self.threads)
            old = Part.of(ids, codes, centres=centres, cells=cells)
        elif wanted == ONE_CELL:
            old = Part.of(ids, codes)
        else:
            first = codes[: learning_rows(len(ids), exact_up_to=self.exact_up_to)]
            centres = learn_centres(first, wanted, threads=self.threads)
            old = Part.of(ids, codes, centres=centres, threads=self.threads)
        return just(old, exact_up_to=self.exact_up_to, threads=self.threads)

    def search(
        self, coarse: NDArray[np.float32], fine: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k best of each query: fine scores float32[m, k] falling, ids int64[m, k].

        Coarse queries float32[m, dim], rounded as codes are, choose a few more than k, which the
        fine ones put in order; equal scores come in the order of their ids. Where too few are found
        the id is -1.
        """
        more = min(k + _CHOSEN_BESIDE, max(k, len(self)))
        scores, ids = self.old.search(coarse, more, dead=self.dead, threads=self.threads)
        if len(self.fresh):
            none_dead = np.empty(0, dtype=np.int64)
            beside = self.fresh.search(coarse, more, dead=none_dead, threads=self.threads)
            scores, ids = np.hstack([scores, beside[0]]), np.hstack([ids, beside[1]])
            scores, ids = _best(scores, ids, more)
        return _best(self._scored(fine, ids), ids, k)

    def steps_of(
        self, passage_ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Say which ids are known, bool[m]; what their codes stand for, float32[known, dim]."""
        ranks = self.old.ranks_of(passage_ids)
        in_old = (ranks >= 0) & ~np.isin(ranks, self.dead)
        fresh_ranks = self.fresh.ranks_of(passage_ids)
        in_fresh = fresh_ranks >= 0
        known = in_old | in_fresh
        if not in_fresh.any():
            return known, self.old.steps_at(ranks[in_old])
        numbers = np.empty((len(passage_ids), self.old.index.d), dtype=np.float32)
        numbers[in_old] = self.old.steps_at(ranks[in_old])
        numbers[in_fresh] = self.fresh.steps_at(fresh_ranks[in_fresh])
        return known, numbers[known]

    def _scored(self, fine: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compare each query with its candidates int64[m, c]: whole numbers, exact in float32."""
        scores = np.full(ids.shape, NOTHING, dtype=np.float32)
        at_once = max(1, _SCORED_AT_ONCE // max(1, ids.shape[1]))
        for start in range(0, len(ids), at_once):
            some = slice(start, start + at_once)
            known, numbers = self.steps_of(ids[some].ravel())
            query_of = np.repeat(np.arange(len(ids[some])), ids.shape[1])[known]
            found = np.einsum("nd,nd->n", numbers, fine[some][query_of])
            scores[some].reshape(-1)[known] = found
        return scores

    def _gathered(self) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Copy ids, codes and cells of all passages; -1 is the cell of fresh ones."""
        count = len(self.old)
        codes = np.empty((count + len(self.fresh), self.old.index.d), dtype=np.uint8)
        self.old.copy_codes(codes[:count])
        self.fresh.copy_codes(codes[count:])
        ids = np.concatenate([self.old.ids, self.fresh.ids])
        cells = np.concatenate([self.old.all_cells(), np.full(len(self.fresh), -1, dtype=np.int64)])
        if len(self.dead):
            living = np.delete(np.arange(len(ids)), self.dead)
            return ids[living], codes[living], cells[living]
        return ids, codes, cells


def just(old: Part, *, exact_up_to: int, threads: int) -> Holdings:
    """Hold one part and nothing else."""
    return Holdings(
        old=old,
        dead=np.empty(0, dtype=np.int64),
        fresh=nothing(old.index.d),
        exact_up_to=exact_up_to,
        threads=threads,
    )


def nothing(dimension: int) -> Part:
    """Make a part without passages."""
    return Part.of(np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.uint8))


def _best(
    scores: NDArray[np.float32], ids: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Sort each row, the greatest scores and of equal ones the least ids first, and keep k."""
    best = np.lexsort((ids, -scores), axis=-1)[:, :k]
    return np.take_along_axis(scores, best, -1), np.take_along_axis(ids, best, -1)


def _tidied(held: Holdings) -> Holdings:
    """Keep what came or went small beside the large part."""
    few = max(_FRESH_ANYWAY, min(len(held.old) // 4, _FRESH_AT_MOST))
    many_dead = len(held.dead) > max(_FRESH_ANYWAY, len(held.old) // 4)
    return held.as_one() if many_dead or len(held.fresh) > few else held
