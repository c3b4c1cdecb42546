"""Sales that attribution reads, and where those go that cannot be attributed or settled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.store.database import driver
from service.store.work_batches import WorkBatch


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
