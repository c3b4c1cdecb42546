"""Sales that could not be settled, with the reason and the facts."""

from collections.abc import Mapping
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


def page(session: Session, *, before: int | None, limit: int) -> list[QuarantinedSale]:
    """List quarantined sales, newest number first, below one number."""
    rows = session.execute(
        text(
            "SELECT sale_id, v.name, s.external_id, q.period, q.reason, q.facts, q.quarantined_at "
            "FROM quarantine q JOIN sale s USING (sale_id) JOIN party v ON party_id = q.vendor_id "
            "WHERE CAST(:before AS bigint) IS NULL OR sale_id < :before "
            "ORDER BY sale_id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit},
    )
    return [QuarantinedSale(r[0], r[1], r[2], Period(r[3]), r[4], r[5], r[6]) for r in rows]


def release(session: Session, sale_id: int) -> None:
    """Take a sale out of quarantine, in the commit that settles it or puts it back."""
    session.execute(text("DELETE FROM quarantine WHERE sale_id = :sale"), {"sale": sale_id})


def count(session: Session) -> int:
    """Count all quarantined sales."""
    return int(session.execute(text("SELECT count(*) FROM quarantine")).scalar_one())
