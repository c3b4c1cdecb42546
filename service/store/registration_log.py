"""The registration log: every registered text gets its place in it, and a signature of ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import text
from sqlmodel import Session

from service.ledger import registration
from service.ledger.errors import LedgerError
from service.ledger.registration import LogEntry, Registration
from service.store.database import driver

_MOST_ENTRIES = 1_000


class ReceiptWaiting(LedgerError):
    """A text is registered, but a worker has not taken it into the log yet."""

    def __init__(self, work_id: int, edition_no: int) -> None:
        super().__init__(
            f"edition {edition_no} of work {work_id} waits to be logged: ask again in a moment",
            work_id=work_id,
            edition_no=edition_no,
        )


class EditionNotFound(LedgerError):
    """A work has no edition of this number."""

    def __init__(self, work_id: int, edition_no: int) -> None:
        super().__init__(
            f"work {work_id} has no edition {edition_no}", work_id=work_id, edition_no=edition_no
        )


class Signer(Protocol):
    """Signs receipts. ``key_id``: SHA-256 of the public key, in hex."""

    @property
    def key_id(self) -> str:
        """Name the key."""
        ...

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the Ed25519 public key."""
        ...

    def sign(self, said: bytes) -> bytes:
        """Return the signature of 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Unlogged:
    """A text that waits for its entry. ``body``: None where it was erased."""

    text_id: int
    title: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """What was computed of a text before it is logged; detected_language: None where unsure."""

    text_id: int
    iscc: str
    detected_language: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry of the log as it was signed."""

    entry: LogEntry
    text_id: int
    key_id: str
    signature: bytes

    def document(self) -> dict[str, object]:
        """Return the receipt as the JSON of its file."""
        return registration.document(self.entry, self.key_id, self.signature)


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """A public key that receipts were signed with."""

    key_id: str
    public_key: bytes
    first_used_at: datetime


def any_waiting(session: Session) -> bool:
    """Whether a text waits to be logged."""
    query = text("SELECT EXISTS (SELECT 1 FROM work WHERE iscc IS NULL)")
    return bool(session.execute(query).scalar_one())


def waiting(session: Session, *, most_chars: int) -> list[Unlogged]:
    """Return the oldest texts that wait to be logged: at least one, if any."""
    rows = session.execute(
        text(
            "SELECT work_id, title, body FROM (SELECT w.work_id, w.title, t.body, "
            "sum(w.text_chars) OVER (ORDER BY w.work_id) - w.text_chars AS before "
            "FROM (SELECT * FROM work WHERE iscc IS NULL ORDER BY work_id LIMIT 256) AS w "
            "LEFT JOIN work_text t USING (work_id)) AS counted WHERE before < :most "
            "ORDER BY work_id"
        ),
        {"most": most_chars},
    )
    return [Unlogged(*row) for row in rows]


def append(
    session: Session, described: Sequence[Described], signer: Signer, *, now: datetime
) -> int:
    """Log texts in the order given, each signed; return how many.

    The caller is the only one that logs. A text that is logged already is left as it is.
    """
    keep_key(session, signer, now=now)
    last, count = newest(session), 0
    for one in described:
        said = _registration(session, one, now=now)
        if said is None:
            continue
        last = registration.append(last, said.fields)
        signature = signer.sign(registration.signed_bytes(last, signer.key_id))
        _insert(session, Receipt(last, one.text_id, signer.key_id, signature), now=now)
        count += 1
    return count


def _registration(session: Session, one: Described, *, now: datetime) -> Registration | None:
    row = session.execute(
        text(
            "UPDATE work SET iscc = :iscc, detected_language = :language "
            "WHERE work_id = :id AND iscc IS NULL "
            "RETURNING coalesce(edition_of, work_id), edition_no, content_hash, registered_at"
        ),
        {"iscc": one.iscc, "language": one.detected_language, "id": one.text_id},
    ).first()
    if row is None:
        return None
    holders = session.execute(
        text(
            "SELECT unnest(holder_ids) AS h FROM rights_version WHERE work_id = :work "
            "AND superseded_at IS NULL AND lower(days) = (SELECT min(lower(days)) "
            "FROM rights_version WHERE work_id = :work AND superseded_at IS NULL) ORDER BY h"
        ),
        {"work": row[0]},
    ).scalars()
    return Registration(row[0], row[1], bytes(row[2]), one.iscc, tuple(holders), row[3], now)


def _insert(session: Session, receipt: Receipt, *, now: datetime) -> None:
    driver(session).execute(
        "INSERT INTO registration (position, text_id, leaf, path, root, key_id, signature, "
        "logged_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            receipt.entry.position,
            receipt.text_id,
            json.dumps(dict(receipt.entry.fields)),
            list(receipt.entry.path),
            receipt.entry.root,
            receipt.key_id,
            receipt.signature,
            now,
        ),
    )


def keep_key(session: Session, signer: Signer, *, now: datetime) -> None:
    """Keep the public key that is signed with, once."""
    session.execute(
        text(
            "INSERT INTO receipt_key (key_id, public_key, first_used_at) "
            "VALUES (:id, :public, :now) ON CONFLICT DO NOTHING"
        ),
        {"id": signer.key_id, "public": signer.public_key, "now": now},
    )


_SELECT = "SELECT position, text_id, leaf, path, root, key_id, signature FROM registration "


def _receipt(row: Sequence[object]) -> Receipt:
    position, text_id, leaf, path, root, key_id, signature = row
    assert isinstance(leaf, Mapping)
    assert isinstance(path, list)
    entry = LogEntry(
        int(str(position)), dict(leaf), tuple(bytes(one) for one in path), _bytes(root)
    )
    return Receipt(entry, int(str(text_id)), str(key_id), _bytes(signature))


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes | memoryview)
    return bytes(value)


def newest(session: Session) -> LogEntry | None:
    """Return the last entry of the log, None while it is empty."""
    query = _SELECT + "ORDER BY position DESC LIMIT 1"
    row = driver(session).execute(query.encode()).fetchone()
    return _receipt(row).entry if row else None


def after(session: Session, position: int, *, limit: int = _MOST_ENTRIES) -> list[Receipt]:
    """Return the entries that follow a position, in order."""
    query = _SELECT + "WHERE position > %s ORDER BY position LIMIT %s"
    rows = driver(session).execute(query.encode(), (position, limit)).fetchall()
    return [_receipt(row) for row in rows]


def of_edition(session: Session, work_id: int, edition_no: int) -> Receipt:
    """Return the receipt of an edition; raise EditionNotFound, or ReceiptWaiting."""
    found = session.execute(
        text(
            "SELECT work_id FROM work WHERE edition_no = :no "
            "AND CASE WHEN :no = 1 THEN work_id = :work ELSE edition_of = :work END"
        ),
        {"no": edition_no, "work": work_id},
    ).scalar()
    if found is None:
        raise EditionNotFound(work_id, edition_no)
    query = _SELECT + "WHERE text_id = %s"
    row = driver(session).execute(query.encode(), (found,)).fetchone()
    if row is None:
        raise ReceiptWaiting(work_id, edition_no)
    return _receipt(row)


def keys(session: Session) -> list[ReceiptKey]:
    """List the public keys that receipts were signed with, oldest first."""
    rows = session.execute(
        text(
            "SELECT key_id, public_key, first_used_at FROM receipt_key "
            "ORDER BY first_used_at, key_id"
        )
    )
    return [ReceiptKey(key_id, bytes(public), at) for key_id, public, at in rows]


def content_hashes(session: Session, text_ids: Sequence[int]) -> dict[int, str]:
    """Return the hashes of registered texts, in hex, by the number of the text."""
    rows = driver(session).execute(
        "SELECT work_id, encode(content_hash, 'hex') FROM work WHERE work_id = ANY(%s)",
        (list(text_ids),),
    )
    return {int(text_id): str(digest) for text_id, digest in rows}
