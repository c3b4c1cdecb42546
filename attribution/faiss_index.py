"""The passage index in this process, with faiss."""

from __future__ import annotations

import warnings
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from attribution.passage_index import NO_PASSAGE
from attribution.snapshot import Snapshot, SnapshotRefused, read_snapshot, write_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class FaissIndex:
    """Exact cosine over vectors kept as float16. Safe to share between threads.

    ``threads`` bounds the threads of one search.
    """

    def __init__(self, dimension: int, *, threads: int = 1) -> None:
        faiss = _faiss()
        self.dimension = dimension
        self._threads = threads
        self._lock = RLock()
        codes = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index: Any = faiss.IndexIDMap2(codes)
        self._ids: set[int] = set()

    def add(self, passage_ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add passages int64[n] with unit vectors float32[n, dim]; an id known before moves.

        Of an id that comes twice in one call the last counts.
        """
        assert vectors.shape == (len(passage_ids), self.dimension), vectors.shape
        last = {int(passage_id): row for row, passage_id in enumerate(passage_ids)}
        if not last:
            return
        ids = np.fromiter(last, dtype=np.int64, count=len(last))
        assert ids.min() >= 0, "a passage id is never negative"
        rows = np.fromiter(last.values(), dtype=np.int64, count=len(last))
        with self._lock:
            self.remove(ids)
            self._index.add_with_ids(np.ascontiguousarray(vectors[rows], dtype=np.float32), ids)
            self._ids.update(last)

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error. Costs one pass over the index."""
        with self._lock:
            known = self._ids.intersection(passage_ids.tolist())
            if not known:
                return
            self._index.remove_ids(np.fromiter(known, dtype=np.int64, count=len(known)))
            self._ids -= known

    def search(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k nearest of each row: cosines float32[m, k] falling, and ids int64[m, k].

        Where there are fewer than k passages the id is -1.
        """
        assert vectors.ndim == 2, vectors.shape  # noqa: PLR2004  # rows of vectors
        assert vectors.shape[1] == self.dimension, vectors.shape
        scores = np.zeros((len(vectors), k), dtype=np.float32)
        ids = np.full((len(vectors), k), NO_PASSAGE, dtype=np.int64)
        with self._lock:
            found = min(k, len(self._ids))
            if found and len(vectors):
                _faiss().omp_set_num_threads(self._threads)  # it holds for the calling thread only
                rows = np.ascontiguousarray(vectors, dtype=np.float32)
                scores[:, :found], ids[:, :found] = self._index.search(rows, found)
        return scores, ids

    def __len__(self) -> int:
        return len(self._ids)

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        with self._lock:
            return np.fromiter(self._ids, dtype=np.int64, count=len(self._ids))

    def save(self, folder: Path, encoder_digest: str, watermark: int) -> None:
        """Write a snapshot; one that was there stays whole until this one is.

        ``watermark`` is the last passage id the index has seen; it is handed back by ``load``.
        """
        with self._lock:
            content = _faiss().serialize_index(self._index).tobytes()
            count = len(self._ids)
        snapshot = Snapshot(
            encoder_digest=encoder_digest,
            dimension=self.dimension,
            count=count,
            watermark=watermark,
        )
        write_snapshot(folder, snapshot, content)

    @classmethod
    def load(
        cls, folder: Path, *, encoder_digest: str, dimension: int, threads: int = 1
    ) -> tuple[Self, int]:
        """Read a snapshot: the index and its watermark.

        Raises SnapshotRefused where it is missing, damaged, or of another encoder, dimension or
        format; the index must then be rebuilt. faiss sees only bytes that were verified.
        """
        snapshot, content = read_snapshot(folder, encoder_digest, dimension)
        faiss = _faiss()
        try:
            stored = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        except RuntimeError as error:
            raise SnapshotRefused(f"faiss cannot read it: {error}") from error
        if not isinstance(stored, faiss.IndexIDMap2) or stored.d != dimension:
            raise SnapshotRefused("the index is of another kind than its manifest says")
        if stored.ntotal != snapshot.count:
            raise SnapshotRefused(f"holds {stored.ntotal} passages, not {snapshot.count}")
        index = cls(dimension, threads=threads)
        index._index = stored
        index._ids = set(faiss.vector_to_array(stored.id_map).tolist())
        return index, snapshot.watermark


def _faiss() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its SWIG types, at import
        import faiss
    return faiss
