"""What lies in unmatched pools and was released, by month over all vendors: for everybody."""

from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver

FEWEST_VENDORS = 3
"""With fewer a total would say what one vendor sold: no amount is told then."""


@dataclass(frozen=True, slots=True)
class MonthOfPools:
    """Nanos of one month and currency; None for what fewer than three vendors put in."""

    month: Period
    currency: str
    in_pool_nanos: int | None
    released_nanos: int | None


_MONTHS = """
WITH lies AS (
    SELECT right(a.name, 7) AS month, a.currency, a.name, -sum(d.delta) AS nanos, 0 AS released
    FROM account a JOIN balance_delta d USING (account_id)
    WHERE starts_with(a.name, 'pool:unmatched:') GROUP BY 1, 2, 3),
gave AS (
    SELECT to_char(r.month / 100, 'FM0000') || '-' || to_char(r.month %% 100, 'FM00') AS month,
        r.currency, 'pool:unmatched:' || v.slug || ':' || to_char(r.month / 100, 'FM0000') || '-'
        || to_char(r.month %% 100, 'FM00') AS name, 0 AS nanos,
        sum(s.principal_nanos + s.interest_nanos) AS released
    FROM pool_release r JOIN pool_step s USING (pool_release_id)
    JOIN party v ON v.party_id = r.vendor_id GROUP BY 1, 2, 3)
SELECT month, currency, sum(nanos), sum(released), count(DISTINCT name)
FROM (SELECT * FROM lies UNION ALL SELECT * FROM gave) AS either
WHERE nanos <> 0 OR released <> 0 GROUP BY 1, 2 ORDER BY 1, 2
"""


def by_month(session: Session) -> list[MonthOfPools]:
    """List months of sale with something in a pool or released of it, oldest first."""
    found = []
    for month, currency, nanos, released, vendors in driver(session).execute(_MONTHS, ()):
        told = vendors >= FEWEST_VENDORS
        found.append(
            MonthOfPools(
                Period.parse(month),
                currency,
                int(nanos) if told else None,
                int(released) if told else None,
            )
        )
    return found
