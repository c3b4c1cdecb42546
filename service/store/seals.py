"""The hash chain over committed batches, written by one sealer off the hot path."""

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.store.database import driver

FIRST_HASH = bytes(32)
_SEALING = 7_700_000


def link(previous: bytes, batch_id: int, period: int, entry_count: int, content: bytes) -> bytes:
    """SHA-256 of previous hash, batch (int8), period (int4), entry count (int4), content hash."""
    numbers = (
        batch_id.to_bytes(8, "big") + period.to_bytes(4, "big") + entry_count.to_bytes(4, "big")
    )
    return hashlib.sha256(previous + numbers + content).digest()


def seal_waiting(session: Session, *, now: datetime, limit: int = 10_000) -> int:
    """Chain committed batches that have no seal; return how many. One sealer at a time."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SEALING})
    connection = driver(session)
    last = connection.execute(
        "SELECT seal_no, hash FROM seal ORDER BY seal_no DESC LIMIT 1"
    ).fetchone()
    number, previous = (int(last[0]), bytes(last[1])) if last else (0, FIRST_HASH)
    rows = connection.execute(
        "SELECT b.batch_id, b.period, b.entry_count, b.content_hash FROM batch b "
        "WHERE NOT EXISTS (SELECT 1 FROM seal s WHERE s.batch_id = b.batch_id) "
        "ORDER BY b.batch_id LIMIT %s",
        (limit,),
    ).fetchall()
    links = []
    for batch_id, period, count, content in rows:
        number += 1
        chained = link(previous, batch_id, period, count, bytes(content))
        links.append((number, batch_id, previous, chained, now))
        previous = chained
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO seal (seal_no, batch_id, previous_hash, hash, sealed_at) "
            "VALUES (%s, %s, %s, %s, %s)",
            links,
        )
    return len(links)


def unsealed_count(session: Session) -> int:
    """Count batches that wait for their seal."""
    query = text(
        "SELECT count(*) FROM batch b WHERE NOT EXISTS "
        "(SELECT 1 FROM seal s WHERE s.batch_id = b.batch_id)"
    )
    return int(session.execute(query).scalar_one())


def broken(session: Session) -> tuple[int, list[str]]:
    """Follow the hash chain; return how many seals there are and where it breaks."""
    rows = driver(session).execute(
        "SELECT s.seal_no, s.batch_id, s.previous_hash, s.hash, b.period, b.entry_count, "
        "b.content_hash FROM seal s LEFT JOIN batch b USING (batch_id) ORDER BY s.seal_no"
    )
    previous, facts, number = FIRST_HASH, [], 0
    for seal_no, batch_id, said_previous, said, period, count, content in rows:
        number += 1
        if content is None:
            facts.append(f"seal {seal_no} names batch {batch_id}, which is not there")
        elif (seal_no, bytes(said_previous)) != (number, previous):
            facts.append(f"seal {seal_no} does not follow seal {number - 1}")
        elif link(previous, batch_id, period, count, bytes(content)) != bytes(said):
            facts.append(f"seal {seal_no} does not fit batch {batch_id}")
        previous = bytes(said)
    unsealed = driver(session).execute(
        "SELECT b.batch_id FROM batch b JOIN period p USING (period) "
        "LEFT JOIN seal s USING (batch_id) WHERE p.state = 'closed' AND s.batch_id IS NULL"
    )
    facts += [f"batch {batch_id} of a closed period is not sealed" for (batch_id,) in unsealed]
    return number, facts
