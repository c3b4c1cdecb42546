"""The passage index on a Milvus server, for catalogues past one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.passage_index import NO_PASSAGE
from attribution.snapshot import SnapshotRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FLAT, IVF_SQ8 = "FLAT", "IVF_SQ8"
_ID, _VECTOR, _WATERMARK = "passage_id", "vector", "watermark"
_MARKS = "_watermark"
_ROWS_AT_ONCE = 4_000
_RESULTS_AT_MOST = 16_384
_CELLS = 4_096
_PROBED = 256


class MilvusIndex:
    """Cosines over vectors kept by Milvus under our own ids. Safe to share between processes.

    ``uri`` is http://host:port of a server or the path of a milvus-lite file. A search gives at
    most 16,384 results. A second collection keeps the watermark, so that workers top up from there.
    """

    def __init__(
        self,
        uri: str,
        collection: str,
        dimension: int,
        *,
        token: str = "",
        index_type: str = FLAT,
    ) -> None:
        from pymilvus import MilvusClient

        self.dimension = dimension
        self._collection = collection
        self._index_type = index_type
        self._client: Any = MilvusClient(uri, token=token)
        if not self._client.has_collection(collection):
            self._create()
        found = next(
            field["params"]["dim"]
            for field in self._client.describe_collection(collection)["fields"]
            if field["name"] == _VECTOR
        )
        if int(found) != dimension:
            raise SnapshotRefused(f"of dimension {found}, not {dimension}")

    def add(self, passage_ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add passages int64[n] with unit vectors float32[n, dim]; an id known before moves.

        Of an id that comes twice in one call the last counts.
        """
        assert vectors.shape == (len(passage_ids), self.dimension), vectors.shape
        last = {passage_id: row for row, passage_id in enumerate(passage_ids.tolist())}
        assert min(last, default=0) >= 0, "a passage id is never negative"
        rows = [{_ID: name, _VECTOR: vectors[row]} for name, row in last.items()]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            self._client.upsert(self._collection, rows[start : start + _ROWS_AT_ONCE])

    def remove(self, passage_ids: NDArray[np.int64]) -> None:
        """Remove passages int64[n]; unknown ids are no error."""
        for some in _portions(passage_ids):
            self._client.delete(self._collection, ids=some)

    def search(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k nearest of each row: cosines float32[m, k] falling, and ids int64[m, k].

        Equal cosines come in the order of their ids. Where there are fewer than k passages, or k is
        above 16,384, the id is -1 and the cosine 0.
        """
        assert vectors.ndim == 2, vectors.shape  # noqa: PLR2004  # rows of vectors
        assert vectors.shape[1] == self.dimension, vectors.shape
        cosines = np.zeros((len(vectors), k), dtype=np.float32)
        ids = np.full((len(vectors), k), NO_PASSAGE, dtype=np.int64)
        if not len(vectors):
            return cosines, ids
        nearest = self._client.search(
            self._collection,
            data=list(vectors),
            anns_field=_VECTOR,
            limit=min(k, _RESULTS_AT_MOST),
            search_params={"metric_type": "IP", "params": self._probing()},
            consistency_level="Strong",
        )
        for row, hits in enumerate(nearest):
            found = sorted((-hit["distance"], hit[_ID]) for hit in hits)
            cosines[row, : len(found)] = np.clip([-away for away, _ in found], -1.0, 1.0)
            ids[row, : len(found)] = [name for _, name in found]
        return cosines, ids

    def vectors_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the vectors kept, float32[m, dim]; zeros for unknown ids."""
        vectors = np.zeros((len(passage_ids), self.dimension), dtype=np.float32)
        names, rows = np.unique(passage_ids, return_inverse=True)
        known = np.zeros((len(names), self.dimension), dtype=np.float32)
        for some in _portions(names):
            found = self._client.query(
                self._collection, ids=some, output_fields=[_VECTOR], consistency_level="Strong"
            )
            for row in found:
                known[np.searchsorted(names, row[_ID])] = row[_VECTOR]
        vectors[:] = known[rows]
        return vectors

    def turned(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the same vectors: those of Milvus are kept as they came."""
        return vectors

    def __len__(self) -> int:
        (row,) = self._client.query(
            self._collection, output_fields=["count(*)"], consistency_level="Strong"
        )
        return int(row["count(*)"])

    def passage_ids(self) -> NDArray[np.int64]:
        """List all ids, int64[len(self)], in no order."""
        pages = self._client.query_iterator(
            self._collection,
            batch_size=_ROWS_AT_ONCE,
            output_fields=[_ID],
            consistency_level="Strong",
        )
        ids: list[int] = []
        while page := pages.next():
            ids += [row[_ID] for row in page]
        pages.close()
        return np.array(ids, dtype=np.int64)

    @property
    def watermark(self) -> int:
        """The last row the index has seen, whoever added it; 0 where it is new."""
        rows = self._client.query(
            self._marks, ids=[0], output_fields=[_WATERMARK], consistency_level="Strong"
        )
        return int(rows[0][_WATERMARK]) if rows else 0

    def keep(self, watermark: int) -> None:
        """Say which row the index has seen last; a lower one than is kept changes nothing."""
        if watermark > self.watermark:
            mark = {_ID: 0, _WATERMARK: watermark, _VECTOR: [0.0, 1.0]}
            self._client.upsert(self._marks, [mark])

    def clear(self) -> None:
        """Remove all passages and the watermark, for all who share the index."""
        self._client.drop_collection(self._collection)
        self._create()

    def close(self) -> None:
        """Leave the server."""
        self._client.close()

    @property
    def _marks(self) -> str:
        return self._collection + _MARKS

    def _probing(self) -> dict[str, int]:
        return {} if self._index_type == FLAT else {"nprobe": _PROBED}

    def _create(self) -> None:
        """Create both collections, the passages last: where they are, the mark is too."""
        if self._client.has_collection(self._marks):
            self._client.drop_collection(self._marks)
        shape = {} if self._index_type == FLAT else {"nlist": _CELLS}
        self._create_one(self._marks, 2, FLAT, {}, marks=True)
        self._create_one(self._collection, self.dimension, self._index_type, shape, marks=False)

    def _create_one(
        self, name: str, dimension: int, index_type: str, shape: dict[str, int], *, marks: bool
    ) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False)
        schema.add_field(_ID, DataType.INT64, is_primary=True)
        schema.add_field(_VECTOR, DataType.FLOAT_VECTOR, dim=dimension)
        if marks:
            schema.add_field(_WATERMARK, DataType.INT64)
        index = self._client.prepare_index_params()
        index.add_index(_VECTOR, index_type=index_type, metric_type="IP", params=shape)
        self._client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong"
        )


def _portions(passage_ids: NDArray[np.int64]) -> Iterator[list[int]]:
    for start in range(0, len(passage_ids), _ROWS_AT_ONCE):
        yield passage_ids[start : start + _ROWS_AT_ONCE].tolist()
