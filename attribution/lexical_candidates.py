"""Registered passages that share the rare words of an output's."""

from __future__ import annotations

from dataclasses import dataclass
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
_SCORE_BITS = 56  # above them there is room for a row
_MOST_SCORE = (1 << _SCORE_BITS) - 1


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

    def may(work_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        works = work_ids.tolist()
        asked.update((work, allowed(work)) for work in works if work not in asked)
        return np.array([asked[work] for work in works], dtype=np.bool_)

    rows = [np.zeros(0, dtype=np.int64)]
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(prints), _ROWS_AT_ONCE):
        some = np.arange(start, min(start + _ROWS_AT_ONCE, len(prints)))
        for of_row, best in _scored(stack, prints.take(some), reach).best(k, stack, may, reach):
            rows.append(start + of_row)
            found.append(best)
    return _by_row(np.concatenate(rows), np.concatenate(found))


def _by_row(
    rows: NDArray[np.int64], found: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put rows in order; within a row everything stays in its own."""
    order = np.argsort(rows, kind="stable")
    return rows[order], found[order]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Passages that share something with some of the output's: c of them, by row.

    ``rows`` int64[c] rising; which passage, by segment and ordinal; ``keys`` int64[c]: they rise
    with the row and, within it, with falling score.
    """

    rows: NDArray[np.int64]
    segments: NDArray[np.int64]
    ordinals: NDArray[np.int64]
    keys: NDArray[np.int64]

    def best(
        self,
        k: int,
        stack: Stack,
        may: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
        reach: Reach,
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give rows and ids of the k best of each row that may be taken, best first.

        It looks no deeper than it must; a row comes in one piece, rows in no order.
        """
        left, depth = self, 2 * _DEEPER * k
        while len(left.rows):
            rows, ids, works = left._top(depth, stack)
            names, number = np.unique(works, return_inverse=True)
            at = np.flatnonzero(may(names)[number])
            at = at[_rank_in(rows[at] * len(names) + number[at]) < reach.per_work]
            at = at[_rank_in(rows[at]) < k]
            sizes = np.bincount(left.rows, minlength=_ROWS_AT_ONCE)
            got = np.bincount(rows[at], minlength=_ROWS_AT_ONCE)
            is_done = (got == k) | (sizes <= depth)
            at = at[is_done[rows[at]]]
            yield rows[at], ids[at]
            left, depth = left._at(np.flatnonzero(~is_done[left.rows])), depth * _DEEPER

    def _at(self, places: NDArray[np.int64]) -> _Scored:
        each = (self.rows, self.segments, self.ordinals, self.keys)
        return _Scored(*(column[places] for column in each))

    def _top(
        self, depth: int, stack: Stack
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give row, passage and work of the best, in order; of equal ones at the end all."""
        heads = np.flatnonzero(starts_in(self.rows))
        sizes = np.diff(np.append(heads, len(self.rows)))
        least = np.sort(self.keys)[heads + np.minimum(sizes, depth) - 1]
        top = self._at(np.flatnonzero(self.keys <= np.repeat(least, sizes)))
        ids, works = np.empty(len(top.rows), np.int64), np.empty(len(top.rows), np.int64)
        for number, segment in enumerate(stack.segments):
            own = np.flatnonzero(top.segments == number)
            ids[own] = segment.ids_at(top.ordinals[own])
            works[own] = segment.works_at(top.ordinals[own])
        order = np.lexsort((ids, top.keys))
        return top.rows[order], ids[order], works[order]


def _rank_in(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the members of each group from 0, in the order they stand in."""
    order = np.argsort(groups, kind="stable")
    heads = np.flatnonzero(starts_in(groups[order]))
    ranks = np.empty(len(groups), dtype=np.int64)
    before = np.repeat(heads, np.diff(np.append(heads, len(groups))))
    ranks[order] = np.arange(len(groups)) - before
    return ranks


def _scored(stack: Stack, prints: LexicalPrints, reach: Reach) -> _Scored:
    """Add up, for each passage of the output, what shares rare hashes with it."""
    names, rows, at, weights = _rare(stack, prints, reach)
    keys, added = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    first, starts = 0, [0]
    for segment in stack.segments:
        _, begin, number = segment.postings_of(names)
        begin, number = begin[at], number[at]
        ordinals = segment.columns.postings[spans(begin, number)].astype(np.int64)
        key = paired(np.repeat(rows, number), ordinals + first)
        weight = np.repeat(weights[at], number)
        if len(segment.dead):
            alive = ~segment.is_dead(ordinals)
            key, weight = key[alive], weight[alive]
        keys.append(key)
        added.append(weight)
        first += len(segment.columns.ids)
        starts.append(first)
    key = np.concatenate(keys)
    order = np.argsort(key)
    key = key[order]
    heads = np.flatnonzero(starts_in(key))
    of_row, places = parted(key[heads])
    scores = np.add.reduceat(np.concatenate(added)[order], heads) if len(heads) else of_row
    assert scores.max(initial=0) <= _MOST_SCORE
    by_score = (of_row << _SCORE_BITS) | (_MOST_SCORE - scores)
    segments = np.searchsorted(np.array(starts), places, side="right") - 1
    return _Scored(of_row, segments, places - np.array(starts)[segments], by_score)


def _rare(
    stack: Stack, prints: LexicalPrints, reach: Reach
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Choose what is read for each passage of the output.

    Hashes, rising; rows, and which of the hashes for each; the weights of hashes.
    """
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
    return names, rows, at, weights
