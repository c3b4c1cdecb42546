"""Where the nearest passages are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_PASSAGE = -1


class PassageIndex(Protocol):
    """Vectors of passages under ids of our own, never positions. Safe to share between threads."""

    def add(self, passage_ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add passages int64[n] with unit vectors float32[n, dim]; an id known before moves."""
        ...

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error."""
        ...

    def search(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k nearest of each row: cosines float32[m, k] falling, and ids int64[m, k].

        Where there are fewer than k passages the id is -1 and the cosine meaningless.
        """
        ...

    def vectors_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the vectors kept, float32[m, dim], of unit length though perhaps rounded.

        They lie as the index keeps them: compare them with what ``turned`` gives. Rows of unknown
        ids are zero.
        """
        ...

    def turned(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn unit vectors float32[n, dim] as those of the index are; cosines stay what they are.

        Cheaper than turning back all that they are compared with.
        """
        ...

    def __len__(self) -> int: ...

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        ...
