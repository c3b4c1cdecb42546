"""Late matches: earlier unmatched sales that a work registered since may have a claim on (D16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import attributions
from service.store.attributions import EvidenceRow, written
from service.store.text_rules import check_text

OPEN, APPROVED, DISMISSED = "open", "approved", "dismissed"
MAX_REASON_CHARS = 4_000


class LateMatchNotFound(LedgerError):
    """No such late match."""

    def __init__(self, late_match_id: int) -> None:
        super().__init__(f"no late match {late_match_id}", late_match_id=late_match_id)


class LateMatchDecided(LedgerError):
    """A late match was to be decided twice."""

    def __init__(self, late_match_id: int, state: str) -> None:
        super().__init__(
            f"late match {late_match_id} is {state} already",
            late_match_id=late_match_id,
            state=state,
        )


@dataclass(frozen=True, slots=True)
class LateWork:
    """A work that looks for earlier sales: registered when, and known here since when."""

    work_id: int
    registered_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewMatch:
    """A proposal: this part of an output, in ppm of the whole, of sales in [from, until)."""

    work_id: int
    attribution_id: int
    share_ppm: int
    evidence: Sequence[EvidenceRow]
    claim_from: datetime
    claim_until: datetime


@dataclass(frozen=True, slots=True)
class LateMatch:
    """A proposal with what an operator needs: when the work came here, when the sales were.

    ``created_at``: when the work was entered; ``registered_at``: as of when it is registered.
    """

    late_match_id: int
    work_id: int
    title: str
    registered_at: datetime
    created_at: datetime
    attribution_id: int
    share_ppm: int
    state: str
    sales_count: int
    first_sold_at: datetime | None
    last_sold_at: datetime | None
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class ApprovedSale:
    """A sale on which a work has an approved late claim of a part in ppm of the whole output."""

    late_match_id: int
    work_id: int
    sale_id: int
    sold_at: datetime
    share_ppm: int


def unsearched(session: Session, *, limit: int) -> list[LateWork]:
    """Return the oldest examined works whose earlier sales nobody has looked for yet."""
    query = text(
        "SELECT work_id, registered_at, created_at FROM work WHERE late_searched_at IS NULL "
        "AND examined_at IS NOT NULL AND NOT commons ORDER BY work_id LIMIT :limit"
    )
    return [LateWork(*row) for row in session.execute(query, {"limit": limit})]


def work(session: Session, work_id: int) -> LateWork | None:
    """Return one work that may have late claims; None for none, unexamined or of the commons."""
    query = text(
        "SELECT work_id, registered_at, created_at FROM work "
        "WHERE work_id = :work AND examined_at IS NOT NULL AND NOT commons AND edition_of IS NULL"
    )
    row = session.execute(query, {"work": work_id}).first()
    return LateWork(*row) if row else None


def propose(
    session: Session, matches: Sequence[NewMatch], searched: Sequence[int], *, now: datetime
) -> int:
    """Store proposals and mark works as searched; return how many are new. Safe to run twice."""
    new = 0
    for match in matches:
        values = {
            "work": match.work_id,
            "attribution": match.attribution_id,
            "share": match.share_ppm,
            "evidence": written(match.evidence),
            "from": match.claim_from,
            "until": match.claim_until,
            "now": now,
        }
        made = session.execute(
            text(
                "INSERT INTO late_match (work_id, attribution_id, share_ppm, evidence, "
                "claim_from, claim_until, found_at) "
                "VALUES (:work, :attribution, :share, CAST(:evidence AS jsonb), :from, :until, "
                ":now) ON CONFLICT DO NOTHING RETURNING late_match_id"
            ),
            values,
        )
        new += made.first() is not None
    session.execute(
        text("UPDATE work SET late_searched_at = :now WHERE work_id = ANY(:works)"),
        {"now": now, "works": list(searched)},
    )
    return new


_SELECT = (
    "SELECT m.late_match_id, m.work_id, w.title, w.registered_at, w.created_at, m.attribution_id, "
    "m.share_ppm, m.state, s.n, s.first, s.last, m.found_at, m.decided_at, m.decided_by, m.reason, "
    "m.evidence FROM late_match m JOIN work w USING (work_id) "
    "CROSS JOIN LATERAL (SELECT count(*) AS n, min(sale.sold_at) AS first, "
    "max(sale.sold_at) AS last FROM sale_attribution sa JOIN sale USING (sale_id) "
    "WHERE sa.attribution_id = m.attribution_id "
    "AND sale.sold_at >= m.claim_from AND sale.sold_at < m.claim_until) AS s "
)


def listing(
    session: Session, *, only_open: bool, before: int | None = None, limit: int
) -> list[LateMatch]:
    """List proposals, newest first, below one number."""
    rows = session.execute(
        text(
            _SELECT + "WHERE (NOT :only_open OR m.state = 'open') "
            "AND (CAST(:before AS bigint) IS NULL OR m.late_match_id < :before) "
            "ORDER BY m.late_match_id DESC LIMIT :limit"
        ),
        {"only_open": only_open, "before": before, "limit": limit},
    )
    return [_match(*row) for row in rows]


def get(session: Session, late_match_id: int) -> LateMatch:
    """Return a proposal or raise LateMatchNotFound."""
    row = None
    if 0 < late_match_id < 2**63:
        query = text(_SELECT + "WHERE m.late_match_id = :id")
        row = session.execute(query, {"id": late_match_id}).first()
    if not row:
        raise LateMatchNotFound(late_match_id)
    return _match(*row)


def approve(
    session: Session, late_match_id: int, *, by: str, reason: str, evidence: str, now: datetime
) -> LateMatch:
    """Approve a proposal on evidence that the work existed before the sales; records, pays nothing.

    The evidence is kept in the reason.
    """
    check_text(evidence, place="evidence", max_chars=MAX_REASON_CHARS // 2)
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS // 2)
    whole = f"{reason}\nEvidence of creation: {evidence}"
    return _decide(session, late_match_id, APPROVED, by=by, reason=whole, now=now)


def dismiss(
    session: Session, late_match_id: int, *, by: str, reason: str, now: datetime
) -> LateMatch:
    """Dismiss a proposal."""
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    return _decide(session, late_match_id, DISMISSED, by=by, reason=reason, now=now)


def _decide(
    session: Session, late_match_id: int, state: str, *, by: str, reason: str, now: datetime
) -> LateMatch:
    decided = session.execute(
        text(
            "UPDATE late_match SET state = :state, decided_at = :now, decided_by = :by, "
            "reason = :reason WHERE late_match_id = :id AND state = 'open' RETURNING late_match_id"
        ),
        {"state": state, "now": now, "by": by, "reason": reason, "id": late_match_id},
    ).first()
    found = get(session, late_match_id)
    if not decided:
        raise LateMatchDecided(late_match_id, found.state)
    return found


def approved(session: Session, period: Period) -> list[ApprovedSale]:
    """Return the approved claims on sales of one month: what the ledger has to make good."""
    rows = session.execute(
        text(
            "SELECT m.late_match_id, m.work_id, sale.sale_id, sale.sold_at, m.share_ppm "
            "FROM late_match m JOIN sale_attribution sa USING (attribution_id) "
            "JOIN sale USING (sale_id) WHERE m.state = 'approved' AND sale.period = :period "
            "AND sale.sold_at >= m.claim_from AND sale.sold_at < m.claim_until "
            "ORDER BY sale.sale_id, m.late_match_id"
        ),
        {"period": period.number},
    )
    return [ApprovedSale(*row) for row in rows]


def _match(*row: Any) -> LateMatch:
    fields: tuple[Any, ...] = (*row[:-1], attributions.read(row[-1]))
    return LateMatch(*fields)
