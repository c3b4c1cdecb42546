"""Registered passages that share the rare words of an output's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.lexical_ragged import distinct, paired, parted, spans, starts_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints
    from attribution.lexical_stack import Stack

_ROWS_AT_ONCE = 64
_DEEPER = 4
_FINE = 1 << 20  # of a squared idf: whole numbers have the same sum in any order


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the search for candidates goes.

    A term counts where at most ``rare_term_owners`` owners hold it; terms and grams only where at
    most ``most_postings`` passages do. For one passage of an output hashes are read from the
    rarest up, while they have at most ``most_read`` postings together. Of one work at most
    ``per_work`` passages are found.
    """

    rare_term_owners: int = 50
    most_postings: int = 2_000
    most_read: int = 10_000
    per_work: int = 4


def candidates(
    stack: Stack, prints: LexicalPrints, k: int, *, allowed: Callable[[int], bool], reach: Reach
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find up to k passages for each of the output's: rows and passage ids, best first.

    The score of a passage is the sum of log(1 + all owners / owners of the hash) squared over the
    rare hashes that both hold; ties go to the lower passage id.
    """
    asked: dict[int, bool] = {}

    def may(work_id: int) -> bool:
        if work_id not in asked:
            asked[work_id] = allowed(work_id)
        return asked[work_id]

    rows: list[int] = []
    found: list[int] = []
    for start in range(0, len(prints), _ROWS_AT_ONCE):
        some = np.arange(start, min(start + _ROWS_AT_ONCE, len(prints)))
        for row, scored in _scored(stack, prints.take(some), reach):
            best = scored.best(k, stack, may, reach.per_work)
            rows += [start + row] * len(best)
            found += best
    return np.array(rows, dtype=np.int64), np.array(found, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Passages that share something with one of the output's, by segment and ordinal."""

    segments: NDArray[np.int64]
    ordinals: NDArray[np.int64]
    scores: NDArray[np.int64]

    def best(self, k: int, stack: Stack, may: Callable[[int], bool], per_work: int) -> list[int]:
        """List the ids of the k best that may be taken; looks no deeper than it must."""
        depth = 2 * _DEEPER * k
        while True:
            found: list[int] = []
            taken = Counter[int]()
            for passage_id, work_id in self._top(depth, stack):
                if taken[work_id] < per_work and may(work_id):
                    taken[work_id] += 1
                    found.append(passage_id)
                    if len(found) == k:
                        return found
            if depth >= len(self.scores):
                return found
            depth *= _DEEPER

    def _top(self, depth: int, stack: Stack) -> Iterator[tuple[int, int]]:
        """Give passage and work of the best, in order; of equal ones at the end all or none."""
        top = np.arange(len(self.scores))
        if depth < len(top):
            last = len(top) - depth
            top = np.flatnonzero(self.scores >= np.partition(self.scores, last)[last])
        ids, works = np.empty(len(top), dtype=np.int64), np.empty(len(top), dtype=np.int64)
        for number, segment in enumerate(stack.segments):
            own = np.flatnonzero(self.segments[top] == number)
            ordinals = self.ordinals[top[own]]
            ids[own], works[own] = segment.ids_at(ordinals), segment.works_at(ordinals)
        order = np.lexsort((ids, -self.scores[top]))
        return zip(ids[order].tolist(), works[order].tolist(), strict=True)


def _scored(stack: Stack, prints: LexicalPrints, reach: Reach) -> Iterator[tuple[int, _Scored]]:
    """Add up, for each passage of the output that has any, what shares rare hashes with it."""
    rows, hashes, weights = _rare(stack, prints, reach)
    keys, added = [], []
    first, starts = 0, []
    for segment in stack.segments:
        _, begin, number = segment.postings_of(hashes)
        ordinals = segment.columns.postings[spans(begin, number)].astype(np.int64)
        key = paired(np.repeat(rows, number), ordinals + first)
        weight = np.repeat(weights, number)
        if len(segment.dead):
            alive = ~segment.is_dead(ordinals)
            key, weight = key[alive], weight[alive]
        keys.append(key)
        added.append(weight)
        starts.append(first)
        first += len(segment.columns.ids)
    if not keys:
        return
    key = np.concatenate(keys)
    order = np.argsort(key)
    key = key[order]
    heads = np.flatnonzero(starts_in(key))
    if not len(heads):
        return
    scores = np.add.reduceat(np.concatenate(added)[order], heads)
    of_row, places = parted(key[heads])
    segments = np.searchsorted(np.array(starts), places, side="right") - 1
    ordinals = places - np.array(starts)[segments]
    bounds = [*np.flatnonzero(starts_in(of_row)).tolist(), len(of_row)]
    for low, high in pairwise(bounds):
        yield int(of_row[low]), _Scored(segments[low:high], ordinals[low:high], scores[low:high])


def _rare(
    stack: Stack, prints: LexicalPrints, reach: Reach
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    """Choose what is read for each passage of the output: rows, hashes and their weights."""
    passages = np.arange(len(prints))
    names, at = np.unique(np.concatenate([prints.terms, prints.grams]), return_inverse=True)
    rows = np.concatenate(
        [
            np.repeat(passages, np.diff(prints.term_offsets)),
            np.repeat(passages, np.diff(prints.gram_offsets)),
        ]
    )
    counts = stack.counts(names)
    known = (counts.passages > 0) & (counts.passages <= reach.most_postings)
    wanted = known[at]
    wanted[: len(prints.terms)] &= (counts.owners <= reach.rare_term_owners)[
        at[: len(prints.terms)]
    ]
    rows, at = parted(distinct(paired(rows[wanted], at[wanted])))
    order = np.lexsort((at, counts.passages[at], rows))
    rows, at = rows[order], at[order]
    read = np.cumsum(counts.passages[at])
    heads = np.flatnonzero(starts_in(rows))
    before = np.repeat(np.append(0, read)[heads], np.diff(np.append(heads, len(rows))))
    within = read - before <= reach.most_read
    rows, at = rows[within], at[within]
    idf = np.log1p(stack.owner_count / np.maximum(counts.owners, 1))
    weights = np.rint(idf * idf * _FINE).astype(np.int64)
    return rows, names[at], weights[at]
