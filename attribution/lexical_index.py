"""Where registered passages are found by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints

UNKNOWN = -1


class LexicalIndex(Protocol):
    """Hashed words of registered passages, by passage and by word. Safe to share between threads.

    Terms and grams share one space: a passage *holds* a hash that is one of its terms or grams.
    """

    def add(
        self,
        passage_ids: NDArray[np.int64],
        work_ids: NDArray[np.int64],
        owner_ids: NDArray[np.int64],
        prints: LexicalPrints,
    ) -> None:
        """Add passages, each int64[n]; an id known before is replaced.

        Of an id that comes twice in one call the last counts. No id is negative.
        """
        ...

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error."""
        ...

    def reown(
        self, work_ids: NDArray[np.int64], owner_ids: NDArray[np.int64], *, change: int
    ) -> None:
        """Count the words of works int64[n] for owners int64[n]; unknown works are no error.

        Of a work that comes twice the last counts. ``change``: number of the last change of owners
        that this takes in, kept with the snapshot.
        """
        ...

    def candidates(
        self, prints: LexicalPrints, k: int, *, allowed: Callable[[int], bool]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find, for each passage of an output, up to k registered ones that share its rare words.

        Rows of ``prints`` int64[c], rising, and passage ids int64[c], best first within a row, ties
        to the lower id. Only passages of works for which ``allowed(work_id)`` holds; it is asked at
        most once for a work.
        """
        ...

    def prints_of(self, passage_ids: NDArray[np.int64]) -> LexicalPrints:
        """Give the words of passages int64[m], in this order; an unknown id has none."""
        ...

    def owners_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the owners int64[m] of passages int64[m]; -1 where the id is unknown."""
        ...

    def works_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the works int64[m] of passages int64[m]; -1 where the id is unknown."""
        ...

    def owner_counts(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Count the distinct owners whose passages hold each hash, int64[h]; exact."""
        ...

    def work_counts(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Count the distinct works whose passages hold each hash, int64[h]; exact."""
        ...

    @property
    def owner_count(self) -> int:
        """Number of distinct owners."""
        ...

    @property
    def work_count(self) -> int:
        """Number of distinct works."""
        ...

    def __len__(self) -> int: ...

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        ...
