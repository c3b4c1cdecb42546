"""Findings: what a work owes to an earlier one, proposed by examination, decided by an operator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import attributions, owners
from service.store.attributions import EvidenceRow
from service.store.text_rules import check_text

OPEN, CONFIRMED, DISMISSED = "open", "confirmed", "dismissed"
MAX_REASON_CHARS = 2_000


class FindingNotFound(LedgerError):
    """No such finding."""

    def __init__(self, finding_id: int) -> None:
        super().__init__(f"no finding {finding_id}", finding_id=finding_id)


class FindingDecided(LedgerError):
    """A finding was to be decided twice."""

    def __init__(self, finding_id: int, state: str) -> None:
        super().__init__(
            f"finding {finding_id} is {state} already", finding_id=finding_id, state=state
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What work ``work_id`` owes to the earlier ``of_work_id``.

    kind: near-copy or derived; share_ppm: part of its text. In the evidence the later work is the
    output and the earlier one the source.
    """

    finding_id: int
    work_id: int
    title: str
    of_work_id: int
    of_title: str
    of_commons: bool
    kind: str
    share_ppm: int
    state: str
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    evidence: tuple[EvidenceRow, ...]


_SELECT = (
    "SELECT f.finding_id, f.work_id, w.title, f.of_work_id, o.title, o.commons, f.kind, "
    "f.share_ppm, f.state, f.found_at, f.decided_at, f.decided_by, f.reason, f.evidence "
    "FROM finding f JOIN work w ON w.work_id = f.work_id JOIN work o ON o.work_id = f.of_work_id "
)


def listing(
    session: Session, *, only_open: bool, least_ppm: int, before: int | None, limit: int
) -> list[Finding]:
    """List findings of at least a share, newest first, below one number."""
    rows = session.execute(
        text(
            _SELECT + "WHERE (NOT :only_open OR f.state = 'open') AND f.share_ppm >= :least "
            "AND (CAST(:before AS bigint) IS NULL OR f.finding_id < :before) "
            "ORDER BY f.finding_id DESC LIMIT :limit"
        ),
        {"only_open": only_open, "least": least_ppm, "before": before, "limit": limit},
    )
    return [_finding(*row) for row in rows]


def open_count(session: Session) -> int:
    """Count the findings that wait for a decision."""
    query = text("SELECT count(*) FROM finding WHERE state = 'open'")
    return int(session.execute(query).scalar_one())


def get(session: Session, finding_id: int) -> Finding:
    """Return a finding or raise FindingNotFound."""
    row = None
    if 0 < finding_id < 2**63:
        query = text(_SELECT + "WHERE f.finding_id = :finding")
        row = session.execute(query, {"finding": finding_id}).first()
    if not row:
        raise FindingNotFound(finding_id)
    return _finding(*row)


def of_work(session: Session, work_id: int) -> list[Finding]:
    """List what one work owes to others, the largest part first."""
    query = text(_SELECT + "WHERE f.work_id = :work ORDER BY f.share_ppm DESC, f.finding_id")
    return [_finding(*row) for row in session.execute(query, {"work": work_id})]


def of_editions(session: Session, work_id: int) -> list[Finding]:
    """List what the later editions of a work owe to others, edition by edition."""
    query = text(_SELECT + "WHERE w.edition_of = :work ORDER BY w.edition_no, f.finding_id")
    return [_finding(*row) for row in session.execute(query, {"work": work_id})]


def confirm(session: Session, finding_id: int, *, by: str, reason: str, now: datetime) -> Finding:
    """Confirm a finding: what was taken from the earlier work goes on belonging to it."""
    _decide(session, finding_id, CONFIRMED, by=by, reason=reason, now=now)
    return get(session, finding_id)


def dismiss(session: Session, finding_id: int, *, by: str, reason: str, now: datetime) -> Finding:
    """Dismiss a finding: from now on the passages stand for the work they were registered with."""
    _decide(session, finding_id, DISMISSED, by=by, reason=reason, now=now)
    found = get(session, finding_id)
    values = {"work": found.work_id, "of": found.of_work_id}
    session.execute(
        text(
            "UPDATE passage SET origin_passage_id = NULL WHERE work_id = :work "
            "AND origin_passage_id IN (SELECT passage_id FROM passage WHERE work_id = :of)"
        ),
        values,
    )
    session.execute(
        text(
            "UPDATE work SET origin_work_id = NULL WHERE work_id = :work AND origin_work_id = :of"
        ),
        values,
    )
    owners.changed(session, found.work_id, with_copies=True)
    return found


def _decide(
    session: Session, finding_id: int, state: str, *, by: str, reason: str, now: datetime
) -> None:
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    decided = session.execute(
        text(
            "UPDATE finding SET state = :state, decided_at = :now, decided_by = :by, "
            "reason = :reason WHERE finding_id = :finding AND state = 'open' RETURNING finding_id"
        ),
        {"state": state, "now": now, "by": by, "reason": reason, "finding": finding_id},
    ).first()
    if not decided:
        raise FindingDecided(finding_id, get(session, finding_id).state)


def _finding(*row: Any) -> Finding:
    fields: tuple[Any, ...] = (*row[:-1], attributions.read(row[-1]))
    return Finding(*fields)
