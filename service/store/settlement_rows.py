"""Sales that attribution reads, and where those go that cannot be attributed or settled."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.period import Period
from service.store import webhook_events
from service.store.database import driver
from service.store.webhook_events import EventType, instant
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


@dataclass(frozen=True, slots=True)
class PutAside:
    """A sale that cannot be attributed or settled; ``reason`` is the code of the rule it broke."""

    sale_id: int
    vendor_id: int
    period: Period
    reason: str
    facts: Mapping[str, object]


def quarantine(session: Session, sales: Sequence[PutAside], *, now: datetime) -> None:
    """Put sales aside that cannot be attributed or settled; the batch goes on.

    Those that are quarantined already stay as they are. Their vendors are told of the others.
    """
    connection = driver(session)
    told: dict[tuple[int, Period, str], list[int]] = defaultdict(list)
    for one in sales:
        made = connection.execute(
            "INSERT INTO quarantine (sale_id, vendor_id, period, reason, facts, quarantined_at) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                *(one.sale_id, one.vendor_id, one.period.number, one.reason),
                *(json.dumps(one.facts, default=str), now),
            ),
        )
        if made.rowcount:
            told[one.vendor_id, one.period, one.reason].append(one.sale_id)
    for (vendor_id, period, reason), numbers in told.items():
        facts = {"period": str(period), "reason": reason, "quarantined_at": instant(now)}
        kind = EventType.SALE_QUARANTINED
        webhook_events.record_sales(session, kind, vendor_id, numbers, facts, now=now)
