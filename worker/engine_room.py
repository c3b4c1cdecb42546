"""The attribution engine over this database's catalogue: encoder, index and passages together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock
from time import perf_counter

import numpy as np
import structlog
from numpy.typing import NDArray

from attribution.catalogue import PassageRef
from attribution.encoder import Encoder, MiniLM
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.snapshot import SnapshotRefused
from attribution.values import Attribution, Fingerprint
from service.store import attributions, embeddings
from service.store.database import Database, unit_of_work

EMBEDDINGS_A_STEP = 5_000
SAVE_AFTER = 2_000
"""New embeddings after which the snapshot on disk is renewed while work goes on."""

Progress = Callable[[str, int, int], None]
log = structlog.get_logger()


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
                    row.passage_id, row.work_id, row.start_char, row.end_char, row.content_hash
                )
                for row in embeddings.passages(session, wanted)
            }


class EngineRoom:
    """One engine a process. Safe to share between threads; nothing heavy is loaded before its use.

    The index is a cache: loaded from its snapshot under ``home``, topped up from the rows after its
    watermark, and rebuilt from all rows where the snapshot is missing, damaged or foreign.
    """

    def __init__(
        self, database: Database, home: Path, *, threads: int, encoder: Encoder | None = None
    ) -> None:
        self._database = database
        self._home = home
        self._threads = threads
        self._lock = RLock()
        self._encoding = Lock()
        self._engine: Engine | None = None
        self._index: FaissIndex | None = None
        self._saved_at = 0
        self.encoder = MeasuredEncoder(encoder or MiniLM(threads=self._threads))
        self.watermark = 0
        self.encoder_id = 0
        self.engine_id = 0
        self.rebuilt_because: str | None = None

    def refresh(self, progress: Progress | None = None) -> int:
        """Bring the index up to the rows; return its watermark."""
        with self._lock:
            index = self._open()
            while True:
                with unit_of_work(self._database) as session:
                    number, ids, vectors = embeddings.after(
                        session,
                        self.encoder_id,
                        self.watermark,
                        limit=EMBEDDINGS_A_STEP,
                        dimension=self.encoder.dimension,
                    )
                    newest = embeddings.watermark(session, self.encoder_id) if len(ids) else number
                if not len(ids):
                    break
                index.add(ids, vectors)
                self.watermark = number
                if progress:
                    progress("topping up the index", number, newest)
            if self.watermark - self._saved_at >= SAVE_AFTER:
                self.save()
            return self.watermark

    def save(self) -> None:
        """Write the snapshot if the index has grown since the last one."""
        with self._lock:
            if self._index is not None and self.watermark != self._saved_at:
                self._index.save(self._folder(), self.encoder.digest, self.watermark)
                self._saved_at = self.watermark

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build the index anew from all rows and save it; return how many passages it holds."""
        with self._lock:
            self._open()
            self._start_empty("asked for")
            self.refresh(progress)
            self._saved_at = -1
            self.save()
            assert self._index is not None
            return len(self._index)

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
        self, fingerprints: Sequence[Fingerprint], eligible: Callable[[int], bool]
    ) -> list[Attribution]:
        """Attribute fingerprints on the index as it is now."""
        return self._ready().attribute(fingerprints, eligible)

    def _ready(self) -> Engine:
        with self._lock:
            self._open()
            assert self._engine is not None
            return self._engine

    def _folder(self) -> Path:
        with unit_of_work(self._database) as session:
            return self._home / "index" / embeddings.installation(session)

    def _open(self) -> FaissIndex:
        if self._index is not None:
            return self._index
        with unit_of_work(self._database) as session:
            self.encoder_id = embeddings.encoder_id(
                session, self.encoder.digest, self.encoder.dimension
            )
        try:
            index, watermark = FaissIndex.load(
                self._folder(),
                encoder_digest=self.encoder.digest,
                dimension=self.encoder.dimension,
                threads=self._threads,
            )
            self._check_rows(len(index), watermark)
            self._install(index, watermark)
            self._saved_at = watermark
        except SnapshotRefused as refused:
            self._start_empty(refused.reason)
        assert self._index is not None
        with unit_of_work(self._database) as session:
            self.engine_id = attributions.engine_id(session, self._version())
        return self._index

    def _check_rows(self, count: int, watermark: int) -> None:
        with unit_of_work(self._database) as session:
            expected = embeddings.count_up_to(session, self.encoder_id, watermark)
        if expected != count:
            raise SnapshotRefused(f"holds {count} passages, the rows have {expected}")

    def _start_empty(self, reason: str) -> None:
        self.rebuilt_because = reason
        log.info("index.rebuild", reason=reason)
        self._install(FaissIndex(self.encoder.dimension, threads=self._threads), 0)
        self._saved_at = 0

    def _install(self, index: FaissIndex, watermark: int) -> None:
        self._index, self.watermark = index, watermark
        self._engine = Engine(self.encoder, index, StoredCatalogue(self._database))

    def _version(self) -> str:
        assert self._engine is not None
        return self._engine.version

    def close(self) -> None:
        """Save what was learnt since the last snapshot; a failure only costs a rebuild."""
        with suppress(OSError):
            self.save()
