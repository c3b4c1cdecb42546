"""Embedding: passages and vectors of new works, computed outside, stored work by work."""

from datetime import datetime

import numpy as np

from attribution.registration import passages_of
from service.store import embeddings
from service.store.database import Database, unit_of_work
from worker.engine_room import EngineRoom

WORKS_A_STEP = 16
PASSAGES_A_STEP = 256


def embed_next(database: Database, room: EngineRoom, *, now: datetime) -> tuple[int, int]:
    """Embed the oldest waiting works; return how many works and passages. Safe to run by several.

    A long work's passages are encoded in one go before anything is stored: it is in the index whole
    or not at all.
    """
    room.refresh()
    with unit_of_work(database) as session:
        waiting = embeddings.unembedded(session, limit=WORKS_A_STEP)
    works = passages = 0
    for work_id, body in _few(waiting):
        spans, texts, hashes = passages_of(body)
        parts = [
            room.encoder.encode(texts[at : at + PASSAGES_A_STEP])
            for at in range(0, len(texts), PASSAGES_A_STEP)
        ]
        vectors = np.concatenate(parts) if parts else np.zeros((0, room.encoder.dimension), "f4")
        rows = [(span.start, span.end, digest) for span, digest in zip(spans, hashes, strict=True)]
        with unit_of_work(database) as session:
            if embeddings.append(session, work_id, room.encoder_id, rows, vectors, now=now):
                works, passages = works + 1, passages + len(rows)
    return works, passages


def _few(waiting: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Take works until they come to about a step's passages, at least one."""
    taken: list[tuple[int, str]] = []
    chars = 0
    for one in waiting:
        if taken and chars + len(one[1]) > PASSAGES_A_STEP * 200:
            break
        taken.append(one)
        chars += len(one[1])
    return taken
