"""Fingerprints of passages that no work won: vectors and hashed words, never the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.store.database import driver
from service.store.passages import StoredFingerprint, fingerprint_of


@dataclass(frozen=True, slots=True, eq=False)
class UnmatchedPassage:
    """A passage of an output that nothing claimed. ``ordinal``: its row in the fingerprint."""

    ordinal: int
    start_char: int
    end_char: int
    content_hash: bytes
    vector: NDArray[np.float32]
    lexical: bytes


def keep(
    session: Session,
    attribution_id: int,
    encoder: int,
    rows: Sequence[UnmatchedPassage],
    *,
    keep_until: datetime,
) -> None:
    """Keep the unmatched passages of one attribution until an instant."""
    driver(session).execute(
        "INSERT INTO unmatched_passage (attribution_id, encoder_id, keep_until, ordinal, "
        "start_char, end_char, content_hash, vector, lexical) "
        "SELECT %s, %s, %s, t.* FROM unnest(%s::int[], %s::int[], %s::int[], %s::bytea[], "
        "%s::bytea[], %s::bytea[]) AS t ON CONFLICT DO NOTHING",
        (
            attribution_id,
            encoder,
            keep_until,
            [row.ordinal for row in rows],
            [row.start_char for row in rows],
            [row.end_char for row in rows],
            [row.content_hash for row in rows],
            [row.vector.astype("<f2").tobytes() for row in rows],
            [row.lexical for row in rows],
        ),
    )


def delete_old(session: Session, *, now: datetime) -> int:
    """Delete the fingerprints whose retention has ended; return how many passages."""
    query = "DELETE FROM unmatched_passage WHERE keep_until < %s"
    return driver(session).execute(query, (now,)).rowcount


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some kept vectors: attribution ids int64[n], float32[n, dim]; ``last``: where they end."""

    last: tuple[int, int]
    attribution_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.attribution_ids)


FIRST = (0, -1)


def vectors_after(
    session: Session, encoder: int, last: tuple[int, int], *, dimension: int, limit: int
) -> Chunk:
    """Return the next kept vectors of an encoder after ``last`` (attribution, row)."""
    found = (
        driver(session)
        .execute(
            "SELECT attribution_id, ordinal, vector FROM unmatched_passage "
            "WHERE (attribution_id, ordinal) > (%s, %s) AND encoder_id = %s "
            "ORDER BY attribution_id, ordinal LIMIT %s",
            (*last, encoder, limit),
            binary=True,
        )
        .fetchall()
    )
    flat = np.frombuffer(b"".join(bytes(row[2]) for row in found), "<f2")
    return Chunk(
        (found[-1][0], found[-1][1]) if found else last,
        np.array([row[0] for row in found], np.int64),
        flat.reshape(len(found), dimension).astype(np.float32),
    )


_SOLD_BETWEEN = (
    "SELECT DISTINCT sa.attribution_id FROM sale_attribution sa JOIN sale s USING (sale_id) "
    "WHERE sa.attribution_id = ANY(%s) AND s.sold_at >= %s AND s.sold_at < %s"
)


def sold_between(
    session: Session, attribution_ids: Sequence[int], start: datetime, end: datetime
) -> set[int]:
    """Return which of these attributions have a sale in [start, end)."""
    rows = driver(session).execute(_SOLD_BETWEEN, (list(attribution_ids), start, end))
    return {int(row[0]) for row in rows}


def of_attribution(
    session: Session, attribution_id: int, encoder: int, *, dimension: int
) -> StoredFingerprint:
    """Return the kept passages of one attribution, in order; the ids are their rows."""
    rows = driver(session).execute(
        "SELECT ordinal, start_char, end_char, content_hash, vector, lexical "
        "FROM unmatched_passage WHERE attribution_id = %s AND encoder_id = %s ORDER BY ordinal",
        (attribution_id, encoder),
        binary=True,
    )
    return fingerprint_of(rows.fetchall(), dimension=dimension)
