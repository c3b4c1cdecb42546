"""What a vendor sold by day or month, tier and model, and what it owes for that."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store.database import driver

MOST_DAYS = 366


class Step(StrEnum):
    """How long each point of a series is, in UTC."""

    DAY = "day"
    MONTH = "month"


class RangeTooLong(LedgerError):
    """A series was asked over too many days, or one that ends before it starts."""

    def __init__(self) -> None:
        rule = f"ends after it starts and spans at most {MOST_DAYS} days"
        super().__init__(f"the range {rule}", place="until", rule=rule)


@dataclass(frozen=True, slots=True)
class SeriesOrder:
    """What is asked of a vendor: days from the first to the last, both among them.

    tier, model: only these; None for all, "" for sales without a model.
    """

    vendor_id: int
    first: date
    last: date
    step: Step
    tier: Tier | None = None
    model: str | None = None

    def check(self) -> None:
        """Raise RangeTooLong."""
        if not timedelta(0) <= self.last - self.first < timedelta(days=MOST_DAYS):
            raise RangeTooLong


@dataclass(frozen=True, slots=True)
class Point:
    """Sales of one day or month, tier, model and currency; nanos.

    due: the receivable of those that are settled, corrections of them included, whenever posted.
    """

    start: date
    tier: Tier
    model: str
    currency: str
    sales_count: int
    settled_count: int
    output_tokens: int
    gross_nanos: int
    due_nanos: int


_SERIES = """
WITH receivable AS (SELECT a.account_id FROM account a JOIN party v
    ON a.name = 'vendor:' || v.slug || ':receivable' WHERE v.party_id = %(vendor)s),
sold AS (
    SELECT s.sale_id, date_trunc(%(step)s, s.sold_at AT TIME ZONE 'UTC')::date AS start,
        coalesce(n.tier, s.tier) AS tier, coalesce(s.model, '') AS model, s.currency,
        coalesce(n.output_tokens, s.output_tokens) AS tokens,
        coalesce(n.gross_nanos, s.gross_nanos) AS gross
    FROM work_batch b
    JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
    LEFT JOIN LATERAL (SELECT tier, output_tokens, gross_nanos FROM sale_version v
        WHERE v.sale_id = s.sale_id ORDER BY version DESC LIMIT 1) AS n ON true
    WHERE b.vendor_id = %(vendor)s AND b.period BETWEEN %(from)s AND %(until)s
        AND s.sold_at >= %(first)s::date AND s.sold_at < %(last)s::date + 1
        AND (%(tier)s::int IS NULL OR coalesce(n.tier, s.tier) = %(tier)s)
        AND (%(model)s::text IS NULL OR coalesce(s.model, '') = %(model)s)),
posted AS (
    SELECT s.sale_id, bool_or(e.kind = 1) AS settled, sum((SELECT coalesce(sum(u.nanos), 0)
        FROM unnest(e.accounts, e.amounts) AS u (account_id, nanos)
        JOIN receivable USING (account_id))) AS due
    FROM sold s JOIN journal_entry e ON (e.kind = 1 AND e.source_id = s.sale_id)
        OR (e.kind = 2 AND e.subject_sale_id = s.sale_id)
    GROUP BY s.sale_id)
SELECT start, tier, model, currency, count(*), count(*) FILTER (WHERE settled), sum(tokens),
    sum(gross), coalesce(sum(due), 0)
FROM sold LEFT JOIN posted USING (sale_id)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, model COLLATE "C", 4 OFFSET %(after)s LIMIT %(limit)s
"""


def series(session: Session, order: SeriesOrder, *, after: int, limit: int) -> list[Point]:
    """Return points in order of time, tier and model, after the first so many.

    A restated sale counts as it was restated, refunds take from due alone. Raises RangeTooLong.
    """
    order.check()
    facts = {
        "vendor": order.vendor_id,
        "first": order.first,
        "last": order.last,
        "from": Period(order.first.year * 100 + order.first.month).number,
        "until": Period(order.last.year * 100 + order.last.month).number,
        "step": str(order.step),
        "tier": order.tier.number if order.tier else None,
        "model": order.model,
        "after": after,
        "limit": limit,
    }
    rows = driver(session).execute(_SERIES, facts)
    return [
        Point(start, Tier.numbered(tier), model, currency, *map(int, figures))
        for start, tier, model, currency, *figures in rows
    ]
