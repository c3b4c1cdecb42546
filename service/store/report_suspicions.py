"""Signs in a vendor's month, counted from its sales, a sample of its texts, and bills."""

from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.reconciliation import Compared, UsageKey
from service.ledger.report_suspicion import Sign, Suspicion, is_garbled
from service.ledger.tiers import Tier
from service.store import terms
from service.store.database import driver

MOST_TEXTS = 500
_MOST_CHARS = 2_000

_TEXTS = """
SELECT count(*), count(*) FILTER (WHERE s.text_hash IS NULL),
    count(*) FILTER (WHERE s.text_hash IS NOT NULL AND s.text_chars * 2 < s.output_tokens)
FROM work_batch b JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
WHERE b.vendor_id = %s AND b.period = %s AND s.tier = ANY(%s)
"""
_SAMPLE = """
SELECT left(o.body, %s) FROM (
    SELECT DISTINCT ON (s.text_hash) s.text_hash, s.sale_id
    FROM work_batch b JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
    WHERE b.vendor_id = %s AND b.period = %s AND s.tier = ANY(%s) AND s.text_hash IS NOT NULL
    ORDER BY s.text_hash, s.sale_id) AS d
JOIN LATERAL (SELECT body FROM output_text t WHERE t.vendor_id = %s
    AND t.text_hash = d.text_hash AND t.body IS NOT NULL LIMIT 1) AS o ON true
ORDER BY d.text_hash LIMIT %s
"""
_PRICES = """
SELECT DISTINCT ON (w.day, w.model, w.currency) w.day, w.model, w.currency, w.billed_tokens,
    w.reported_tokens, w.billed_nanos, w.reported_nanos
FROM reconciliation r JOIN reconciliation_row w USING (reconciliation_id)
WHERE r.vendor_id = %s AND w.day >= %s AND w.day < %s
ORDER BY w.day, w.model, w.currency, r.reconciliation_id DESC
"""


def of_month(session: Session, vendor_id: int, month: Period) -> list[Suspicion]:
    """Count every sign of a month; tiers without an IP pool have no reason to hide texts.

    Texts are sampled by their hash, 500 distinct ones, each by its first 2,000 characters; of
    fingerprints and erased texts nothing can be said. Prices are of the newest bill of each day.
    """
    tiers = _pool_tiers(session, vendor_id, month)
    connection = driver(session)
    counted = connection.execute(_TEXTS, (vendor_id, month.number, tiers)).fetchone()
    assert counted
    whole, without, cut = counted
    sample = (_MOST_CHARS, vendor_id, month.number, tiers, vendor_id, MOST_TEXTS)
    texts = [row[0] for row in connection.execute(_SAMPLE, sample)]
    prices = [
        Compared(UsageKey(day, model, currency), *map(int, figures))  # type: ignore[arg-type]
        for day, model, currency, *figures in connection.execute(
            _PRICES, (vendor_id, month.first_day, month.next().first_day)
        )
    ]
    return [
        Suspicion(Sign.TEXT_WITHHELD, without, whole),
        Suspicion(Sign.TEXT_CUT, cut, whole),
        Suspicion(Sign.TEXT_GARBLED, sum(map(is_garbled, texts)), len(texts)),
        Suspicion(Sign.PRICE_ABOVE_TIER, sum(one.price_above_tier for one in prices), len(prices)),
    ]


def _pool_tiers(session: Session, vendor_id: int, month: Period) -> list[int]:
    """List tiers that bear a pool by any contract that counts in the month."""
    contracts = terms.of_vendors(session, [vendor_id])[vendor_id].contracts
    before = [one for one in contracts if one.valid_from < month.next().first_day]
    starts = [one.valid_from for one in before if one.valid_from <= month.first_day]
    counting = [one for one in before if not starts or one.valid_from >= max(starts)]
    return [tier.number for tier in Tier if any(one.pool_rate(tier) for one in counting)]
