"""Passages and their vectors: the truth of which the index is a cache."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session

from service.store.database import Database, autocommit, driver

_APPENDING = 7_400_000
_EMBEDDING = 7_410_000


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage of a work; offsets in characters of the registered text."""

    passage_id: int
    work_id: int
    start_char: int
    end_char: int
    content_hash: bytes


def encoder_id(session: Session, digest: str, dimension: int) -> int:
    """Return the number of an encoder, known by the hash of its files."""
    driver(session).execute(
        "INSERT INTO encoder (digest, dimension) SELECT %(d)s, %(n)s WHERE NOT EXISTS "
        "(SELECT 1 FROM encoder WHERE digest = %(d)s) ON CONFLICT DO NOTHING",
        {"d": digest, "n": dimension},
    )
    query = text("SELECT encoder_id FROM encoder WHERE digest = :d")
    return int(session.execute(query, {"d": digest}).scalar_one())


@contextmanager
def claim_unembedded(database: Database, *, most_chars: int) -> Iterator[list[tuple[int, str]]]:
    """Hold the oldest free works that wait for embedding, with their texts: at least one, if any.

    Held by session-level advisory locks on a connection in no transaction, as batches to attribute
    are.
    """
    with autocommit(database) as connection:
        waiting = connection.execute(
            "SELECT work_id, text_chars FROM work WHERE embedded_at IS NULL "
            "ORDER BY work_id LIMIT 64"
        ).fetchall()
        held: list[int] = []
        chars = 0
        for work_id, text_chars in waiting:
            if held and chars + text_chars > most_chars:
                break
            lock = connection.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", (_EMBEDDING, work_id % 2**31)
            ).fetchone()
            if lock and lock[0]:
                held.append(work_id)
                chars += text_chars
        rows = connection.execute(
            "SELECT work_id, body FROM work JOIN work_text USING (work_id) "
            "WHERE embedded_at IS NULL AND work_id = ANY(%s) ORDER BY work_id",
            (held,),
        ).fetchall()
        yield [(int(work_id), str(body)) for work_id, body in rows]


def unembedded_count(session: Session) -> int:
    """Count the works that wait for embedding."""
    query = text("SELECT count(*) FROM work WHERE embedded_at IS NULL")
    return int(session.execute(query).scalar_one())


def stored_count(session: Session, work_id: int) -> int:
    """Count the passages of a work that are stored: how far its embedding has come."""
    query = text("SELECT count(*) FROM passage WHERE work_id = :work_id")
    return int(session.execute(query, {"work_id": work_id}).scalar_one())


def append(
    session: Session,
    work_id: int,
    encoder: int,
    spans: Sequence[tuple[int, int, bytes]],
    vectors: NDArray[np.float32],
    *,
    first: int,
    is_last: bool,
    now: datetime,
) -> bool:
    """Store the next passages of a work (start, end, content hash) and vectors [n, dim] as float16.

    first: how many were stored before; ``is_last`` ends the work's embedding. False where another
    worker stored them meanwhile. ``embedding_no`` is given under an advisory lock held to the
    commit, so rows become visible in its order: a watermark misses none.
    """
    connection = driver(session)
    waiting = connection.execute(
        "SELECT 1 FROM work WHERE work_id = %s AND embedded_at IS NULL FOR UPDATE", (work_id,)
    ).fetchone()
    if not waiting or stored_count(session, work_id) != first:
        return False
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_APPENDING,))
    passages = _insert_passages(connection, work_id, spans, first=first)
    newest = _insert_vectors(connection, encoder, passages, vectors)
    connection.execute(
        "UPDATE work SET embedding_no = greatest(embedding_no, %s), embedded_at = %s "
        "WHERE work_id = %s",
        (newest, now if is_last else None, work_id),
    )
    return True


def _insert_passages(
    connection: psycopg.Connection,
    work_id: int,
    spans: Sequence[tuple[int, int, bytes]],
    *,
    first: int,
) -> list[int]:
    """Return the ids of the passages, in their order; ``first`` is the ordinal of the first."""
    rows = connection.execute(
        "INSERT INTO passage (work_id, ordinal, start_char, end_char, content_hash) "
        "SELECT %s, o, s, e, h FROM unnest(%s::int[], %s::int[], %s::int[], %s::bytea[]) "
        "AS t (o, s, e, h) ORDER BY o RETURNING passage_id, ordinal",
        (
            work_id,
            list(range(first, first + len(spans))),
            [span[0] for span in spans],
            [span[1] for span in spans],
            [span[2] for span in spans],
        ),
    ).fetchall()
    ids = {int(ordinal): int(passage_id) for passage_id, ordinal in rows}
    return [ids[first + at] for at in range(len(spans))]


def _insert_vectors(
    connection: psycopg.Connection,
    encoder: int,
    passage_ids: list[int],
    vectors: NDArray[np.float32],
) -> int:
    """Return the newest embedding number, 0 where there is no passage."""
    numbers = connection.execute(
        "INSERT INTO embedding (encoder_id, embedding_no, passage_id, vector) "
        "SELECT %(e)s, n + coalesce((SELECT max(embedding_no) FROM embedding "
        "WHERE encoder_id = %(e)s), 0), p, v "
        "FROM unnest(%(p)s::bigint[], %(v)s::bytea[]) WITH ORDINALITY AS t (p, v, n) "
        "RETURNING embedding_no",
        {
            "e": encoder,
            "p": passage_ids,
            "v": [row.tobytes() for row in vectors.astype("<f2")],
        },
    )
    return max((int(row[0]) for row in numbers), default=0)


def watermark(session: Session, encoder: int) -> int:
    """Return the newest embedding number of an encoder."""
    query = text("SELECT coalesce(max(embedding_no), 0) FROM embedding WHERE encoder_id = :e")
    return int(session.execute(query, {"e": encoder}).scalar_one())


def after(
    session: Session, encoder: int, embedding_no: int, *, limit: int, dimension: int
) -> tuple[int, NDArray[np.int64], NDArray[np.float32]]:
    """Return the next embeddings in order: newest number, passage ids [n], vectors [n, dim]."""
    rows = (
        driver(session)
        .execute(
            "SELECT embedding_no, passage_id, vector FROM embedding "
            "WHERE encoder_id = %s AND embedding_no > %s ORDER BY embedding_no LIMIT %s",
            (encoder, embedding_no, limit),
            binary=True,
        )
        .fetchall()
    )
    if not rows:
        return embedding_no, np.zeros(0, np.int64), np.zeros((0, dimension), np.float32)
    data = b"".join(bytes(row[2]) for row in rows)
    vectors = np.frombuffer(data, "<f2").reshape(len(rows), dimension).astype(np.float32)
    return int(rows[-1][0]), np.array([row[1] for row in rows], np.int64), vectors


def passages(session: Session, passage_ids: Sequence[int]) -> list[PassageRow]:
    """Return these passages; ids that are none are left out."""
    rows = driver(session).execute(
        "SELECT passage_id, work_id, start_char, end_char, content_hash FROM passage "
        "WHERE passage_id = ANY(%s)",
        (list(passage_ids),),
    )
    return [PassageRow(p, w, s, e, bytes(h)) for p, w, s, e, h in rows]


def installation(session: Session) -> str:
    """Return what tells this database from any other."""
    return str(session.execute(text("SELECT installation_id FROM installation")).scalar_one())


def count_up_to(session: Session, encoder: int, embedding_no: int) -> int:
    """Count an encoder's embeddings up to a number: what an index with this watermark holds."""
    query = text("SELECT count(*) FROM embedding WHERE encoder_id = :e AND embedding_no <= :n")
    return int(session.execute(query, {"e": encoder, "n": embedding_no}).scalar_one())
