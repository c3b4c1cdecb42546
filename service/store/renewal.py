"""Works whose passages lack prints or vectors of the encoder in use: after an upgrade."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session

from service.store import embeddings
from service.store.database import Database, autocommit, driver

_OUTDATED = (
    "embedded_at IS NOT NULL AND erased_at IS NULL AND "
    "(encoder_id IS NULL OR encoder_id < %(encoder)s OR encoder_id > %(encoder)s)"
)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A stored passage and what it lacks; offsets in characters of the work's text."""

    passage_id: int
    start_char: int
    end_char: int
    lacks_print: bool
    lacks_vector: bool


def outdated_count(session: Session, encoder: int) -> int:
    """Count the embedded works that are not ready under this encoder."""
    query = text(
        "SELECT count(*) FROM work WHERE embedded_at IS NOT NULL AND erased_at IS NULL "
        "AND (encoder_id IS NULL OR encoder_id < :e OR encoder_id > :e)"
    )
    return int(session.execute(query, {"e": encoder}).scalar_one())


@contextmanager
def claim_outdated(
    database: Database, encoder: int, *, most_chars: int
) -> Iterator[list[tuple[int, str]]]:
    """Hold the oldest free works that are not ready, as ``claim_unembedded`` does."""
    with autocommit(database) as connection:
        values = {"encoder": encoder}
        yield embeddings.claimed(connection, _OUTDATED, values, most_chars=most_chars)


def lacking(session: Session, work_id: int, encoder: int, *, limit: int) -> list[Lacking]:
    """Return the next passages of a work that lack their print or this encoder's vector."""
    rows = driver(session).execute(
        "SELECT p.passage_id, p.start_char, p.end_char, p.lexical IS NULL, e.passage_id IS NULL "
        "FROM passage p "
        "LEFT JOIN embedding e ON e.encoder_id = %s AND e.passage_id = p.passage_id "
        "WHERE p.work_id = %s AND (p.lexical IS NULL OR e.passage_id IS NULL) "
        "ORDER BY p.ordinal LIMIT %s",
        (encoder, work_id, limit),
    )
    return [Lacking(*row) for row in rows]


def renew(
    session: Session,
    work_id: int,
    encoder: int,
    prints: Mapping[int, bytes],
    vectors: Mapping[int, NDArray[np.float32]],
) -> None:
    """Give passages their prints and vectors, by passage; note where the work is ready by it.

    A vector stored meanwhile by another worker stays.
    """
    connection = driver(session)
    embeddings.lock_numbers(connection)
    connection.execute(
        "UPDATE passage SET lexical = t.l FROM unnest(%s::bigint[], %s::bytea[]) AS t (p, l) "
        "WHERE passage.passage_id = t.p AND passage.lexical IS NULL",
        (list(prints), list(prints.values())),
    )
    known = connection.execute(
        "SELECT passage_id FROM embedding WHERE encoder_id = %s AND passage_id = ANY(%s)",
        (encoder, list(vectors)),
    )
    there = {int(row[0]) for row in known}
    fresh = [passage_id for passage_id in vectors if passage_id not in there]
    if fresh:
        rows = np.array([vectors[passage_id] for passage_id in fresh])
        newest = embeddings.insert_vectors(connection, encoder, fresh, rows)
        connection.execute(
            "UPDATE work SET embedding_no = greatest(embedding_no, %s) WHERE work_id = %s",
            (newest, work_id),
        )
    embeddings.mark_ready(connection, work_id, encoder)
