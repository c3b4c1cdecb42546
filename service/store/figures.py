"""Figures of a period: where each tier's money went, which works earned, what was unmatched."""

from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class TierFlow:
    """What the sales of one tier brought and where it went; nanos by destination."""

    tier: Tier
    currency: str
    sales_count: int
    output_tokens: int
    gross_nanos: int
    to: dict[str, int]


_FLOWS = """
SELECT s.tier, s.currency,
    CASE WHEN a.name LIKE 'party:%%' THEN split_part(a.name, ':', 2)
         WHEN a.name LIKE 'vendor:%%:kept' THEN 'vendor'
         WHEN a.name = 'platform:fee' THEN 'platform fee'
         WHEN a.name LIKE 'line:%%' THEN 'works'
         ELSE 'unmatched' END AS destination, -sum(p.amount_nanos)
FROM posting p JOIN sale s ON s.sale_id = p.source_id JOIN account a USING (account_id)
WHERE p.kind = 1 AND p.period = %s
    AND a.name NOT LIKE '%%:receivable' AND a.name NOT LIKE '%%:settled-direct'
GROUP BY 1, 2, 3
"""

_TIERS = """
SELECT s.tier, s.currency, count(*), sum(s.output_tokens), sum(s.gross_nanos)
FROM sale s JOIN work_batch b ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
LEFT JOIN quarantine q ON q.sale_id = s.sale_id
WHERE s.period = %s AND b.period = s.period AND b.stage = 3 AND q.sale_id IS NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


def tier_flows(session: Session, period: Period) -> list[TierFlow]:
    """Return the flows of a period's settled sales by tier, before any refund."""
    connection = driver(session)
    to: dict[tuple[int, str], dict[str, int]] = {}
    for tier, currency, destination, nanos in connection.execute(_FLOWS, (period.number,)):
        to.setdefault((tier, currency), {})[destination] = int(nanos)
    return [
        TierFlow(
            Tier.numbered(tier),
            currency,
            count,
            int(tokens),
            int(gross),
            to.get((tier, currency), {}),
        )
        for tier, currency, count, tokens, gross in connection.execute(_TIERS, (period.number,))
    ]


@dataclass(frozen=True, slots=True)
class EarningWork:
    """What one work was credited in a period, after the fee."""

    work_id: int
    title: str
    holders: tuple[str, ...]
    currency: str
    sales_count: int
    nanos: int


def best_earning(session: Session, period: Period, *, limit: int) -> list[EarningWork]:
    """Return the works whose lines a closed period released most for."""
    rows = driver(session).execute(
        "SELECT w.work_id, w.title, l.currency, sum(c.sales_count), sum(c.nanos), "
        "ARRAY(SELECT p.name FROM rights_version v JOIN party p ON p.party_id = ANY (v.holder_ids) "
        "WHERE v.work_id = w.work_id AND upper_inf(v.days) AND v.superseded_at IS NULL "
        "ORDER BY p.name) "
        "FROM release r JOIN release_credit c USING (release_id) JOIN line l USING (line_id) "
        "JOIN work w USING (work_id) WHERE r.period = %s GROUP BY w.work_id, w.title, l.currency "
        "ORDER BY sum(c.nanos) DESC, w.work_id LIMIT %s",
        (period.number, limit),
    )
    return [EarningWork(i, t, tuple(h), c, int(n), int(nanos)) for i, t, c, n, nanos, h in rows]


@dataclass(frozen=True, slots=True)
class UnmatchedPool:
    """What no work claimed of one vendor's pools in a month of sale."""

    vendor: str
    currency: str
    pool_nanos: int
    unmatched_nanos: int


def unmatched(session: Session, month: Period) -> list[UnmatchedPool]:
    """Return the unmatched pools of a month of sale, with the pools they are part of."""
    rows = driver(session).execute(
        "SELECT v.name, s.currency, "
        "-sum(p.amount_nanos) FILTER (WHERE a.name LIKE 'line:%%' OR a.name LIKE 'pool:%%' "
        "OR a.name = 'platform:fee'), "
        "coalesce(-sum(p.amount_nanos) FILTER (WHERE a.name LIKE 'pool:%%'), 0) "
        "FROM posting p JOIN sale s ON s.sale_id = p.subject_sale_id "
        "JOIN account a USING (account_id) JOIN party v ON v.party_id = s.vendor_id "
        "WHERE p.kind IN (1, 2) AND s.period = %s GROUP BY v.name, s.currency ORDER BY v.name",
        (month.number,),
    )
    return [UnmatchedPool(v, c, int(pool or 0), int(left)) for v, c, pool, left in rows]
