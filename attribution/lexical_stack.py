"""All segments of the lexical index at one moment, and what can be asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution.lexical import LexicalPrints
from attribution.lexical_index import UNKNOWN
from attribution.lexical_ragged import found_in, offsets_of, spans
from attribution.lexical_segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class Counts(NamedTuple):
    """How many passages, owners and works hold each hash, int64[h] each."""

    passages: NDArray[np.int64]
    owners: NDArray[np.int64]
    works: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Corrections:
    """What the sums over segments say too much or too little, by hash, rising: to be added."""

    hashes: NDArray[np.uint64]
    counts: Counts

    def plus(self, hashes: NDArray[np.uint64], counts: Counts) -> Corrections:
        """Add further ones; a hash may come often."""
        names, at = np.unique(np.concatenate([self.hashes, hashes]), return_inverse=True)
        sums = [np.zeros(len(names), dtype=np.int64) for _ in counts]
        for total, old, new in zip(sums, self.counts, counts, strict=True):
            np.add.at(total, at, np.concatenate([old, new]))
        kept = (sums[0] != 0) | (sums[1] != 0) | (sums[2] != 0)
        return Corrections(names[kept], Counts(*(total[kept] for total in sums)))

    def at(self, hashes: NDArray[np.uint64]) -> Counts:
        """Give those of some hashes, 0 where there is none."""
        at, known = found_in(self.hashes, hashes)
        if not len(self.hashes):
            return Counts(*(np.zeros(len(hashes), dtype=np.int64) for _ in self.counts))
        return Counts(*(np.where(known, each[at], 0) for each in self.counts))


_NONE = np.zeros(0, dtype=np.int64)
NO_CORRECTIONS = Corrections(np.zeros(0, dtype=np.uint64), Counts(_NONE, _NONE, _NONE))


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Segments of which none holds a living passage of another.

    Each segment stands for the owners and works of a hash that no segment knew when it came, so
    that counts over all segments are sums; what was removed or changed its owner since is in
    ``corrections``. ``owner_change``: the last change of owners taken in.
    """

    segments: tuple[Segment, ...] = ()
    corrections: Corrections = NO_CORRECTIONS
    owner_count: int = 0
    work_count: int = 0
    owner_change: int = 0

    def __len__(self) -> int:
        return sum(len(segment) for segment in self.segments)

    def counts(self, hashes: NDArray[np.uint64]) -> Counts:
        """Count the passages, owners and works that hold each of uint64[h]."""
        names, back = np.unique(hashes.astype(np.uint64, copy=False), return_inverse=True)
        sums = self.corrections.at(names)
        for segment in self.segments:
            codes, _, passages = segment.postings_of(names)
            held = np.flatnonzero(passages)
            owners, works = segment.counts_at(codes[held])
            sums.passages[:] += passages
            sums.owners[held] += owners
            sums.works[held] += works
        return Counts(*(each[back] for each in sums))

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, in no order."""
        return np.concatenate(
            [np.zeros(0, np.int64), *(each.ids_at(each.live()) for each in self.segments)]
        )

    def holders_of(
        self,
        passage_ids: NDArray[np.int64],
        holders_at: Callable[[Segment, NDArray[np.int64]], NDArray[np.int64]],
    ) -> NDArray[np.int64]:
        """Ask the segments that hold some passages for the owners or works of them."""
        holders = np.full(len(passage_ids), UNKNOWN, dtype=np.int64)
        for segment in self.segments:
            ordinals, here = segment.locate(passage_ids)
            holders[here] = holders_at(segment, ordinals[here])
        return holders

    def prints_of(self, passage_ids: NDArray[np.int64]) -> LexicalPrints:
        """Give the words of passages, in this order; an unknown id has none."""
        rows, parts = [], []
        for segment in self.segments:
            ordinals, here = segment.locate(passage_ids)
            if here.any():
                rows.append(np.flatnonzero(here))
                parts.append(_prints_at(segment, ordinals[here]))
        missing = np.ones(len(passage_ids), dtype=np.bool_)
        for part in rows:
            missing[part] = False
        rows.append(np.flatnonzero(missing))
        parts.append(_empty_prints(int(missing.sum())))
        order = np.argsort(np.concatenate(rows))
        return LexicalPrints.joined(parts).take(order)


def _prints_at(segment: Segment, ordinals: NDArray[np.int64]) -> LexicalPrints:
    columns = segment.columns
    at_terms, term_lengths = _rows(columns.term_offsets, ordinals)
    at_grams, gram_lengths = _rows(columns.gram_offsets, ordinals)
    return LexicalPrints(
        offsets_of(term_lengths),
        columns.hashes[columns.term_codes[at_terms]],
        columns.term_counts[at_terms].astype(np.uint16),
        offsets_of(gram_lengths),
        columns.hashes[columns.gram_codes[at_grams]],
    )


def _rows(
    offsets: NDArray[Any], ordinals: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts = offsets[ordinals].astype(np.int64)
    lengths = offsets[ordinals + 1].astype(np.int64) - starts
    return spans(starts, lengths), lengths


def _empty_prints(count: int) -> LexicalPrints:
    offsets = np.zeros(count + 1, dtype=np.int64)
    nothing = np.zeros(0, dtype=np.uint64)
    return LexicalPrints(offsets, nothing, np.zeros(0, np.uint16), offsets, nothing)
