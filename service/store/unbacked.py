"""What of a holder's earnings vendors' receipts stand behind, as of the end of a period."""

from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class Earning:
    """What one vendor's lines released to a holder in a period, and how much of it is backed."""

    vendor: str
    period: Period
    earned_nanos: int
    backed_nanos: int


_EARNINGS = """
WITH earned AS (
    SELECT l.vendor_id, r.period, sum(p.nanos) AS nanos
    FROM release r JOIN release_part p USING (release_id) JOIN line l USING (line_id)
    WHERE p.holder_id = %(holder)s AND l.currency = %(currency)s AND r.period <= %(period)s
    GROUP BY 1, 2),
backed AS (
    SELECT b.vendor_id, p.period, sum(p.nanos) AS nanos
    FROM backing b JOIN backing_part p USING (backing_id)
    LEFT JOIN journal_entry e ON e.kind = 5 AND e.source_id = b.backing_id
    WHERE p.holder_id = %(holder)s AND b.currency = %(currency)s
        AND coalesce(e.period, p.period) <= %(period)s
    GROUP BY 1, 2)
SELECT v.slug, period, coalesce(e.nanos, 0), coalesce(b.nanos, 0)
FROM earned e FULL JOIN backed b USING (vendor_id, period)
JOIN party v ON v.party_id = vendor_id ORDER BY period, v.slug
"""


def of_holder(session: Session, holder_id: int, currency: str, until: Period) -> list[Earning]:
    """List a holder's earnings by vendor and period, oldest first, as they stood after a period."""
    facts = {"holder": holder_id, "currency": currency, "period": until.number}
    rows = driver(session).execute(_EARNINGS, facts)
    return [
        Earning(vendor, Period(period), int(earned), int(backed))
        for vendor, period, earned, backed in rows
    ]
