"""Who is paid in a holder's place, and who has died, as rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from service.ledger import succession
from service.ledger.errors import LedgerError
from service.ledger.succession import Assignment, AssignmentKind
from service.store import parties, payouts
from service.store.database import driver
from service.store.text_rules import BadText, check_text


class AssignmentNotFound(LedgerError):
    """No such assignment that has not ended."""

    def __init__(self, assignment_id: int) -> None:
        super().__init__(f"no assignment {assignment_id} in force", assignment_id=assignment_id)


def add(session: Session, new: Assignment, *, evidence: str, by: str, now: datetime) -> Assignment:
    """Record who is paid in a holder's place (its number is given here).

    No payout is planned or reserved meanwhile. Raises BadAssignment, UnknownHolder, BadText.
    """
    parties.check_holders(session, [new.holder_id, new.payee_id])
    check_text(evidence, place="evidence", max_chars=500)
    connection = driver(session)
    payouts.lock(session)
    succession.check_new(new, everything(session), today=now.date())
    row = connection.execute(
        "INSERT INTO payee_assignment (holder_id, payee_id, kind, ppm, from_on, evidence, made_by, "
        "made_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING assignment_id",
        (new.holder_id, new.payee_id, str(new.kind), new.ppm, new.from_on, evidence, by, now),
    ).fetchone()
    assert row
    return replace(new, assignment_id=int(row[0]))


def end(session: Session, assignment_id: int, *, on: date, now: datetime) -> None:
    """Let an assignment count until the day before one; of statements that are out nothing changes.

    Raises AssignmentNotFound, BadText for a day that is not after today.
    """
    if on <= now.date():
        raise BadText("on", f"is {on}, which is not after today: statements are out")
    done = driver(session).execute(
        "UPDATE payee_assignment SET ended_on = greatest(%s, from_on) "
        "WHERE assignment_id = %s AND ended_on IS NULL",
        (on, min(assignment_id, 2**63 - 1)),
    )
    if not done.rowcount:
        raise AssignmentNotFound(assignment_id)


_COLUMNS = "assignment_id, holder_id, payee_id, kind, ppm, from_on, ended_on"


def everything(session: Session) -> list[Assignment]:
    """Return all assignments there ever were: they are few."""
    rows = driver(session).execute(
        f"SELECT {_COLUMNS} FROM payee_assignment ORDER BY assignment_id"  # noqa: S608
    )
    return [_assignment(*row) for row in rows]


def _assignment(
    number: int, holder: int, payee: int, kind: str, ppm: int, from_on: date, ended: date | None
) -> Assignment:
    return Assignment(number, holder, payee, AssignmentKind(kind), ppm, from_on, ended)


def add_death(
    session: Session, payee_id: int, *, on: date, evidence: str, by: str, now: datetime
) -> None:
    """Record that a payee has died: payments wait for an estate. Raises UnknownHolder, BadText."""
    parties.check_holders(session, [payee_id])
    check_text(evidence, place="evidence", max_chars=500)
    if on > now.date():
        raise BadText("on", f"is {on}, in the future")
    driver(session).execute(
        "INSERT INTO payee_death (party_id, died_on, evidence, made_by, made_at) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (party_id) DO NOTHING",
        (payee_id, on, evidence, by, now),
    )


def deaths(session: Session, payee_ids: Sequence[int]) -> dict[int, date]:
    """Return on which day those of these payees died that are dead."""
    rows = driver(session).execute(
        "SELECT party_id, died_on FROM payee_death WHERE party_id = ANY(%s)", (list(payee_ids),)
    )
    return dict(rows.fetchall())
