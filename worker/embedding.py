"""Embedding: passages and vectors of new works, computed outside, stored work by work."""

from datetime import datetime

import numpy as np

from attribution.registration import passages_of
from service.store import embeddings
from service.store.database import Database, unit_of_work
from worker.engine_room import EngineRoom

PASSAGES_A_STEP = 256
CHARS_A_STEP = 40_000
"""Characters of works embedded in one step, about 200 passages; one work however long."""


def embed_next(database: Database, room: EngineRoom, *, now: datetime) -> tuple[int, int]:
    """Embed the oldest free works; return how many works and passages. Safe to run by several.

    A long work's passages are encoded before anything is stored: it is in the index whole or not.
    """
    room.refresh()
    works = passages = 0
    with embeddings.claim_unembedded(database, most_chars=CHARS_A_STEP) as claimed:
        for work_id, body in claimed:
            spans, texts, hashes = passages_of(body)
            parts = [
                room.encoder.encode(texts[at : at + PASSAGES_A_STEP])
                for at in range(0, len(texts), PASSAGES_A_STEP)
            ]
            vectors = (
                np.concatenate(parts) if parts else np.zeros((0, room.encoder.dimension), "f4")
            )
            rows = [(span.start, span.end, h) for span, h in zip(spans, hashes, strict=True)]
            with unit_of_work(database) as session:
                if embeddings.append(session, work_id, room.encoder_id, rows, vectors, now=now):
                    works, passages = works + 1, passages + len(rows)
    return works, passages
