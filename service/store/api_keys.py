"""Vendors' API keys: shown once and kept as a hash; with scopes, an end, and rotation."""

import hashlib
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session, col, select

from service.ledger.errors import LedgerError
from service.store.mode import Mode
from service.store.rows import ApiKeyRow
from service.store.text_rules import BadText, check_text

PREFIXES = {Mode.LIVE: "ws_live_", Mode.TEST: "ws_test_"}
_PREFIX_CHARS = 8
MOST_OVERLAP = timedelta(days=30)
_USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a key may do: read what is its vendor's, report sales, make offers, change webhooks."""

    READ = "read"
    SALES = "sales:write"
    OFFERS = "offers:write"
    WEBHOOKS = "webhooks:write"


class KeyNotFound(LedgerError):
    """No such API key, or not yours."""

    def __init__(self, key_id: int) -> None:
        super().__init__(f"no API key {key_id}", key_id=key_id)


class KeyEnded(LedgerError):
    """A key that was revoked or has expired is not rotated."""

    def __init__(self, key_id: int) -> None:
        super().__init__(f"API key {key_id} has ended: make a new one", key_id=key_id)


@dataclass(frozen=True, slots=True)
class CallingKey:
    """The key a request was made with."""

    key_id: int
    vendor_id: int
    scopes: frozenset[Scope]


def make(
    session: Session,
    vendor_id: int,
    label: str,
    *,
    scopes: Collection[Scope] = tuple(Scope),
    expires_at: datetime | None = None,
    replaces: int | None = None,
    mode: Mode = Mode.LIVE,
    now: datetime,
) -> tuple[str, ApiKeyRow]:
    """Make a key of a vendor; return it, the only time it is seen, and its row. Raises BadText.

    mode: of the books it lets into; no key lets into both.
    """
    check_text(label, place="label", max_chars=100)
    if not scopes:
        raise BadText("scopes", f"must name at least one of {', '.join(Scope)}")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise BadText("expires_at", "must be an instant in the future, with its offset")
    body = secrets.token_hex(32)
    key = f"{PREFIXES[mode]}{body}{_checksum(body)}"
    row = ApiKeyRow(
        vendor_id=vendor_id,
        label=label,
        prefix=key[: len(PREFIXES[mode]) + 6],
        key_hash=_hash(key),
        scopes=[str(scope) for scope in Scope if scope in scopes],
        created_at=now,
        expires_at=expires_at,
        replaces=replaces,
    )
    session.add(row)
    session.flush()
    return key, row


def of_vendor(session: Session, vendor_id: int) -> list[ApiKeyRow]:
    """List a vendor's keys, oldest first."""
    query = (
        select(ApiKeyRow).where(ApiKeyRow.vendor_id == vendor_id).order_by(col(ApiKeyRow.key_id))
    )
    return list(session.exec(query))


def revoke(session: Session, vendor_id: int, key_id: int, *, now: datetime) -> None:
    """Revoke a key at once; raise KeyNotFound."""
    row = _locked(session, vendor_id, key_id)
    row.revoked_at = row.revoked_at or now
    session.add(row)
    session.flush()


def rotate(
    session: Session, vendor_id: int, key_id: int, *, overlap: timedelta, now: datetime
) -> tuple[str, ApiKeyRow]:
    """Make a key like another, which ends after the overlap, or before if it was to anyway.

    Scopes and label are the old one's; the new key has no end. Raises KeyNotFound, KeyEnded,
    BadText.
    """
    if not timedelta() <= overlap <= MOST_OVERLAP:
        raise BadText("overlap_hours", f"must lie in 0..{MOST_OVERLAP // timedelta(hours=1)}")
    row = _locked(session, vendor_id, key_id)
    if has_ended(row, now=now):
        raise KeyEnded(key_id)
    scopes, mode = [Scope(scope) for scope in row.scopes], mode_of(row)
    made = make(session, vendor_id, row.label, scopes=scopes, replaces=key_id, mode=mode, now=now)
    if overlap:
        row.expires_at = min(row.expires_at or now + overlap, now + overlap)
    else:
        row.revoked_at = now
    session.add(row)
    session.flush()
    return made


def mode_of(row: ApiKeyRow) -> Mode:
    """Return of which books a key is."""
    return Mode.TEST if row.prefix.startswith(PREFIXES[Mode.TEST]) else Mode.LIVE


def has_ended(row: ApiKeyRow, *, now: datetime) -> bool:
    """Whether a key is revoked or has expired."""
    return row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)


def caller_of(session: Session, key: str, *, now: datetime) -> CallingKey | None:
    """Return the key a text is, None if it is unknown, mistyped, revoked or expired.

    The database is asked in every case, so that all refusals take the same time. That a key was
    used is noted once a minute at most.
    """
    row = session.exec(select(ApiKeyRow).where(ApiKeyRow.key_hash == _hash(key))).first()
    prefix, body, check = key[:_PREFIX_CHARS], key[_PREFIX_CHARS:-8], key[-8:]
    is_whole = prefix in PREFIXES.values() and _checksum(body) == check
    if row is None or not is_whole or has_ended(row, now=now):
        return None
    assert row.key_id is not None
    if row.last_used_at is None or row.last_used_at + _USE_NOTED_EVERY <= now:
        session.execute(
            text(
                "UPDATE api_key SET last_used_at = :now WHERE key_id = (SELECT key_id FROM api_key "
                "WHERE key_id = :id FOR NO KEY UPDATE SKIP LOCKED)"
            ),
            {"now": now, "id": row.key_id},
        )
    return CallingKey(row.key_id, row.vendor_id, frozenset(Scope(one) for one in row.scopes))


def check_owner(session: Session, vendor_id: int, key_id: int, *, lock: bool = False) -> None:
    """Raise KeyNotFound unless a key is this vendor's; on request nobody changes it meanwhile."""
    if lock:
        _locked(session, vendor_id, key_id)
        return
    row = session.get(ApiKeyRow, key_id)
    if not row or row.vendor_id != vendor_id:
        raise KeyNotFound(key_id)


def _locked(session: Session, vendor_id: int, key_id: int) -> ApiKeyRow:
    query = select(ApiKeyRow).where(ApiKeyRow.key_id == key_id).with_for_update()
    row = session.exec(query).first()
    if not row or row.vendor_id != vendor_id:
        raise KeyNotFound(key_id)
    return row


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
