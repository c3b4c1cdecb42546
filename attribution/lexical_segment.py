"""One immutable sorted part of the lexical index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.lexical_columns import Columns
from attribution.lexical_ownership import Ownership, ownership_of
from attribution.lexical_ragged import (
    distinct,
    first_not_below,
    found_in,
    narrow,
    offsets_of,
    paired,
    parted,
    spans,
    starts_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints

_MARK = np.iinfo(np.uint8).max
_NO_ORDINAL = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Columns, and what became of them: ``dead``, the ordinals removed, uint32, rising.

    ``ownership``: whose the runs are now. ``path``: the file that the columns are mapped from, None
    where they are in memory.
    """

    columns: Columns
    dead: NDArray[np.uint32]
    ownership: Ownership
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.columns.ids) - len(self.dead)

    def locate(self, passage_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give the ordinals of passages int64[m], and which of them are here and not removed."""
        at, known = found_in(self.columns.ids, passage_ids)
        if not len(self.columns.ids):
            return at, known
        ordinals = self.columns.ordinals[at].astype(np.int64)
        return ordinals, known & ~self.is_dead(ordinals)

    def is_dead(self, ordinals: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which ordinals were removed."""
        return found_in(self.dead, ordinals)[1]

    def without(self, ordinals: NDArray[np.int64]) -> Segment:
        """Remove passages, which are here."""
        dead = np.union1d(self.dead, ordinals.astype(np.uint32))
        return replace(self, dead=dead)

    def given(self, runs: NDArray[np.int64], owners: NDArray[np.int64]) -> Segment:
        """Give runs to owners; the columns stay as they are."""
        of_runs = np.array(self.ownership.of_runs)
        of_runs[runs] = owners
        return replace(self, ownership=ownership_of(of_runs, self.columns.run_starts))

    def ids_at(self, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the passage ids of ordinals."""
        return np.asarray(self.columns.ids[self.columns.ranks[ordinals]])

    def works_at(self, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the works of ordinals."""
        return np.asarray(self.columns.run_works[self.columns.runs[ordinals]])

    def owners_at(self, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the owners of ordinals."""
        return np.asarray(self.ownership.of_runs[self.columns.runs[ordinals]])

    def live(self) -> NDArray[np.int64]:
        """List the ordinals that were not removed."""
        kept = np.ones(len(self.columns.ids), dtype=np.bool_)
        kept[self.dead] = False
        return np.flatnonzero(kept)

    def postings_of(
        self, hashes: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give code, start and number of postings of each hash, 0 where it is not held at all.

        What was removed is still among them.
        """
        codes, held = found_in(self.columns.hashes, hashes)
        if not len(self.columns.hashes):
            return codes, np.zeros(len(hashes), np.int64), np.zeros(len(hashes), np.int64)
        starts = self.columns.posting_offsets[codes].astype(np.int64)
        ends = self.columns.posting_offsets[codes + 1].astype(np.int64)
        return codes, starts, np.where(held, ends - starts, 0)

    def counts_at(self, codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give how many owners and how many works this segment stands for, of each code."""
        owners = self.columns.owners[codes].astype(np.int64)
        works = self.columns.holders[codes].astype(np.int64)
        large = np.flatnonzero(owners == _MARK)
        at, _ = found_in(self.columns.many, codes[large])
        owners[large] = self.columns.many_owners[at]
        works[large] = self.columns.many_holders[at]
        return owners, works

    def hashes_held(
        self, ordinals: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Give what the passages hold: rows of ``ordinals``, and hashes, each once in a row."""
        columns = self.columns
        keys = []
        for offsets, codes in (
            (columns.term_offsets, columns.term_codes),
            (columns.gram_offsets, columns.gram_codes),
        ):
            starts = offsets[ordinals].astype(np.int64)
            lengths = offsets[ordinals + 1].astype(np.int64) - starts
            rows = np.repeat(np.arange(len(ordinals)), lengths)
            keys.append(paired(rows, codes[spans(starts, lengths)]))
        rows, codes_held = parted(distinct(np.concatenate(keys)))
        return rows, np.asarray(columns.hashes[codes_held])

    def owner_ranges(
        self, owners: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the ordinals [low, high) of owners: places in ``owners``, rising, low and high."""
        return self.ownership.ranges(owners)

    def work_ranges(
        self, works: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the same of works; one has a range for each owner it was written with."""
        here, runs = self.runs_of(works)
        starts = self.columns.run_starts
        return here, starts[runs].astype(np.int64), starts[runs + 1].astype(np.int64)

    def runs_of(self, works: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the runs of works: places in ``works``, rising, and runs."""
        first = np.searchsorted(self.columns.works, works)
        lengths = np.searchsorted(self.columns.works, works, side="right") - first
        runs = self.columns.work_runs[spans(first, lengths)].astype(np.int64)
        return np.repeat(np.arange(len(works)), lengths), runs

    def live_in(self, runs: NDArray[np.int64]) -> NDArray[np.int64]:
        """List the ordinals of runs that were not removed."""
        starts = self.columns.run_starts[runs].astype(np.int64)
        ordinals = spans(starts, self.columns.run_starts[runs + 1].astype(np.int64) - starts)
        return ordinals[~self.is_dead(ordinals)]

    def any_live(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for ranges of ordinals whether something there was not removed."""
        return high - low > self._dead_between(low, high)

    def any_holds(
        self, hashes: NDArray[np.uint64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell for each hash whether a passage of its range of ordinals holds it, not removed."""
        _, starts, lengths = self.postings_of(hashes)
        ends = starts + lengths
        first = first_not_below(self.columns.postings, starts, ends, low)
        number = first_not_below(self.columns.postings, first, ends, high) - first
        unsure = np.flatnonzero((number > 0) & (number <= self._dead_between(low, high)))
        if len(unsure):
            held = self.columns.postings[spans(first[unsure], number[unsure])]
            rows = np.repeat(np.arange(len(unsure)), number[unsure])
            alive = np.bincount(rows[~self.is_dead(held)], minlength=len(unsure))
            number[unsure] = alive
        return np.asarray(number > 0)

    def _dead_between(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        ends = np.searchsorted(self.dead, high.astype(np.uint32))
        return np.asarray(ends - np.searchsorted(self.dead, low.astype(np.uint32)))


def segment_of(
    passage_ids: NDArray[np.int64],
    work_ids: NDArray[np.int64],
    owner_ids: NDArray[np.int64],
    prints: LexicalPrints,
) -> Segment:
    """Sort passages with distinct ids into a segment that stands for no owner and no work yet."""
    order = np.lexsort((passage_ids, work_ids, owner_ids))
    prints = prints.take(order)
    held, codes = np.unique(np.concatenate([prints.terms, prints.grams]), return_inverse=True)
    rows = np.concatenate(
        [
            np.repeat(np.arange(len(order)), np.diff(offsets))
            for offsets in (prints.term_offsets, prints.gram_offsets)
        ]
    )
    posted, postings = parted(distinct(paired(codes, rows)))
    codes = codes.astype(np.uint32)
    zeros = np.zeros(len(held), dtype=np.uint8)
    columns = Columns(
        **passage_columns(passage_ids[order], work_ids[order], owner_ids[order]),
        term_offsets=narrow(prints.term_offsets, len(codes)),
        term_codes=codes[: len(prints.terms)],
        term_counts=narrow(prints.counts, int(prints.counts.max(initial=0))),
        gram_offsets=narrow(prints.gram_offsets, len(codes)),
        gram_codes=codes[len(prints.terms) :],
        hashes=held,
        posting_offsets=narrow(offsets_of(np.bincount(posted, minlength=len(held))), len(postings)),
        postings=postings.astype(np.uint32),
        owners=zeros,
        holders=zeros,
        many=_NO_ORDINAL,
        many_owners=_NO_ORDINAL,
        many_holders=_NO_ORDINAL,
    )
    return segment_over(columns)


def segment_over(columns: Columns) -> Segment:
    """Make a segment of columns as they were written: all there, and all with their owners."""
    return Segment(columns, _NO_ORDINAL, ownership_of(columns.run_owners, columns.run_starts))


def passage_columns(
    ids: NDArray[np.int64], works: NDArray[np.int64], owners: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Make the columns that say which passage and whose, of passages in order of ordinals."""
    ordinals = np.argsort(ids).astype(np.uint32)
    ranks = np.empty_like(ordinals)
    ranks[ordinals] = np.arange(len(ids), dtype=np.uint32)
    new = starts_in(works) | starts_in(owners)
    starts = np.flatnonzero(new)
    work_runs = np.argsort(works[starts], kind="stable")
    return {
        "ids": ids[ordinals],
        "ordinals": ordinals,
        "ranks": ranks,
        "runs": (np.cumsum(new) - 1).astype(np.uint32),
        "run_starts": np.append(starts, len(ids)).astype(np.uint32),
        "run_owners": owners[starts],
        "run_works": works[starts],
        "works": works[starts][work_runs],
        "work_runs": work_runs.astype(np.uint32),
    }


def count_columns(
    owners: NDArray[np.int64], works: NDArray[np.int64], *, first_code: int = 0
) -> dict[str, NDArray[Any]]:
    """Make the columns that say how many owners and works a segment stands for, code by code."""
    large = np.flatnonzero((owners >= _MARK) | (works >= _MARK))
    small_owners, small_works = owners.copy(), works.copy()
    small_owners[large] = small_works[large] = _MARK
    return {
        "owners": small_owners.astype(np.uint8),
        "holders": small_works.astype(np.uint8),
        "many": (large + first_code).astype(np.uint32),
        "many_owners": owners[large].astype(np.uint32),
        "many_holders": works[large].astype(np.uint32),
    }
