"""Statements issued again: with other names, the same money, and a reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import printed_names
from service.store.database import driver
from service.store.printed_names import Subject
from service.store.statements import StatementNotFound
from service.store.text_rules import check_text

_NUMBER = re.compile(r"(.+)-R([1-9][0-9]{0,2})", re.ASCII)
_MAX_NAME, _MAX_REASON = 1_000, 1_000


class NothingReissued(LedgerError):
    """A re-issue would print what the document before it prints."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} already has these names: nothing to issue again", number=number)


class NotOnStatement(LedgerError):
    """A name is of somebody or something that a statement does not name."""

    def __init__(self, number: str, subject: Subject) -> None:
        named = f"{subject.subject} {subject.subject_id}"
        super().__init__(f"{number} does not name {named}", number=number)


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """Number of a document: of its statement, and which re-issue of it; 0 is the first issue."""

    statement: str
    revision: int = 0

    @classmethod
    def parse(cls, number: str) -> "DocumentNumber":
        """Read ``2026-01-H7-USD`` or ``2026-01-H7-USD-R1``."""
        found = _NUMBER.fullmatch(number)
        return cls(found[1], int(found[2])) if found else cls(number)

    def __str__(self) -> str:
        return f"{self.statement}-R{self.revision}" if self.revision else self.statement


@dataclass(frozen=True, slots=True)
class Reissue:
    """Why and when a document was issued instead of the one before it."""

    number: DocumentNumber
    replaces: DocumentNumber
    reason: str
    reissued_by: str
    reissued_at: datetime


def get(session: Session, statement_id: int, number: DocumentNumber) -> Reissue:
    """Return a re-issue; raise StatementNotFound."""
    row = (
        driver(session)
        .execute(
            "SELECT reason, reissued_by, reissued_at FROM statement_reissue "
            "WHERE statement_id = %s AND revision = %s",
            (statement_id, number.revision),
        )
        .fetchone()
    )
    if not row:
        raise StatementNotFound(str(number))
    before = DocumentNumber(number.statement, number.revision - 1)
    return Reissue(number, before, row[0], row[1], row[2])


def newest_of(session: Session, statement_ids: Sequence[int]) -> dict[int, int]:
    """Return how often each of these statements was issued again, of those that were."""
    rows = driver(session).execute(
        "SELECT statement_id, max(revision) FROM statement_reissue "
        "WHERE statement_id = ANY(%s) GROUP BY statement_id",
        (list(statement_ids),),
    )
    return dict(rows.fetchall())


def insert(
    session: Session,
    statement_id: int,
    statement: str,
    names: Mapping[Subject, str],
    *,
    reason: str,
    by: str,
    now: datetime,
) -> DocumentNumber:
    """Issue a statement again with other names; return the number of the new document.

    Two at a time: one of them is an integrity error. Raises BadText, NotOnStatement,
    NothingReissued.
    """
    check_text(reason, place="reason", max_chars=_MAX_REASON)
    newest = newest_of(session, [statement_id]).get(statement_id, 0)
    number = DocumentNumber(statement, newest + 1)
    before = printed_names.printed(session, statement_id, revision=newest)
    for subject, name in names.items():
        check_text(name, place=f"{subject.subject} name", max_chars=_MAX_NAME)
        if subject not in before:
            raise NotOnStatement(statement, subject)
    changed = {subject: name for subject, name in names.items() if before[subject] != name}
    if not changed:
        raise NothingReissued(str(DocumentNumber(statement, newest)))
    driver(session).execute(
        "INSERT INTO statement_reissue (statement_id, revision, reason, reissued_by, reissued_at) "
        "VALUES (%s, %s, %s, %s, %s)",
        (statement_id, number.revision, reason, by, now),
    )
    printed_names.insert_reissued(session, statement_id, number.revision, changed)
    return number
