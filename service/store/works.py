"""Works: registration, texts, withdrawal."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from service.ledger.errors import LedgerError
from service.store import identifiers
from service.store.identifiers import Identifier
from service.store.rows import WorkRow
from service.store.text_rules import BadText, check_text
from service.store.work_facts import Kind, Source, check_created_on, check_kind

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
MAX_TEXT_BYTES = 5_000_000
MAX_TITLE_CHARS, MAX_REFERENCE_CHARS = 500, 200


class WorkNotFound(LedgerError):
    """No such work, or not yours."""

    def __init__(self, work_id: int) -> None:
        super().__init__(f"no work {work_id}", work_id=work_id)


class TextTooLong(LedgerError):
    """A text passes the limit of one work."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the text has {size} bytes, at most {MAX_TEXT_BYTES} are taken",
            size=size,
            limit=MAX_TEXT_BYTES,
        )


class TextRegistered(LedgerError):
    """The same text is registered already."""

    def __init__(self, work_id: int) -> None:
        super().__init__(f"this text is registered as work {work_id}", work_id=work_id)


class ReferenceTaken(LedgerError):
    """Another work has this reference."""

    def __init__(self, reference: str, work_id: int) -> None:
        super().__init__(
            f"reference {reference[:80]!r} belongs to work {work_id} with another text",
            reference=reference[:80],
            work_id=work_id,
        )


class WithdrawnAlready(LedgerError):
    """A work was to be withdrawn twice."""

    def __init__(self, work_id: int) -> None:
        super().__init__(f"work {work_id} is withdrawn already", work_id=work_id)


@dataclass(frozen=True, slots=True)
class NewWork:
    """What is registered. ``reference``: the registrant's own id, unique, may be absent.

    created_on: YYYY, YYYY-MM or YYYY-MM-DD. source: the file the text was taken from.
    """

    title: str
    body: str
    language: str
    reference: str | None = None
    kind: str = Kind.OTHER
    created_on: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    source: Source | None = None


def content_hash(body: str) -> bytes:
    """SHA-256 of the NFC text with blanks collapsed: the same text whatever its line ends."""
    return hashlib.sha256(" ".join(unicodedata.normalize("NFC", body).split()).encode()).digest()


def check(work: NewWork) -> NewWork:
    """Return the work if it can be registered; raise BadText or TextTooLong."""
    check_kind(work.kind)
    check_text(work.title, place="title", max_chars=MAX_TITLE_CHARS)
    if not _LANGUAGE.fullmatch(work.language):
        raise BadText("language", "must be a code like en or pt-BR")
    check_body(work.body)
    if work.reference is not None:
        check_text(work.reference, place="id", max_chars=MAX_REFERENCE_CHARS)
    if len(work.identifiers) > identifiers.MOST_OF_A_WORK:
        raise BadText("identifiers", f"are more than {identifiers.MOST_OF_A_WORK}")
    return work


def check_body(body: str) -> None:
    """Raise BadText or TextTooLong where a text cannot be registered."""
    check_text(body, place="text", max_chars=MAX_TEXT_BYTES)
    size = len(body.encode())
    if size > MAX_TEXT_BYTES:
        raise TextTooLong(size)


def register(
    session: Session,
    work: NewWork,
    *,
    registered_at: datetime,
    now: datetime,
    commons: bool = False,
) -> WorkRow:
    """Store a work and its text; the worker embeds it. Raise TextRegistered or ReferenceTaken.

    commons: it is nobody's, so it gets no rights version and nobody asks what it draws on.
    """
    check(work)
    check_created_on(work.created_on, today=now.date())
    digest = lock_text(session, work.body)
    _refuse_reference(session, work, digest)
    refuse_known(session, digest)
    row = WorkRow(
        reference=work.reference,
        title=work.title,
        language=work.language,
        content_hash=digest,
        text_chars=len(work.body),
        registered_at=registered_at,
        created_at=now,
        commons=commons,
        examined_at=now if commons else None,
        kind=work.kind,
        created_on=work.created_on,
    )
    keep_text(session, row, work.body, source=work.source)
    assert row.work_id is not None
    identifiers.give(session, row.work_id, work.identifiers, edition_no=1, now=now)
    return row


def lock_text(session: Session, body: str) -> bytes:
    """Return a text's hash, which nobody else registers until the transaction ends."""
    digest = content_hash(body)
    session.execute(
        text("SELECT pg_advisory_xact_lock(7200000, :lock)"),
        {"lock": int.from_bytes(digest[:4], "big", signed=True)},
    )
    return digest


def keep_text(session: Session, row: WorkRow, body: str, *, source: Source | None) -> None:
    """Store a row with its text and where that came from; the row gets its number."""
    if source is not None:
        row.source_type, row.source_hash = source.kind, source.sha256
        row.source_bytes = source.byte_count
    session.add(row)
    session.flush()
    session.execute(
        text("INSERT INTO work_text (work_id, body) VALUES (:work_id, :body)"),
        {"work_id": row.work_id, "body": body},
    )


def _refuse_reference(session: Session, work: NewWork, digest: bytes) -> None:
    if work.reference is not None:
        same = session.exec(select(WorkRow).where(WorkRow.reference == work.reference)).first()
        if same and same.work_id is not None:
            if same.content_hash == digest:
                raise TextRegistered(same.work_id)
            raise ReferenceTaken(work.reference, same.work_id)


def refuse_known(session: Session, digest: bytes) -> None:
    """Raise TextRegistered where a work that is not withdrawn has this text in any edition."""
    query = select(WorkRow).where(
        WorkRow.content_hash == digest, col(WorkRow.withdrawn_at).is_(None)
    )
    known = session.exec(query).first()
    if known and known.work_id is not None:
        raise TextRegistered(known.edition_of or known.work_id)


def is_registered(session: Session, reference: str, body: str) -> bool:
    """Whether the work of this reference is registered; raise ReferenceTaken for another text."""
    same = session.exec(select(WorkRow).where(WorkRow.reference == reference)).first()
    if same and same.work_id is not None and same.content_hash != content_hash(body):
        raise ReferenceTaken(reference, same.work_id)
    return same is not None


def id_of(session: Session, reference: str) -> int | None:
    """Return the work of a reference, None for none."""
    return session.exec(select(WorkRow.work_id).where(WorkRow.reference == reference)).first()


def get(session: Session, work_id: int) -> WorkRow:
    """Return a work or raise WorkNotFound; a later edition is none of its own."""
    row = session.get(WorkRow, work_id) if -(2**63) <= work_id < 2**63 else None
    if not row or row.edition_of is not None:
        raise WorkNotFound(work_id)
    return row


def text_row(session: Session, text_id: int) -> WorkRow:
    """Return the row of a text, be it a work or a later edition of one; raise WorkNotFound."""
    row = session.get(WorkRow, text_id) if 0 < text_id < 2**63 else None
    if not row:
        raise WorkNotFound(text_id)
    return row


def body_of(session: Session, work_id: int) -> str | None:
    """Return a work's text, None once it was erased."""
    query = text("SELECT body FROM work_text WHERE work_id = :work_id")
    return session.execute(query, {"work_id": work_id}).scalar()


def withdraw(session: Session, work_id: int, *, now: datetime) -> WorkRow:
    """Withdraw a work with all its editions: it earns nothing from sales at or after ``now``.

    What it earned stays. Its identifiers may name another work from now on.
    """
    row = session.get(WorkRow, work_id, with_for_update=True)
    if not row or row.edition_of is not None:
        raise WorkNotFound(work_id)
    if row.withdrawn_at:
        raise WithdrawnAlready(work_id)
    row.withdrawn_at = max(now, row.registered_at)
    session.add(row)
    session.flush()
    session.execute(
        text(
            "UPDATE work SET withdrawn_at = greatest(:at, registered_at) "
            "WHERE edition_of = :work AND withdrawn_at IS NULL"
        ),
        {"at": row.withdrawn_at, "work": work_id},
    )
    identifiers.end(session, work_id, now=now)
    return row


def titles(session: Session, work_ids: Sequence[int]) -> dict[int, str]:
    """Return the titles of these works."""
    query = select(WorkRow.work_id, WorkRow.title).where(col(WorkRow.work_id).in_(work_ids))
    return {int(work_id): title for work_id, title in session.exec(query) if work_id is not None}


def commons_among(session: Session, work_ids: Sequence[int]) -> set[int]:
    """Return which of these works are of the commons."""
    query = select(WorkRow.work_id).where(col(WorkRow.work_id).in_(work_ids), WorkRow.commons)
    return {int(work_id) for work_id in session.exec(query) if work_id is not None}


def page(
    session: Session,
    *,
    holder_id: int | None,
    before: int | None,
    limit: int,
    only_commons: bool = False,
) -> list[WorkRow]:
    """List works, newest first, below one number; of one holder, or of all where it is None."""
    query = select(WorkRow).where(col(WorkRow.edition_of).is_(None))
    query = query.order_by(col(WorkRow.work_id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(WorkRow.work_id) < before)
    if only_commons:
        query = query.where(col(WorkRow.commons))
    if holder_id is not None:
        held = text(
            "work.work_id IN (SELECT work_id FROM rights_version "
            "WHERE holder_ids @> ARRAY[CAST(:holder AS bigint)])"
        )
        query = query.where(held.bindparams(holder=holder_id))
    return list(session.exec(query))
