"""Embedding: passages, prints and vectors of works, computed outside, stored slice by slice."""

from datetime import datetime
from functools import lru_cache
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from attribution.normaliser import normalise_v1
from attribution.registration import passages_of
from attribution.terms import terms_v1
from service.store import embeddings, renewal
from service.store.database import Database, unit_of_work
from service.store.embeddings import NewPassage
from service.store.renewal import Lacking
from worker.engine_room import EngineRoom

PASSAGES_A_SLICE = 128
SLICE_SECONDS = 2.0
CHARS_A_STEP = 40_000
"""Characters of works claimed at once, about 300 passages; at least one work, however long."""

Span = tuple[int, int, bytes]


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


def renew_next(database: Database, room: EngineRoom) -> tuple[int, int]:
    """Give the oldest free works what they lack after an upgrade, for about 2 s, as ``embed_next``.

    Works of before the lexical prints lack those; under another encoder all lack vectors.
    """
    room.refresh()
    works = passages = 0
    started = monotonic()
    with unit_of_work(database) as session:
        if not renewal.outdated_count(session, room.encoder_id):
            return 0, 0
    with renewal.claim_outdated(database, room.encoder_id, most_chars=CHARS_A_STEP) as claimed:
        for work_id, body in claimed:
            count = PASSAGES_A_SLICE
            while count == PASSAGES_A_SLICE:
                count = _renew_slice(database, room, work_id, body)
                passages += count
                if monotonic() - started > SLICE_SECONDS:
                    return works + (count < PASSAGES_A_SLICE), passages
            works += 1
    return works, passages


def _embed_slice(
    database: Database, room: EngineRoom, work_id: int, body: str, *, now: datetime
) -> tuple[int, bool]:
    """Embed the next passages of a work; return how many, and whether they were its last."""
    with unit_of_work(database) as session:
        first = embeddings.stored_count(session, work_id)
        kept = embeddings.kept_hashes(session, work_id)
    spans, texts = _without(*_cut(body), kept)
    after = min(first + PASSAGES_A_SLICE, len(spans))
    vectors = room.encoder.encode(texts[first:after])
    prints = terms_v1(texts[first:after]).packed()
    fresh = [
        NewPassage(*span, lexical) for span, lexical in zip(spans[first:after], prints, strict=True)
    ]
    is_last = after == len(spans)
    with unit_of_work(database) as session:
        stored = embeddings.append(
            session,
            work_id,
            room.encoder_id,
            fresh,
            vectors,
            first=first,
            is_last=is_last,
            now=now,
        )
    return (after - first, is_last) if stored else (0, False)


def _without(
    spans: list[Span], texts: list[str], kept: frozenset[bytes]
) -> tuple[list[Span], list[str]]:
    """Leave out the passages that an earlier edition of the work has: they are in the index."""
    new = [at for at, (_, _, digest) in enumerate(spans) if digest not in kept]
    return [spans[at] for at in new], [texts[at] for at in new]


def _renew_slice(database: Database, room: EngineRoom, work_id: int, body: str) -> int:
    """Give the next passages of a work their prints and vectors; return how many lacked any."""
    with unit_of_work(database) as session:
        lacking = renewal.lacking(session, work_id, room.encoder_id, limit=PASSAGES_A_SLICE)
    texts = _texts_of(body, lacking)
    prints = {
        one.passage_id: lexical
        for one, lexical in zip(lacking, terms_v1(texts).packed(), strict=True)
        if one.lacks_print
    }
    unencoded = [at for at, one in enumerate(lacking) if one.lacks_vector]
    vectors: dict[int, NDArray[np.float32]] = {}
    if unencoded:
        rows = room.encoder.encode([texts[at] for at in unencoded])
        vectors = {lacking[at].passage_id: row for at, row in zip(unencoded, rows, strict=True)}
    with unit_of_work(database) as session:
        renewal.renew(session, work_id, room.encoder_id, prints, vectors)
    return len(lacking)


def _texts_of(body: str, passages: list[Lacking]) -> list[str]:
    """Give the normalised texts of stored passages; an older cutter may have cut them otherwise."""
    spans, texts = _cut(body)
    known = {(start, end): text for (start, end, _), text in zip(spans, texts, strict=True)}
    return [
        known.get((one.start_char, one.end_char))
        or normalise_v1(body[one.start_char : one.end_char]).text.replace("\n", " ")
        for one in passages
    ]


@lru_cache(maxsize=1)
def _cut(body: str) -> tuple[list[Span], list[str]]:
    """Cut a text into passages (start, end, content hash) and their normalised texts.

    The last text is kept: a long one is cut once, not once a slice.
    """
    spans, texts, hashes = passages_of(body)
    return [(span.start, span.end, h) for span, h in zip(spans, hashes, strict=True)], texts
