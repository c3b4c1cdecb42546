"""Reports that say something else under the id of a sale: no sales, but kept in sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import ItemOutcome, Outcome, ReportedSale
from service.ledger.tiers import Tier
from service.store import webhook_events
from service.store.database import driver
from service.store.webhook_events import EventType, instant


@dataclass(frozen=True, slots=True)
class SaleConflict:
    """What else was said of a sale. same_text: its text, or lack of one, is the sale's."""

    format: SaleFormat
    tier: Tier
    output_tokens: int
    gross_nanos: int
    model: str | None
    sold_at: datetime
    same_text: bool
    received_at: datetime


_INSERT = """
INSERT INTO sale_conflict (sale_id, payload_hash, vendor_id, format, tier, output_tokens,
    gross_nanos, model, sold_at, same_text, received_at)
SELECT s.sale_id, %(payload)s, s.vendor_id, %(format)s, %(tier)s, %(tokens)s, %(gross)s, %(model)s,
    %(sold_at)s, s.text_hash IS NOT DISTINCT FROM %(text_hash)s, %(now)s
FROM sale s WHERE s.sale_id = %(sale)s
ON CONFLICT DO NOTHING RETURNING vendor_id
"""


def keep(
    session: Session,
    items: Sequence[ReportedSale],
    outcomes: Sequence[ItemOutcome],
    *,
    now: datetime,
) -> None:
    """Keep what conflicts of a report, each content once, and tell its vendor of what is new.

    In order, so that nobody deadlocks.
    """
    found = {
        (one.sale_id, item.payload_hash): item
        for item, one in zip(items, outcomes, strict=True)
        if one.outcome is Outcome.CONFLICT and one.sale_id is not None
    }
    new: dict[int, list[int]] = {}
    for sale_id, payload in sorted(found):
        item = found[sale_id, payload]
        row = driver(session).execute(_INSERT, _values(sale_id, item, now=now)).fetchone()
        if row:
            new.setdefault(int(row[0]), []).append(sale_id)
    facts = {"reported_at": instant(now)}
    for vendor_id, sale_ids in new.items():
        kind = EventType.SALE_CONFLICTED
        webhook_events.record_sales(session, kind, vendor_id, sale_ids, facts, now=now)


def _values(sale_id: int, item: ReportedSale, *, now: datetime) -> dict[str, object]:
    return {
        "sale": sale_id,
        "payload": item.payload_hash,
        "format": item.format,
        "tier": item.tier.number,
        "tokens": item.output_tokens,
        "gross": item.gross_nanos,
        "model": item.model,
        "sold_at": item.sold_at,
        "text_hash": item.text_hash,
        "now": now,
    }


def of_sale(session: Session, sale_id: int) -> list[SaleConflict]:
    """List what else was said of a sale, in the order it came."""
    rows = session.execute(
        text(
            "SELECT format, tier, output_tokens, gross_nanos, model, sold_at, same_text, "
            "received_at FROM sale_conflict WHERE sale_id = :sale "
            "ORDER BY received_at, payload_hash"
        ),
        {"sale": sale_id},
    )
    return [SaleConflict(SaleFormat(row[0]), Tier.numbered(row[1]), *row[2:]) for row in rows]
