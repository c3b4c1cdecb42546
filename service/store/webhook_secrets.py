"""Secrets that sign webhooks: shown once, sealed at rest, two at a time while one takes over."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver
from service.store.key_ring import KeyRing, Sealed
from service.store.text_rules import BadText

PREFIX = "whsec_"
MOST_OVERLAP = timedelta(days=30)
MOST_VALID = 5
_BYTES = 32


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret that signs, without itself. ends_at: None for the newest."""

    serial: int
    made_at: datetime
    ends_at: datetime | None


class TooManySecrets(LedgerError):
    """An endpoint has as many secrets that still sign as it may have."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(
            f"webhook {endpoint_id} has {MOST_VALID} secrets that still sign: wait until one has "
            "ended, or rotate without overlap",
            endpoint_id=endpoint_id,
            limit=MOST_VALID,
        )


def make(
    session: Session,
    endpoint_id: int,
    ring: KeyRing,
    *,
    overlap: timedelta,
    now: datetime,
    chance: Callable[[int], bytes] = os.urandom,
) -> str:
    """Make the secret that signs from now on; return it, the only time it is seen.

    Those before it go on for the overlap, or until they were to end anyway. The caller holds the
    endpoint's row. Raises BadText, TooManySecrets.
    """
    if not timedelta() <= overlap <= MOST_OVERLAP:
        raise BadText("overlap_hours", f"must lie in 0..{MOST_OVERLAP // timedelta(hours=1)}")
    connection = driver(session)
    newest = "SELECT coalesce(max(serial), 0) FROM webhook_secret WHERE endpoint_id = %s"
    row = connection.execute(newest, (endpoint_id,)).fetchone()
    assert row
    connection.execute(
        "UPDATE webhook_secret SET ends_at = least(coalesce(ends_at, %(end)s), %(end)s) "
        "WHERE endpoint_id = %(id)s",
        {"end": now + overlap, "id": endpoint_id},
    )
    gone = "DELETE FROM webhook_secret WHERE endpoint_id = %s AND ends_at <= %s"
    connection.execute(gone, (endpoint_id, now))
    count = "SELECT count(*) FROM webhook_secret WHERE endpoint_id = %s"
    left = connection.execute(count, (endpoint_id,)).fetchone()
    assert left
    if left[0] >= MOST_VALID:
        raise TooManySecrets(endpoint_id)
    secret, serial = chance(_BYTES), int(row[0]) + 1
    sealed = ring.seal(secret, about=_about(endpoint_id, serial))
    connection.execute(
        "INSERT INTO webhook_secret (endpoint_id, serial, key_id, nonce, sealed, made_at) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (endpoint_id, serial, sealed.key_id, sealed.nonce, sealed.content, now),
    )
    return PREFIX + base64.b64encode(secret).decode()


def valid(session: Session, endpoint_id: int, ring: KeyRing, *, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first; raise KeyMissing."""
    rows = driver(session).execute(
        "SELECT serial, key_id, nonce, sealed FROM webhook_secret WHERE endpoint_id = %s "
        "AND (ends_at IS NULL OR ends_at > %s) ORDER BY serial DESC",
        (endpoint_id, now),
    )
    found = []
    for serial, key, nonce, content in rows:
        sealed = Sealed(key, bytes(nonce), bytes(content))
        plain = ring.open(sealed, about=_about(endpoint_id, serial))
        found.append(PREFIX + base64.b64encode(plain).decode())
    return found


def listing(session: Session, endpoint_id: int, *, now: datetime) -> list[KnownSecret]:
    """List the secrets that sign now, the newest first, as far as they may be shown."""
    rows = driver(session).execute(
        "SELECT serial, made_at, ends_at FROM webhook_secret WHERE endpoint_id = %s "
        "AND (ends_at IS NULL OR ends_at > %s) ORDER BY serial DESC",
        (endpoint_id, now),
    )
    return [KnownSecret(*row) for row in rows]


def reseal(session: Session, ring: KeyRing, *, limit: int) -> int:
    """Seal some secrets anew that another than the current key seals; return how many."""
    connection = driver(session)
    rows = connection.execute(
        "SELECT endpoint_id, serial, key_id, nonce, sealed FROM webhook_secret WHERE key_id <> %s "
        "ORDER BY endpoint_id, serial LIMIT %s FOR UPDATE SKIP LOCKED",
        (ring.current, limit),
    ).fetchall()
    for endpoint, serial, key, nonce, content in rows:
        about = _about(endpoint, serial)
        plain = ring.open(Sealed(key, bytes(nonce), bytes(content)), about=about)
        again = ring.seal(plain, about=about)
        connection.execute(
            "UPDATE webhook_secret SET key_id = %s, nonce = %s, sealed = %s "
            "WHERE endpoint_id = %s AND serial = %s",
            (again.key_id, again.nonce, again.content, endpoint, serial),
        )
    return len(rows)


def _about(endpoint_id: int, serial: int) -> str:
    """Name what a secret belongs to: moved to another row it does not open."""
    return f"webhook-secret:{endpoint_id}:{serial}"
