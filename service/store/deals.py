"""What vendors agreed for works: a rate of their own within a term."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.licence import Deal
from service.store.database import driver


class DealOverlaps(LedgerError):
    """A vendor has a deal for a work within the term already."""

    def __init__(self, work_id: int, deal: "StoredDeal") -> None:
        super().__init__(
            f"work {work_id} has a deal with this vendor from {deal.deal.starts_on} "
            f"to before {deal.deal.ends_on} already",
            work_id=work_id,
            starts_on=deal.deal.starts_on.isoformat(),
            ends_on=deal.deal.ends_on.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class StoredDeal:
    """A deal of one work and the offer it comes from."""

    deal_id: int
    work_id: int
    deal: Deal
    offer_id: int | None
    agreed_at: datetime


def insert(
    session: Session, work_ids: Sequence[int], deal: Deal, *, offer_id: int | None, now: datetime
) -> None:
    """Keep a deal for each of these works; raise DealOverlaps where one has another.

    The caller holds the lock of licences.
    """
    check_free(session, work_ids, deal)
    driver(session).execute(
        "INSERT INTO licence_deal (work_id, vendor_id, days, multiplier_ppm, offer_id, agreed_at) "
        "SELECT work, %s, daterange(%s, %s), %s, %s, %s FROM unnest(%s::bigint[]) AS work",
        (
            deal.vendor_id,
            deal.starts_on,
            deal.ends_on,
            deal.multiplier_ppm,
            offer_id,
            now,
            list(work_ids),
        ),
    )


def check_free(session: Session, work_ids: Sequence[int], deal: Deal) -> None:
    """Raise DealOverlaps where a work has a deal with the vendor within the term already."""
    for work_id, others in of_works(session, work_ids).items():
        for other in others:
            theirs = other.deal
            meets = theirs.starts_on < deal.ends_on and deal.starts_on < theirs.ends_on
            if theirs.vendor_id == deal.vendor_id and meets:
                raise DealOverlaps(work_id, other)


def of_works(session: Session, work_ids: Sequence[int]) -> dict[int, list[StoredDeal]]:
    """Return the deals of these works, by their first day."""
    rows = driver(session).execute(
        "SELECT deal_id, work_id, vendor_id, lower(days), upper(days), multiplier_ppm, offer_id, "
        "agreed_at FROM licence_deal WHERE work_id = ANY(%s::bigint[]) ORDER BY lower(days), 1",
        (list(work_ids),),
    )
    found: dict[int, list[StoredDeal]] = defaultdict(list)
    for number, work, vendor, start, end, multiplier, offer, at in rows:
        deal = Deal(vendor, start, end, multiplier)
        found[work].append(StoredDeal(number, work, deal, offer, at))
    return dict(found)
