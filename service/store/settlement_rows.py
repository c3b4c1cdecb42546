"""What settlement reads: sales of claimed batches, their shares, and where bad ones go."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.store.database import driver
from service.store.work_batches import WorkBatch


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale as settlement needs it. work_ids is None where the sale has no attribution."""

    sale_id: int
    vendor_id: int
    sold_at: datetime
    tier: int
    output_tokens: int
    gross_nanos: int
    currency: str
    tie: int
    has_text: bool
    work_ids: list[int] | None
    shares_ppm: list[int] | None
    unmatched_ppm: int | None


_SALES = """
SELECT s.sale_id, s.vendor_id, s.sold_at, s.tier, s.output_tokens, s.gross_nanos, s.currency, s.tie,
    s.text_hash IS NOT NULL, a.work_ids, a.shares_ppm, a.unmatched_ppm
FROM sale s
JOIN unnest(%s::bigint[], %s::bigint[]) AS r (first, last) ON s.sale_id BETWEEN r.first AND r.last
LEFT JOIN LATERAL (
    SELECT attribution_id FROM sale_attribution sa WHERE sa.sale_id = s.sale_id
    ORDER BY version DESC LIMIT 1
) AS sa ON true
LEFT JOIN attribution a USING (attribution_id)
LEFT JOIN quarantine q ON q.sale_id = s.sale_id
WHERE q.sale_id IS NULL
ORDER BY s.sale_id
"""


def sales_of(session: Session, batches: Sequence[WorkBatch]) -> list[SaleRow]:
    """Return the sales of these batches that are not quarantined, with their newest attribution."""
    rows = driver(session).execute(
        _SALES,
        ([b.first_sale_id for b in batches], [b.last_sale_id for b in batches]),
        binary=True,
    )
    return [SaleRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class TextSale:
    """A sale with a text or a fingerprint, as attribution needs it."""

    sale_id: int
    sold_at: datetime
    tier: int
    text_hash: bytes


def sales_with_text(session: Session, batch: WorkBatch) -> list[TextSale]:
    """Return the sales of a batch that came with a text or its fingerprint and cost something.

    Those that are quarantined already are not among them.
    """
    rows = driver(session).execute(
        "SELECT s.sale_id, s.sold_at, s.tier, s.text_hash FROM sale s "
        "LEFT JOIN quarantine q USING (sale_id) WHERE q.sale_id IS NULL "
        "AND s.sale_id BETWEEN %s AND %s AND s.text_hash IS NOT NULL AND s.gross_nanos > 0",
        (batch.first_sale_id, batch.last_sale_id),
    )
    return [TextSale(sale_id, at, tier, bytes(h)) for sale_id, at, tier, h in rows]


def quarantine(
    session: Session,
    sale_id: int,
    *,
    vendor_id: int,
    period: int,
    reason: str,
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """Put a sale that cannot be attributed or settled aside; the batch goes on."""
    driver(session).execute(
        "INSERT INTO quarantine (sale_id, vendor_id, period, reason, facts, quarantined_at) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (sale_id, vendor_id, period, reason, json.dumps(facts, default=str), now),
    )
