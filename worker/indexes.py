"""The vector index and the lexical index of one database: caches that are topped up from rows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import structlog

from attribution.index_choice import IndexPlace, OpenedIndex, empty_index, open_index
from attribution.lexical import LexicalPrints
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.passage_index import PassageIndex
from attribution.snapshot import SnapshotRefused
from service.store import embeddings, owners
from service.store.database import Database, unit_of_work
from service.store.embeddings import Embedded

EMBEDDINGS_A_STEP = 5_000
CHANGES_A_STEP = 10_000
SAVE_AFTER = 2_000
"""New embeddings after which the snapshots on disk are renewed while work goes on."""
_WORDS = "terms_v1"

Progress = Callable[[str, int, int], None]
log = structlog.get_logger()


class StoredIndexes:
    """Both indexes, each with the last row it has seen. Not to be used by two threads at once.

    A snapshot that is missing, damaged, foreign or unlike the rows is refused, and that index alone
    is built anew from the rows.
    """

    def __init__(
        self,
        database: Database,
        home: Path,
        *,
        encoder_id: int,
        encoder_digest: str,
        dimension: int,
        threads: int,
        milvus_uri: str | None,
    ) -> None:
        with unit_of_work(database) as session:
            name = embeddings.installation(session)
            self._newest = embeddings.watermark(session, encoder_id)
        self._database = database
        self._encoder_id = encoder_id
        folder = home / "index" / name
        self._place = IndexPlace(folder, milvus_uri, name, encoder_digest, dimension, threads)
        self.rebuilt_because: str | None = None
        self._vectors = self._opened_vectors()
        self.words, self._words_seen = self._opened_words()
        self._saved_at = self.watermark

    @property
    def vectors(self) -> PassageIndex:
        """The vector index."""
        return self._vectors.index

    @property
    def watermark(self) -> int:
        """The last embedding that both have seen."""
        return min(self._vectors.watermark, self._words_seen)

    def top_up(self, progress: Progress | None = None) -> None:
        """Take in the rows that are new, in order, and who owns works since."""
        while True:
            with unit_of_work(self._database) as session:
                fresh = embeddings.after(
                    session,
                    self._encoder_id,
                    self.watermark,
                    limit=EMBEDDINGS_A_STEP,
                    dimension=self._place.dimension,
                )
                newest = embeddings.watermark(session, self._encoder_id)
            if not len(fresh):
                break
            self._take(fresh)
            if progress:
                progress("topping up the index", self.watermark, newest)
        self._reown()
        if self.watermark - self._saved_at >= SAVE_AFTER:
            self.save()

    def _take(self, fresh: Embedded) -> None:
        new = fresh.numbers > self._vectors.watermark
        if new.any():
            self.vectors.add(fresh.passage_ids[new], fresh.vectors[new])
            self._vectors = replace(self._vectors, watermark=fresh.number)
        new = fresh.numbers > self._words_seen
        if new.any():
            prints = LexicalPrints.unpacked([fresh.prints[at] for at in np.flatnonzero(new)])
            ids, works, of = fresh.passage_ids[new], fresh.work_ids[new], fresh.owner_ids[new]
            self.words.add(ids, works, of, prints)
            self._words_seen = fresh.number

    def _reown(self) -> None:
        """Count the words of works for the owners they have now: examined, or no copies any more.

        After the rows: whatever they were read with has its change behind the last one seen.
        """
        while True:
            with unit_of_work(self._database) as session:
                number, works = owners.changed_after(
                    session, self.words.owner_change, limit=CHANGES_A_STEP
                )
                owner_of = owners.owner_of_works(session, works)
            if not works:
                return
            of = np.array([owner_of[work] for work in works], np.int64)
            self.words.reown(np.array(works, np.int64), of, change=number)

    def save(self) -> None:
        """Write the snapshots if the indexes have grown since the last ones."""
        if self.watermark != self._saved_at:
            self._vectors.keep(self._vectors.watermark)
            self.words.save(self._place.folder, self._words_digest, self._words_seen)
            self._saved_at = self.watermark

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build both anew from all rows and save them; return how many passages they hold."""
        self._vectors = self._empty_vectors("asked for")
        self.words, self._words_seen = self._empty_words("asked for")
        self.top_up(progress)
        self._saved_at = -1
        self.save()
        return len(self.words)

    @property
    def _words_digest(self) -> str:
        return f"{_WORDS}/{self._place.encoder_digest}"

    def _opened_vectors(self) -> OpenedIndex:
        try:
            opened = open_index(self._place, newest=self._newest)
            if self._place.milvus_uri is None:
                self._check_rows(len(opened.index), opened.watermark)
        except SnapshotRefused as refused:
            return self._empty_vectors(refused.reason)
        return opened

    def _opened_words(self) -> tuple[SegmentedLexicalIndex, int]:
        try:
            words, seen = SegmentedLexicalIndex.load(
                self._place.folder, digest=self._words_digest, newest=self._newest
            )
            self._check_rows(len(words), seen)
        except SnapshotRefused as refused:
            return self._empty_words(refused.reason)
        return words, seen

    def _empty_vectors(self, reason: str) -> OpenedIndex:
        self._says(reason, "vectors")
        return empty_index(self._place)

    def _empty_words(self, reason: str) -> tuple[SegmentedLexicalIndex, int]:
        self._says(reason, "words")
        return SegmentedLexicalIndex(), 0

    def _says(self, reason: str, index: str) -> None:
        self.rebuilt_because = self.rebuilt_because or reason
        log.info("index.rebuild", index=index, reason=reason)

    def _check_rows(self, count: int, watermark: int) -> None:
        with unit_of_work(self._database) as session:
            expected = embeddings.count_up_to(session, self._encoder_id, watermark)
        if expected != count:
            raise SnapshotRefused(f"holds {count} passages, the rows have {expected}")
