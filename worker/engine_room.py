"""The attribution engine over this database's catalogue: encoder, index and passages together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from attribution.catalogue import PassageRef
from attribution.encoder import Encoder
from attribution.engine import Engine
from attribution.values import Attribution, Examination, Fingerprint, Standing
from service.store import attributions, embeddings, passages
from service.store.database import Database, unit_of_work
from worker.indexes import Progress, StoredIndexes


class MeasuredEncoder:
    """An encoder that counts what it encodes and how long it takes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.passages = 0
        self.seconds = 0.0

    @property
    def digest(self) -> str:
        """Name the encoder by its content."""
        return self._encoder.digest

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    @property
    def passages_per_second(self) -> float:
        """Rate over all calls so far, loading included; 0 before the first."""
        return self.passages / self.seconds if self.seconds else 0.0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension]."""
        started = perf_counter()
        vectors = self._encoder.encode(texts)
        self.passages += len(texts)
        self.seconds += perf_counter() - started
        return vectors


class StoredCatalogue:
    """Passages of the catalogue, read from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def locate(self, passage_ids: NDArray[np.int64]) -> Mapping[int, PassageRef]:
        """Give the known ones of these passages, int64[n]."""
        wanted = np.unique(passage_ids).tolist()
        with unit_of_work(self._database) as session:
            return {
                row.passage_id: PassageRef(
                    row.passage_id,
                    row.work_id,
                    row.start_char,
                    row.end_char,
                    row.content_hash,
                    row.origin_passage_id,
                )
                for row in passages.located(session, wanted)
            }


class EngineRoom:
    """One engine a process. Safe to share between threads; nothing heavy is loaded before its use.

    milvus_uri: where the vector index is kept; None: in a file under ``home``.
    """

    def __init__(
        self,
        database: Database,
        home: Path,
        *,
        threads: int,
        encoder: Encoder,
        milvus_uri: str | None = None,
    ) -> None:
        self._database = database
        self._home = home
        self._threads = threads
        self._milvus_uri = milvus_uri
        self._lock = RLock()
        self._encoding = Lock()
        self._engine: Engine | None = None
        self._indexes: StoredIndexes | None = None
        self.encoder = MeasuredEncoder(encoder)
        self.encoder_id = 0
        self.engine_id = 0

    @property
    def watermark(self) -> int:
        """The last embedding the indexes have seen, 0 before their first use."""
        return self._indexes.watermark if self._indexes else 0

    @property
    def rebuilt_because(self) -> str | None:
        """Why a snapshot was not used, None where both were."""
        return self._indexes.rebuilt_because if self._indexes else None

    def refresh(self, progress: Progress | None = None) -> int:
        """Bring the indexes up to the rows; return their watermark."""
        with self._lock:
            indexes = self._open()
            indexes.top_up(progress)
            return indexes.watermark

    def save(self) -> None:
        """Write the snapshots if the indexes have grown since the last ones."""
        with self._lock:
            if self._indexes is not None:
                self._indexes.save()

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build the indexes anew from all rows and save them; return the number of passages."""
        with self._lock:
            indexes = self._open()
            count = indexes.rebuild(progress)
            self._engine = self._engine_over(indexes)
            return count

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Say whether the caller is the one thread of this process that may feed the encoder.

        Two threads encoding share the same cores and encode equal texts twice.
        """
        got = self._encoding.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._encoding.release()

    def fingerprint(self, texts: Sequence[str]) -> list[Fingerprint]:
        """Fingerprint texts: the slow part, outside of every lock and transaction."""
        return self._ready().fingerprint(texts)

    def attribute(
        self, fingerprints: Sequence[Fingerprint], standing: Callable[[int], Standing]
    ) -> list[Attribution]:
        """Attribute fingerprints on the index as it is now."""
        return self._ready().attribute(fingerprints, standing)

    def examine(self, fingerprint: Fingerprint, earlier: Callable[[int], bool]) -> Examination:
        """Compare a work with those for which ``earlier`` holds, on the index as it is now."""
        return self._ready().examine(fingerprint, earlier)

    def _ready(self) -> Engine:
        with self._lock:
            self._open()
            assert self._engine is not None
            return self._engine

    def _open(self) -> StoredIndexes:
        if self._indexes is None:
            with unit_of_work(self._database) as session:
                self.encoder_id = embeddings.encoder_id(
                    session, self.encoder.digest, self.encoder.dimension
                )
            self._indexes = StoredIndexes(
                self._database,
                self._home,
                encoder_id=self.encoder_id,
                encoder_digest=self.encoder.digest,
                dimension=self.encoder.dimension,
                threads=self._threads,
                milvus_uri=self._milvus_uri,
            )
            self._engine = self._engine_over(self._indexes)
            with unit_of_work(self._database) as session:
                self.engine_id = attributions.engine_id(session, self._engine.version)
        return self._indexes

    def _engine_over(self, indexes: StoredIndexes) -> Engine:
        catalogue = StoredCatalogue(self._database)
        return Engine(self.encoder, indexes.vectors, indexes.words, catalogue)

    def close(self) -> None:
        """Save what was learnt since the last snapshot; a failure only costs a rebuild."""
        with suppress(OSError):
            self.save()
