"""Sales that could not be settled, with the reason and the facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period


@dataclass(frozen=True, slots=True)
class QuarantinedSale:
    """One sale put aside; ``reason`` is the code of the rule that it broke."""

    sale_id: int
    vendor: str
    external_id: str
    period: Period
    reason: str
    facts: Mapping[str, object]
    quarantined_at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """How many sales were put aside by one rule, and since when the oldest waits."""

    reason: str
    sale_count: int
    oldest_at: datetime


def page(
    session: Session, *, before: int | None, limit: int, reason: str = ""
) -> list[QuarantinedSale]:
    """List quarantined sales, newest number first, below one number, on request of one rule."""
    rows = session.execute(
        text(
            "SELECT sale_id, v.name, s.external_id, q.period, q.reason, q.facts, q.quarantined_at "
            "FROM quarantine q JOIN sale s USING (sale_id) JOIN party v ON party_id = q.vendor_id "
            "WHERE (CAST(:before AS bigint) IS NULL OR sale_id < :before) "
            "AND (:reason = '' OR q.reason = :reason) ORDER BY sale_id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "reason": reason},
    )
    return [QuarantinedSale(r[0], r[1], r[2], Period(r[3]), r[4], r[5], r[6]) for r in rows]


def release(session: Session, sale_id: int) -> None:
    """Take a sale out of quarantine, in the commit that settles it or puts it back."""
    session.execute(text("DELETE FROM quarantine WHERE sale_id = :sale"), {"sale": sale_id})


def count(session: Session) -> int:
    """Count all quarantined sales."""
    return int(session.execute(text("SELECT count(*) FROM quarantine")).scalar_one())


def reasons(session: Session) -> list[Reason]:
    """Count quarantined sales by the rule that each broke, the oldest first."""
    rows = session.execute(
        text(
            "SELECT reason, count(*), min(quarantined_at) FROM quarantine "
            "GROUP BY reason ORDER BY 3, 1"
        )
    )
    return [Reason(*row) for row in rows]


def of_reason(session: Session, reason: str, *, sale_ids: Sequence[int] | None = None) -> list[int]:
    """Return the numbers of the sales that one rule put aside, in order; or of these those."""
    rows = session.execute(
        text(
            "SELECT sale_id FROM quarantine WHERE reason = :reason "
            "AND (CAST(:ids AS bigint[]) IS NULL OR sale_id = ANY(:ids)) ORDER BY sale_id"
        ),
        {"reason": reason, "ids": None if sale_ids is None else list(sale_ids)},
    )
    return [int(row[0]) for row in rows]
