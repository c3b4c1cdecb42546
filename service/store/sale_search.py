"""A vendor's sales by state, flag and day, newest first: batch by batch, never all of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.sale_marks import SaleFlag
from service.store import sales
from service.store.sales import StoredSale


class SaleState(StrEnum):
    """Where a sale stands."""

    REPORTED = "reported"
    ATTRIBUTED = "attributed"
    SETTLED = "settled"
    QUARANTINED = "quarantined"


CONFLICT = "conflict"
FLAGS = (*SaleFlag(7).words, CONFLICT)
"""Words of what a vendor should look at."""
_STAGES = {SaleState.REPORTED: 1, SaleState.ATTRIBUTED: 2, SaleState.SETTLED: 3}
_BITS = {flag.words[0]: flag.value for flag in SaleFlag}


@dataclass(frozen=True, slots=True)
class SaleSearch:
    """What is looked for; None: all. flag: one of ``FLAGS``. day: in UTC."""

    vendor_id: int
    state: SaleState | None = None
    flag: str | None = None
    day: date | None = None


def page(
    session: Session, wanted: SaleSearch, *, before: int | None, limit: int
) -> list[StoredSale]:
    """List sales below one number, newest received first."""
    source, conditions = _source(wanted)
    if wanted.day is not None:
        conditions.append("s.sold_at >= :from AND s.sold_at < :until")
        if source == _BATCHES:
            conditions.append("b.period = :period")
    if before is not None:
        conditions.append("s.sale_id < :before")
        if source == _BATCHES:
            conditions.append("b.first_sale_id < :before")
    order = "b.first_sale_id DESC, s.sale_id DESC" if source == _BATCHES else "s.sale_id DESC"
    query = f"SELECT s.sale_id FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {order}"  # noqa: S608 - constants
    start = datetime.combine(wanted.day or date.min, time(), UTC)
    facts = {
        "vendor": wanted.vendor_id,
        "stage": _STAGES.get(wanted.state) if wanted.state else None,
        "bit": _BITS.get(wanted.flag or ""),
        "from": start,
        "until": start + timedelta(days=1),
        "period": start.year * 100 + start.month,
        "before": before,
        "limit": limit,
    }
    found = session.execute(text(query + " LIMIT :limit"), facts).scalars().all()
    return sales.numbered(session, found)


_BATCHES = "work_batch b JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id"


def _source(wanted: SaleSearch) -> tuple[str, list[str]]:
    """Return where sales are read from: the smallest that has them all; and what they must be."""
    quarantined = "EXISTS (SELECT 1 FROM quarantine q WHERE q.sale_id = s.sale_id)"
    conflicting = "EXISTS (SELECT 1 FROM sale_conflict c WHERE c.sale_id = s.sale_id)"
    conditions = ["s.vendor_id = :vendor"]
    if wanted.flag is not None:
        conditions.append(
            conflicting if wanted.flag == CONFLICT else "s.flags <> 0 AND s.flags & :bit <> 0"
        )
    if wanted.state is SaleState.QUARANTINED:
        conditions.append(quarantined)
        return "sale s", conditions
    if wanted.state is not None:
        conditions.append(f"NOT {quarantined} AND b.stage = :stage")
    elif wanted.flag is not None:
        return "sale s", conditions
    return _BATCHES, [*conditions, "b.vendor_id = :vendor"]
