"""How often something was tried lately: counted in the database, so all processes agree.

An attempt is counted before it is made and taken back when it goes well, so a thousand at once are
no more than the limit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver

_KEPT = timedelta(days=1)


class TooManyLogins(LedgerError):
    """Something failed or was asked for too often; it may be tried again later."""

    def __init__(self, retry_after_seconds: int, tried: str = "failed logins") -> None:
        super().__init__(
            f"too many {tried}: try again in {retry_after_seconds} seconds",
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in a window that moves. ``tried``: what is counted, in the plural."""

    tried: str
    most: int
    window: timedelta


def begin(session: Session, limit: Limit, who: str, *, now: datetime) -> int:
    """Count one attempt of somebody and return its number; raise TooManyLogins past the limit."""
    hashed = _hash(limit, who)
    connection = driver(session)
    lock = int.from_bytes(hashed[:8], "big", signed=True)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))
    rows = connection.execute(
        "SELECT at FROM attempt WHERE who = %s AND at > %s ORDER BY at DESC LIMIT %s",
        (hashed, now - limit.window, limit.most),
    ).fetchall()
    if len(rows) >= limit.most:
        left = rows[-1][0] + limit.window - now
        raise TooManyLogins(max(1, int(left.total_seconds())), limit.tried)
    row = connection.execute(
        "INSERT INTO attempt (who, at) VALUES (%s, %s) RETURNING attempt_id", (hashed, now)
    ).fetchone()
    assert row
    return int(row[0])


def forget(session: Session, limit: Limit, who: str) -> None:
    """Forget all attempts of somebody."""
    driver(session).execute("DELETE FROM attempt WHERE who = %s", (_hash(limit, who),))


def take_back(session: Session, attempt_ids: Sequence[int]) -> None:
    """Forget these attempts, and no others of the same."""
    query = "DELETE FROM attempt WHERE attempt_id = ANY(%s)"
    driver(session).execute(query, (list(attempt_ids),))


def tidy(session: Session, *, now: datetime) -> int:
    """Delete what no limit looks at any more; return how many."""
    return driver(session).execute("DELETE FROM attempt WHERE at < %s", (now - _KEPT,)).rowcount


def _hash(limit: Limit, who: str) -> bytes:
    return hashlib.sha256(f"{limit.tried}\n{who}".encode("utf-8", "replace")).digest()
