"""Embedding: passages and vectors of new works, computed outside, stored slice by slice."""

from datetime import datetime
from functools import lru_cache
from time import monotonic

from attribution.registration import passages_of
from service.store import embeddings
from service.store.database import Database, unit_of_work
from worker.engine_room import EngineRoom

PASSAGES_A_SLICE = 128
SLICE_SECONDS = 2.0
CHARS_A_STEP = 40_000
"""Characters of works claimed at once, about 300 passages; at least one work, however long."""


def embed_next(database: Database, room: EngineRoom, *, now: datetime) -> tuple[int, int]:
    """Embed the oldest free works for about 2 s; return how many works were finished and passages.

    Each slice of a work is a commit of its own, so a killed worker loses one slice and a long work
    goes on where it stopped. Safe to run by several.
    """
    room.refresh()
    works = passages = 0
    started = monotonic()
    with embeddings.claim_unembedded(database, most_chars=CHARS_A_STEP) as claimed:
        for work_id, body in claimed:
            finished, count = False, 1
            while not finished and count:
                count, finished = _embed_slice(database, room, work_id, body, now=now)
                works, passages = works + finished, passages + count
                if monotonic() - started > SLICE_SECONDS:
                    return works, passages
    return works, passages


def _embed_slice(
    database: Database, room: EngineRoom, work_id: int, body: str, *, now: datetime
) -> tuple[int, bool]:
    """Embed the next passages of a work; return how many, and whether they were its last."""
    rows, texts = _cut(body)
    with unit_of_work(database) as session:
        first = embeddings.stored_count(session, work_id)
    after = min(first + PASSAGES_A_SLICE, len(rows))
    vectors = room.encoder.encode(texts[first:after])
    is_last = after == len(rows)
    with unit_of_work(database) as session:
        stored = embeddings.append(
            session,
            work_id,
            room.encoder_id,
            rows[first:after],
            vectors,
            first=first,
            is_last=is_last,
            now=now,
        )
    return (after - first, is_last) if stored else (0, False)


@lru_cache(maxsize=1)
def _cut(body: str) -> tuple[list[tuple[int, int, bytes]], list[str]]:
    """Cut a text into passages (start, end, content hash) and their normalised texts.

    The last text is kept: a long one is cut once, not once a slice.
    """
    spans, texts, hashes = passages_of(body)
    return [(span.start, span.end, h) for span, h in zip(spans, hashes, strict=True)], texts
