"""What happened to a sale, in order: received, attributed, settled, quarantined, refunded."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class SaleStep:
    """One thing that happened. amount_nanos: what was given back, of a refund."""

    state: str
    at: datetime
    reason: str | None
    amount_nanos: int | None


# A sale taken out of quarantine is settled later than its batch: its entry knows when.
_STEPS = """
SELECT state, at, reason, amount FROM (
    SELECT 1 AS step, 'received' AS state, s.received_at AS at, NULL AS reason,
        NULL::bigint AS amount FROM sale s WHERE s.sale_id = :sale
    UNION ALL SELECT 2, 'attributed', b.attributed_at, NULL, NULL FROM batch_of b
    UNION ALL SELECT 3, 'settled', coalesce((
            SELECT made.created_at FROM journal_entry e JOIN batch made USING (batch_id)
            WHERE e.kind = 1 AND e.source_id = :sale), b.settled_at), NULL, NULL
        FROM batch_of b WHERE NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.sale_id = :sale)
    UNION ALL SELECT 4, 'quarantined', q.quarantined_at, q.reason, NULL
        FROM quarantine q WHERE q.sale_id = :sale
    UNION ALL SELECT 5, CASE WHEN r.applied_at IS NULL THEN 'refund-waiting' ELSE 'refunded' END,
        coalesce(r.applied_at, r.received_at), r.reason, r.amount_nanos
        FROM refund r WHERE r.sale_id = :sale
) AS steps WHERE at IS NOT NULL ORDER BY at, step
"""
_BATCH = """
WITH batch_of AS (
    SELECT attributed_at, settled_at FROM work_batch WHERE first_sale_id <= :sale
    ORDER BY first_sale_id DESC LIMIT 1)
"""


def of_sale(session: Session, sale_id: int) -> list[SaleStep]:
    """List what happened to a sale, oldest first; empty for a sale that is not there."""
    rows = session.execute(text(_BATCH + _STEPS), {"sale": sale_id})
    return [SaleStep(*row) for row in rows]
