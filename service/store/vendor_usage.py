"""How much a vendor sold in a month, by tier and by state of the sales."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.tiers import Tier


@dataclass(frozen=True, slots=True)
class Usage:
    """Sales of one tier, state and currency."""

    tier: Tier
    state: str
    currency: str
    sales_count: int
    output_tokens: int
    gross_nanos: int


_USAGE = """
SELECT s.tier, CASE WHEN q.sale_id IS NOT NULL THEN 'quarantined'
                    ELSE (ARRAY['reported', 'attributed', 'settled'])[b.stage] END AS state,
    s.currency, count(*), sum(s.output_tokens), sum(s.gross_nanos)
FROM work_batch b
JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
LEFT JOIN quarantine q ON q.sale_id = s.sale_id
WHERE b.vendor_id = :vendor AND b.period = :period
GROUP BY s.tier, state, s.currency ORDER BY s.tier, s.currency, state
"""


def of_month(session: Session, vendor_id: int, month: Period) -> list[Usage]:
    """Sum a vendor's sales of one month, in order of tier."""
    rows = session.execute(text(_USAGE), {"vendor": vendor_id, "period": month.number})
    return [Usage(Tier.numbered(r[0]), r[1], r[2], r[3], int(r[4]), int(r[5])) for r in rows]


def months(session: Session, vendor_id: int) -> list[Period]:
    """List the months a vendor reported sales of, newest first."""
    query = text(
        "SELECT DISTINCT period FROM work_batch WHERE vendor_id = :vendor ORDER BY period DESC"
    )
    return [Period(number) for number in session.execute(query, {"vendor": vendor_id}).scalars()]
