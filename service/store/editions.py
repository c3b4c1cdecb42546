"""Editions of a work: each a text of its own, all paid as the one work.

The text, the passages and whatever was attributed to an earlier edition stay as they are. A later
one stands in a row of ``work`` with its own instant of registration, so that what is new in it
earns from sales at or after that and no earlier; it has no split of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import identifiers, works
from service.store.identifiers import Identifier
from service.store.registration_log import EditionNotFound
from service.store.rows import WorkRow
from service.store.text_rules import BadText, check_text
from service.store.work_facts import Source, check_created_on
from service.store.works import WithdrawnAlready

MAX_NOTE_CHARS = 200
MOST_EDITIONS = 1_000
MOST_IDENTIFIERS = 500


class TooManyEditions(LedgerError):
    """A work has as many editions as it may have."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"work {work_id} has {MOST_EDITIONS} editions, more are not taken", work_id=work_id
        )


@dataclass(frozen=True, slots=True)
class NewEdition:
    """A further text of a work. ``note``: what is new, may be absent."""

    body: str
    note: str | None = None
    created_on: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition as it is stored. ``text_id``: its row, which passages and evidence name.

    position: in the registration log, None while it waits for that; so is ``iscc``.
    """

    text_id: int
    edition_no: int
    note: str | None
    text_chars: int
    content_hash: bytes
    created_on: str | None
    registered_at: datetime
    withdrawn_at: datetime | None
    embedded_at: datetime | None
    iscc: str | None
    detected_language: str | None
    position: int | None
    source: Source | None


def add(
    session: Session, work_id: int, edition: NewEdition, *, registered_at: datetime, now: datetime
) -> WorkRow:
    """Register a further edition; the worker embeds what is new in it.

    Raises WorkNotFound, WithdrawnAlready, TextRegistered (by this work too), TooManyEditions,
    BadText, TextTooLong.
    """
    _check(edition, now=now)
    digest = works.lock_text(session, edition.body)
    first = _locked(session, work_id)
    works.refuse_known(session, digest)
    newest = _newest_no(session, work_id)
    row = WorkRow(
        title=first.title,
        language=first.language,
        kind=first.kind,
        content_hash=digest,
        text_chars=len(edition.body),
        registered_at=max(registered_at, first.registered_at),
        created_at=now,
        created_on=edition.created_on,
        edition_of=work_id,
        edition_no=newest + 1,
        edition_note=edition.note,
        late_searched_at=now,  # what is new in an edition claims no earlier sales
    )
    works.keep_text(session, row, edition.body, source=edition.source)
    identifiers.give(session, work_id, edition.identifiers, edition_no=row.edition_no, now=now)
    return row


def _check(edition: NewEdition, *, now: datetime) -> None:
    works.check_body(edition.body)
    check_created_on(edition.created_on, today=now.date())
    if edition.note is not None:
        check_text(edition.note, place="note", max_chars=MAX_NOTE_CHARS)
    if len(edition.identifiers) > identifiers.MOST_OF_A_WORK:
        raise BadText("identifiers", f"are more than {identifiers.MOST_OF_A_WORK}")


def _locked(session: Session, work_id: int) -> WorkRow:
    """Return the work, to which nobody else adds an edition until the transaction ends."""
    works.get(session, work_id)
    first = session.get(WorkRow, work_id, with_for_update=True, populate_existing=True)
    assert first is not None, "works are never deleted"
    if first.withdrawn_at:
        raise WithdrawnAlready(work_id)
    if first.commons:
        raise BadText("work_id", "a text of the commons has no editions")
    return first


def _newest_no(session: Session, work_id: int) -> int:
    query = text("SELECT coalesce(max(edition_no), 1) FROM work WHERE edition_of = :work")
    newest = int(session.execute(query, {"work": work_id}).scalar_one())
    if newest >= MOST_EDITIONS:
        raise TooManyEditions(work_id)
    return newest


def give_identifiers(
    session: Session,
    work_id: int,
    given: Sequence[Identifier],
    *,
    edition_no: int,
    now: datetime,
) -> None:
    """Give an edition identifiers; raise EditionNotFound, WithdrawnAlready, IdentifierTaken."""
    _locked(session, work_id)
    if edition_no not in {one.edition_no for one in of_work(session, work_id)}:
        raise EditionNotFound(work_id, edition_no)
    known = {
        Identifier(one.scheme, one.value)
        for one in identifiers.of_works(session, [work_id])[work_id]
    }
    if len(known | set(given)) > MOST_IDENTIFIERS:
        raise BadText("identifiers", f"would be more than {MOST_IDENTIFIERS} of one work")
    identifiers.give(session, work_id, given, edition_no=edition_no, now=now)


def of_work(session: Session, work_id: int) -> list[Edition]:
    """Return the editions of a work, oldest first."""
    rows = session.execute(
        text(
            "SELECT w.work_id, edition_no, edition_note, text_chars, content_hash, created_on, "
            "registered_at, withdrawn_at, embedded_at, iscc, detected_language, "
            "r.position, source_type, source_hash, source_bytes FROM work w "
            "LEFT JOIN registration r ON r.text_id = w.work_id "
            "WHERE w.work_id = :work OR edition_of = :work ORDER BY edition_no"
        ),
        {"work": work_id},
    )
    return [_edition(row) for row in rows]


def _edition(row: Any) -> Edition:
    source = None
    if row.source_type:
        source = Source(row.source_type, bytes(row.source_hash), row.source_bytes)
    return Edition(
        row.work_id,
        row.edition_no,
        row.edition_note,
        row.text_chars,
        bytes(row.content_hash),
        row.created_on,
        row.registered_at,
        row.withdrawn_at,
        row.embedded_at,
        row.iscc or None,
        row.detected_language,
        row.position,
        source,
    )


def body_of(session: Session, work_id: int, edition_no: int) -> str | None:
    """Return the text of an edition, None where there is none or it was erased."""
    query = text(
        "SELECT t.body FROM work w JOIN work_text t USING (work_id) WHERE edition_no = :no "
        "AND CASE WHEN :no = 1 THEN w.work_id = :work ELSE edition_of = :work END"
    )
    return session.execute(query, {"work": work_id, "no": edition_no}).scalar()
