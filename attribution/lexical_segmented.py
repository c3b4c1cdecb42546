"""The lexical index of this machine: segments on disk that all workers share, and what came since.

Log-structured as in O'Neil et al., "The log-structured merge-tree" (1996).
"""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Self

import numpy as np

from attribution import lexical_change, lexical_files
from attribution.lexical_candidates import Reach, candidates
from attribution.lexical_columns import MemorySink
from attribution.lexical_merge import merged
from attribution.lexical_segment import Segment
from attribution.lexical_stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints

_IN_MEMORY = 3
_SMALL = 256
_LARGER = 2  # times the size of what came after it: not merged with it


class SegmentedLexicalIndex:
    """Sorted segments of arrays; those that were saved are mapped files. See ``LexicalIndex``.

    What is added stays in memory until ``save``. Answers do not depend on how passages were
    grouped into segments. Readers never wait: they see all segments as they were at one moment.
    """

    def __init__(
        self,
        *,
        rare_term_owners: int = 50,
        most_postings: int = 2_000,
        most_read: int = 10_000,
        per_work: int = 4,
    ) -> None:
        self._reach = Reach(rare_term_owners, most_postings, most_read, per_work)
        self._lock = RLock()
        self._stack = Stack()
        self._saved = 0  # the first segments of the stack are mapped files

    def add(
        self,
        passage_ids: NDArray[np.int64],
        work_ids: NDArray[np.int64],
        owner_ids: NDArray[np.int64],
        prints: LexicalPrints,
    ) -> None:
        """Add passages, each int64[n]; an id known before is replaced.

        Of an id that comes twice in one call the last counts. Cheapest in thousands at a time.
        """
        assert len(passage_ids) == len(work_ids) == len(owner_ids) == len(prints), len(prints)
        if not len(passage_ids):
            return
        assert min(passage_ids.min(), work_ids.min(), owner_ids.min()) >= 0, "no id is negative"
        with self._lock:
            stack = lexical_change.added(self._stack, passage_ids, work_ids, owner_ids, prints)
            self._stack = self._settled(stack)

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error."""
        with self._lock:
            self._stack = lexical_change.removed(self._stack, passage_ids)

    def reown(
        self, work_ids: NDArray[np.int64], owner_ids: NDArray[np.int64], *, change: int
    ) -> None:
        """Count the words of works int64[n] for owners int64[n]; unknown works are no error.

        Of a work that comes twice the last counts. ``change``: number of the last change of owners
        that this takes in, kept with the snapshot.
        """
        assert len(work_ids) == len(owner_ids), len(owner_ids)
        assert min(owner_ids.min(initial=0), change) >= 0, "no id is negative"
        works, from_the_end = np.unique(work_ids[::-1], return_index=True)
        with self._lock:
            stack = lexical_change.reowned(self._stack, works, owner_ids[::-1][from_the_end])
            self._stack = replace(stack, owner_change=change)

    def candidates(
        self, prints: LexicalPrints, k: int, *, allowed: Callable[[int], bool]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find, for each passage of an output, up to k registered ones that share its rare words.

        Rows of ``prints`` int64[c], rising, and passage ids int64[c], best first within a row, ties
        to the lower id. Only passages of works for which ``allowed(work_id)`` holds; it is asked at
        most once for a work.
        """
        return candidates(self._stack, prints, k, allowed=allowed, reach=self._reach)

    def prints_of(self, passage_ids: NDArray[np.int64]) -> LexicalPrints:
        """Give the words of passages int64[m], in this order; an unknown id has none."""
        return self._stack.prints_of(passage_ids)

    def owners_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the owners int64[m] of passages int64[m]; -1 where the id is unknown."""
        return self._stack.holders_of(passage_ids, Segment.owners_at)

    def works_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the works int64[m] of passages int64[m]; -1 where the id is unknown."""
        return self._stack.holders_of(passage_ids, Segment.works_at)

    def owner_counts(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Count the distinct owners whose passages hold each hash, int64[h]; exact."""
        return self._stack.counts(hashes).owners

    def work_counts(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Count the distinct works whose passages hold each hash, int64[h]; exact."""
        return self._stack.counts(hashes).works

    @property
    def owner_count(self) -> int:
        """Number of distinct owners."""
        return self._stack.owner_count

    @property
    def work_count(self) -> int:
        """Number of distinct works."""
        return self._stack.work_count

    @property
    def owner_change(self) -> int:
        """Number of the last change of owners taken in."""
        return self._stack.owner_change

    def __len__(self) -> int:
        return len(self._stack)

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        return self._stack.passage_ids()

    def save(self, folder: Path, digest: str, watermark: int) -> None:
        """Write a snapshot; one that was there stays whole until this one is.

        What was added goes into files, together with small ones from before; large ones stay as
        they are. ``digest`` names how words were hashed, ``watermark`` the last row that was seen.
        Additions wait meanwhile, readers do not.
        """
        with self._lock:
            self._stack = lexical_files.save(
                folder, self._stack, saved=self._saved, digest=digest, watermark=watermark
            )
            self._saved = len(self._stack.segments)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        digest: str,
        newest: int | None = None,
        rare_term_owners: int = 50,
        most_postings: int = 2_000,
        most_read: int = 10_000,
        per_work: int = 4,
    ) -> tuple[Self, int]:
        """Map a snapshot: the index and its watermark; the arguments are those of the class.

        Raises SnapshotRefused where it is missing, damaged, of other hashes or another format, or
        has seen rows after ``newest``; the index must then be rebuilt.
        """
        stack, watermark = lexical_files.load(folder, digest=digest, newest=newest)
        index = cls(
            rare_term_owners=rare_term_owners,
            most_postings=most_postings,
            most_read=most_read,
            per_work=per_work,
        )
        index._stack = stack
        index._saved = len(stack.segments)
        return index, watermark

    def _settled(self, stack: Stack) -> Stack:
        """Merge the latest segments in memory, so that they are few and fall in size."""
        while (last := len(stack.segments) - 1) > self._saved:
            before, latest = (len(each) for each in stack.segments[-2:])
            small = before <= max(_SMALL, _LARGER * latest)
            if not small and last - self._saved < _IN_MEMORY:
                break
            stack = merged(stack, (last - 1, last), MemorySink())
        return stack
