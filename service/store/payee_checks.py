"""Checks of payees as rows: who checked what, when, by what evidence, until when it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service.ledger.payee import Check, CheckKind, CheckOutcome
from service.store import parties
from service.store.database import driver
from service.store.text_rules import BadText, check_text


@dataclass(frozen=True, slots=True)
class NewCheck:
    """What a check came to. ``screened_by``: the list asked; ``matches``: what was found on it."""

    payee_id: int
    kind: CheckKind
    outcome: CheckOutcome
    evidence: str
    expires_on: date | None = None
    screened_by: str = ""
    matches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """A check as it was recorded."""

    check_id: int
    check: NewCheck
    checked_by: str
    checked_at: datetime


def add(session: Session, new: NewCheck, *, by: str, now: datetime) -> int:
    """Record a check; the newest of its kind counts. Raises UnknownHolder, BadText.

    An operator's decision about a hit keeps what the screen had found, so that the same names found
    again need no second decision.
    """
    parties.check_holders(session, [new.payee_id])
    check_text(new.evidence, place="evidence", max_chars=500)
    if new.outcome is CheckOutcome.HIT and not new.matches:
        raise BadText("outcome", "hit is what a screen finds; record passed or failed")
    if new.expires_on is not None and new.expires_on < now.date():
        raise BadText("expires_on", f"is {new.expires_on}, in the past")
    matches = new.matches
    if new.kind is CheckKind.SANCTIONS and not new.screened_by:
        before = newest(session, [new.payee_id]).get((new.payee_id, new.kind))
        matches = matches or (before.check.matches if before else ())
    row = (
        driver(session)
        .execute(
            "INSERT INTO payee_check (party_id, kind, outcome, evidence, expires_on, screened_by, "
            "matches, checked_by, checked_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "RETURNING check_id",
            (
                *(new.payee_id, str(new.kind), str(new.outcome), new.evidence, new.expires_on),
                *(new.screened_by, list(matches), by, now),
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


_COLUMNS = (
    "party_id, kind, outcome, evidence, expires_on, screened_by, matches, check_id, checked_by, "
    "checked_at"
)


def newest(session: Session, payee_ids: Sequence[int]) -> dict[tuple[int, CheckKind], StoredCheck]:
    """Return the check of each kind that counts."""
    rows = driver(session).execute(
        f"SELECT DISTINCT ON (party_id, kind) {_COLUMNS} FROM payee_check "  # noqa: S608
        "WHERE party_id = ANY(%s) ORDER BY party_id, kind, check_id DESC",
        (list(payee_ids),),
    )
    found = [_stored(*row) for row in rows]
    return {(one.check.payee_id, one.check.kind): one for one in found}


def history(session: Session, payee_id: int) -> list[StoredCheck]:
    """Return all checks of a payee, oldest first."""
    rows = driver(session).execute(
        f"SELECT {_COLUMNS} FROM payee_check WHERE party_id = %s ORDER BY check_id",  # noqa: S608
        (payee_id,),
    )
    return [_stored(*row) for row in rows]


def counting(session: Session, payee_ids: Sequence[int]) -> dict[int, dict[CheckKind, Check]]:
    """Return what counts of each payee's checks."""
    found: dict[int, dict[CheckKind, Check]] = {number: {} for number in payee_ids}
    for (number, kind), one in newest(session, payee_ids).items():
        found[number][kind] = Check(one.check.outcome, one.check.expires_on)
    return found


def _stored(
    payee_id: int,
    kind: str,
    outcome: str,
    evidence: str,
    expires_on: date | None,
    screened_by: str,
    matches: list[str],
    number: int,
    by: str,
    at: datetime,
) -> StoredCheck:
    check = NewCheck(
        payee_id,
        CheckKind(kind),
        CheckOutcome(outcome),
        evidence,
        expires_on,
        screened_by,
        tuple(matches),
    )
    return StoredCheck(number, check, by, at)
