"""Passages and their vectors: the truth of which the index is a cache."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session

from service.store.database import Database, autocommit, driver
from service.store.owners import ROOTS

_UNEMBEDDED = (
    "embedded_at IS NULL AND NOT EXISTS (SELECT 1 FROM work earlier "
    "WHERE earlier.embedded_at IS NULL AND earlier.edition_no < work.edition_no "
    "AND (earlier.work_id = work.edition_of OR earlier.edition_of = work.edition_of))"
)
_APPENDING = 7_400_000
_EMBEDDING = 7_410_000


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage to store. ``lexical``: its hashed words, packed."""

    start_char: int
    end_char: int
    content_hash: bytes
    lexical: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Embeddings in their order; row i of every field is one passage.

    ``number``: the newest embedding number among them, of none the one asked for. Numbers and ids
    int64[n], vectors float32[n, dim].
    """

    number: int
    numbers: NDArray[np.int64]
    passage_ids: NDArray[np.int64]
    work_ids: NDArray[np.int64]
    owner_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    prints: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.passage_ids)


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
    are. An edition waits for the earlier ones of its work: it stores what they do not have.
    """
    with autocommit(database) as connection:
        yield claimed(connection, _UNEMBEDDED, {}, most_chars=most_chars)


def claimed(
    connection: psycopg.Connection,
    waits: LiteralString,
    values: Mapping[str, object],
    *,
    most_chars: int,
) -> list[tuple[int, str]]:
    """Lock the oldest free works for which the condition ``waits`` holds; return their texts."""
    waiting = connection.execute(
        f"SELECT work_id, text_chars FROM work WHERE {waits} ORDER BY work_id LIMIT 64",  # noqa: S608
        values,
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
        f"SELECT work_id, body FROM work JOIN work_text USING (work_id) "  # noqa: S608
        f"WHERE {waits} AND work_id = ANY(%(held)s) ORDER BY work_id",
        {**values, "held": held},
    ).fetchall()
    return [(int(work_id), str(body)) for work_id, body in rows]


def unembedded_count(session: Session) -> int:
    """Count the works that wait for embedding."""
    query = text("SELECT count(*) FROM work WHERE embedded_at IS NULL")
    return int(session.execute(query).scalar_one())


def stored_count(session: Session, work_id: int) -> int:
    """Count the passages of a work that are stored: how far its embedding has come."""
    query = text("SELECT count(*) FROM passage WHERE work_id = :work_id")
    return int(session.execute(query, {"work_id": work_id}).scalar_one())


def kept_hashes(session: Session, work_id: int) -> frozenset[bytes]:
    """Return the hashes of passages that earlier editions of the same work have; none for a first.

    They are embedded by then, so that the answer stays the same while this one is embedded.
    """
    rows = driver(session).execute(
        "SELECT DISTINCT p.content_hash FROM work own JOIN work earlier "
        "ON earlier.edition_no < own.edition_no "
        "AND (earlier.work_id = own.edition_of OR earlier.edition_of = own.edition_of) "
        "JOIN passage p ON p.work_id = earlier.work_id "
        "WHERE own.work_id = %s AND own.edition_of IS NOT NULL",
        (work_id,),
        binary=True,
    )
    return frozenset(bytes(row[0]) for row in rows)


def append(
    session: Session,
    work_id: int,
    encoder: int,
    passages: Sequence[NewPassage],
    vectors: NDArray[np.float32],
    *,
    first: int,
    is_last: bool,
    now: datetime,
) -> bool:
    """Store the next passages of a work and their vectors [n, dim] as float16.

    first: how many were stored before; ``is_last`` ends the work's embedding. False where another
    worker stored them meanwhile. ``embedding_no`` is given under an advisory lock held to the
    commit, so rows become visible in its order: a watermark misses none.
    """
    connection = driver(session)
    waiting = connection.execute(
        "SELECT 1 FROM work WHERE work_id = %s AND embedded_at IS NULL FOR NO KEY UPDATE",
        (work_id,),
    ).fetchone()
    if not waiting or stored_count(session, work_id) != first:
        return False
    lock_numbers(connection)
    passage_ids = _insert_passages(connection, work_id, passages, first=first)
    newest = insert_vectors(connection, encoder, passage_ids, vectors)
    connection.execute(
        "UPDATE work SET embedding_no = greatest(embedding_no, %s), embedded_at = %s "
        "WHERE work_id = %s",
        (newest, now if is_last else None, work_id),
    )
    if is_last:
        mark_ready(connection, work_id, encoder)
    return True


def lock_numbers(connection: psycopg.Connection) -> None:
    """Be the only one to give embedding numbers until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_APPENDING,))


def mark_ready(connection: psycopg.Connection, work_id: int, encoder: int) -> None:
    """Note that all passages of a work have prints and this encoder's vectors, where it is so."""
    connection.execute(
        "UPDATE work SET encoder_id = %(e)s WHERE work_id = %(w)s AND NOT EXISTS ("
        "SELECT 1 FROM passage p WHERE p.work_id = %(w)s AND (p.lexical IS NULL OR NOT EXISTS ("
        "SELECT 1 FROM embedding e WHERE e.encoder_id = %(e)s AND e.passage_id = p.passage_id)))",
        {"e": encoder, "w": work_id},
    )


def _insert_passages(
    connection: psycopg.Connection,
    work_id: int,
    passages: Sequence[NewPassage],
    *,
    first: int,
) -> list[int]:
    """Return the ids of the passages, in their order; ``first`` is the ordinal of the first."""
    rows = connection.execute(
        "INSERT INTO passage (work_id, ordinal, start_char, end_char, content_hash, lexical) "
        "SELECT %s, o, s, e, h, l "
        "FROM unnest(%s::int[], %s::int[], %s::int[], %s::bytea[], %s::bytea[]) "
        "AS t (o, s, e, h, l) ORDER BY o RETURNING passage_id, ordinal",
        (
            work_id,
            list(range(first, first + len(passages))),
            [passage.start_char for passage in passages],
            [passage.end_char for passage in passages],
            [passage.content_hash for passage in passages],
            [passage.lexical for passage in passages],
        ),
    ).fetchall()
    ids = {int(ordinal): int(passage_id) for passage_id, ordinal in rows}
    return [ids[first + at] for at in range(len(passages))]


def insert_vectors(
    connection: psycopg.Connection,
    encoder: int,
    passage_ids: list[int],
    vectors: NDArray[np.float32],
) -> int:
    """Store vectors under the next numbers; return the newest, 0 where there is no passage.

    The caller holds the lock of ``append``.
    """
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


_AFTER = (
    "WITH RECURSIVE fresh AS (SELECT e.embedding_no, e.passage_id, e.vector, p.work_id, p.lexical "  # noqa: S608
    "FROM embedding e JOIN passage p USING (passage_id) "
    "WHERE e.encoder_id = %(encoder)s AND e.embedding_no > %(after)s "
    "ORDER BY e.embedding_no LIMIT %(limit)s), "
    "asked AS (SELECT DISTINCT work_id FROM fresh), "
    + ROOTS
    + "SELECT embedding_no, passage_id, work_id, owner_id, vector, lexical "
    "FROM fresh JOIN owner USING (work_id) ORDER BY embedding_no"
)


def after(
    session: Session, encoder: int, embedding_no: int, *, limit: int, dimension: int
) -> Embedded:
    """Return the next embeddings in order, up to the first passage that waits for its print."""
    values = {"encoder": encoder, "after": embedding_no, "limit": limit}
    found = driver(session).execute(_AFTER, values, binary=True).fetchall()
    ready = next((at for at, row in enumerate(found) if row[5] is None), len(found))
    rows = found[:ready]
    vectors = np.frombuffer(b"".join(bytes(row[4]) for row in rows), "<f2")
    return Embedded(
        int(rows[-1][0]) if rows else embedding_no,
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int64),
        np.array([row[3] for row in rows], np.int64),
        vectors.reshape(len(rows), dimension).astype(np.float32),
        tuple(bytes(row[5]) for row in rows),
    )


def installation(session: Session) -> str:
    """Return what tells this database from any other."""
    return str(session.execute(text("SELECT installation_id FROM installation")).scalar_one())


def count_up_to(session: Session, encoder: int, embedding_no: int) -> int:
    """Count an encoder's embeddings up to a number: what an index with this watermark holds."""
    query = text("SELECT count(*) FROM embedding WHERE encoder_id = :e AND embedding_no <= :n")
    return int(session.execute(query, {"e": encoder, "n": embedding_no}).scalar_one())
