"""The passage index in this process, with faiss."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from attribution.codes import CODES, Codec
from attribution.faiss_holdings import just, nothing
from attribution.faiss_part import Part
from attribution.passage_index import NO_PASSAGE
from attribution.snapshot import Snapshot, SnapshotRefused, open_snapshot, staging, write_snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT_UP_TO = 100_000
KIND = "vectors"
_INDEX_FILE, _IDS_FILE = "passages.faiss", "ids.npy"
_TRIES = 5


class FaissIndex:
    """Cosines over vectors kept as one byte a component. Safe to share between threads.

    Up to ``exact_up_to`` passages all are compared, and what is found depends on nothing but the
    passages held; above, those in the nearest cells. Whoever searches never waits for who adds.
    ``threads`` bounds the threads of one search, and of learning the cells.
    """

    def __init__(self, dimension: int, *, threads: int = 1, exact_up_to: int = EXACT_UP_TO) -> None:
        self.dimension = dimension
        self._codec = Codec(dimension)
        self._writing = Lock()
        self._held = just(nothing(dimension), exact_up_to=exact_up_to, threads=threads)

    def add(self, passage_ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add passages int64[n] with unit vectors float32[n, dim]; an id known before moves.

        Of an id that comes twice in one call the last counts.
        """
        assert vectors.shape == (len(passage_ids), self.dimension), vectors.shape
        if not len(passage_ids):
            return
        ids, from_the_end = np.unique(passage_ids[::-1], return_index=True)
        assert ids[0] >= 0, "a passage id is never negative"
        codes = self._codec.codes(vectors)[len(passage_ids) - 1 - from_the_end]
        with self._writing:
            self._held = self._held.with_passages(ids.astype(np.int64), codes)

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error."""
        with self._writing:
            self._held = self._held.without(np.unique(passage_ids))

    def search(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k nearest of each row: cosines float32[m, k] falling, and ids int64[m, k].

        Equal cosines come in the order of their ids. Where there are fewer than k passages the id
        is -1 and the cosine 0.
        """
        assert vectors.ndim == 2, vectors.shape  # noqa: PLR2004  # rows of vectors
        assert vectors.shape[1] == self.dimension, vectors.shape
        coarse, fine = self._codec.queries(vectors)
        scores, ids = self._held.search(coarse, fine, k)
        there = ids != NO_PASSAGE
        cosines = np.zeros(scores.shape, dtype=np.float32)
        cosines[there] = np.clip(scores[there] * self._codec.cosine_of_one, -1.0, 1.0)
        return cosines, ids

    def vectors_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the vectors kept, float32[m, dim], as ``turned`` does; zeros for unknown ids."""
        vectors = np.zeros((len(passage_ids), self.dimension), dtype=np.float32)
        known, numbers = self._held.steps_of(passage_ids)
        vectors[known] = self._codec.vectors(numbers)
        return vectors

    def turned(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn unit vectors float32[n, dim] as those kept are; cosines stay what they are."""
        return self._codec.turned(vectors)

    def __len__(self) -> int:
        return len(self._held)

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        return self._held.passage_ids()

    def save(self, folder: Path, encoder_digest: str, watermark: int) -> None:
        """Write a snapshot, and from then on map it; one that was there stays whole until then.

        ``watermark`` is the last row the index has seen; it is handed back by ``load``. Who adds or
        removes waits meanwhile.
        """
        with self._writing, staging(folder) as place:
            if not self._held.whole:
                self._held = self._held.as_one()
            files = {name: place / name for name in (_INDEX_FILE, _IDS_FILE)}
            self._held.old.write(files[_INDEX_FILE], files[_IDS_FILE])
            snapshot = Snapshot(
                kind=KIND,
                digest=_digest(encoder_digest),
                dimension=self.dimension,
                count=len(self._held),
                watermark=watermark,
            )
            written = write_snapshot(folder, snapshot, files)
            old = _mapped(written)
            if old is not None:
                held = self._held
                self._held = just(old, exact_up_to=held.exact_up_to, threads=held.threads)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        encoder_digest: str,
        dimension: int,
        threads: int = 1,
        exact_up_to: int = EXACT_UP_TO,
        newest: int | None = None,
    ) -> tuple[Self, int]:
        """Map a snapshot: the index and its watermark.

        Raises SnapshotRefused where it is missing, damaged, of another encoder, dimension or
        format, or has seen rows after ``newest``; the index must then be rebuilt. faiss sees only
        files that were verified.
        """
        for _ in range(_TRIES):
            snapshot, files = open_snapshot(
                folder,
                kind=KIND,
                digest=_digest(encoder_digest),
                dimension=dimension,
                newest=newest,
            )
            old = _mapped(files)
            if old is not None:
                break
        else:
            raise SnapshotRefused("it is replaced faster than it can be read")
        if old.index.d != dimension or not len(old) == old.index.ntotal == snapshot.count:
            raise SnapshotRefused("the index is another than its manifest says")
        index = cls(dimension, threads=threads, exact_up_to=exact_up_to)
        index._held = just(old, exact_up_to=exact_up_to, threads=threads)
        return index, snapshot.watermark


def _mapped(files: dict[str, Path]) -> Part | None:
    """Map the files of a part; None where a later snapshot has taken their place."""
    try:
        return Part.mapped(files[_INDEX_FILE], files[_IDS_FILE])
    except (OSError, RuntimeError) as error:
        if all(path.exists() for path in files.values()):
            raise SnapshotRefused(f"faiss cannot read it: {error}") from error
        return None


def _digest(encoder_digest: str) -> str:
    """Name what the codes depend on: codes of another kind are another encoder's."""
    return f"{encoder_digest}/{CODES}"
