"""What vendors owe, how old it is, and what is written off: nobody's earnings are lost by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts
from service.ledger.ageing import Aged, aged, check_write_off
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.store import journal, parties, periods, receipts, write_offs
from service.store.database import Database, unit_of_work
from service.store.rows import PartyRow
from service.store.text_rules import check_text


@dataclass(frozen=True, slots=True)
class Receivable:
    """What one vendor owes in one currency, by month."""

    vendor_id: int
    vendor: str
    currency: str
    aged: Aged


def listing(session: Session) -> Iterator[Receivable]:
    """List what vendors owe for months that are closing or closed."""
    for slug, vendor_id in sorted(parties.vendor_ids(session).items()):
        for currency in receipts.currencies_owed(session, slug):
            yield Receivable(vendor_id, slug, currency, _aged(session, vendor_id, slug, currency))


def _aged(session: Session, vendor_id: int, vendor: str, currency: str) -> Aged:
    return aged(
        receipts.received(session, vendor_id, currency),
        write_offs.written_off(session, vendor_id, currency),
        receipts.owed(session, vendor_id, vendor, currency),
    )


def write_off(
    database: Database,
    vendor: PartyRow,
    amount_nanos: int,
    currency: str,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Post that an amount is not expected any more, or (below zero) is after all.

    Returns the write-off's number. Oldest months first. Holders keep their claims: what the debt
    would have backed stays held, and becomes payable should the vendor pay. Raises
    WriteOffTooLarge, BadText.
    """
    assert vendor.party_id is not None
    assert vendor.slug is not None
    check_text(reason, place="reason", max_chars=500)
    with unit_of_work(database) as session:
        receipts.lock_backing(session, vendor.party_id)
        check_write_off(
            amount_nanos,
            open_nanos=_aged(session, vendor.party_id, vendor.slug, currency).open_nanos,
            written_off_nanos=write_offs.written_off(session, vendor.party_id, currency),
        )
        number = write_offs.insert(
            session, vendor.party_id, amount_nanos, currency, reason=reason, by=by, now=now
        )
        period = periods.hold_open_from(session, Period.of(now))
        legs = {
            accounts.vendor_written_off(vendor.slug): amount_nanos,
            accounts.vendor_receivable(vendor.slug): -amount_nanos,
        }
        said = entry(Source(Kind.WRITE_OFF, number), currency, legs)
        assert said
        journal.append_entries(session, [said], period=period.number, now=now)
    return number
