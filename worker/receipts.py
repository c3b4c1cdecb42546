"""Receipts of vendors, and the earnings they back: held becomes payable."""

from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts
from service.ledger.backing import backed
from service.ledger.interest import owed_with
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.store import journal, periods, pools, receipts
from service.store.database import Database, unit_of_work
from service.store.receipts import NewReceipt
from service.store.rows import PartyRow


def add(database: Database, vendor: PartyRow, receipt: NewReceipt, *, now: datetime) -> int:
    """Post a receipt into the open period and back what it pays for; return its number.

    It waits while a close posts what operators approved: a receipt would make it something else.
    """
    assert vendor.slug is not None
    with unit_of_work(database) as session:
        receipts.wait_while_stopped(session)
        receipts.lock_backing(session, receipt.vendor_id)
        number = receipts.insert(session, receipt, now=now)
        period = periods.hold_open_from(session, Period.of(now))
        legs = {
            accounts.BANK: receipt.amount_nanos,
            accounts.vendor_receivable(vendor.slug): -receipt.amount_nanos,
        }
        said = entry(Source(Kind.RECEIPT, number), receipt.currency, legs)
        assert said
        journal.append_entries(session, [said], period=period.number, now=now)
        back(session, receipt.vendor_id, vendor.slug, receipt.currency, into=period, now=now)
    return number


def back(
    session: Session, vendor_id: int, vendor: str, currency: str, *, into: Period, now: datetime
) -> None:
    """Move what a vendor's receipts now stand behind from held to payable; nothing new, no entry.

    The caller holds ``receipts.lock_backing`` of the vendor and the period ``into``.
    """
    interest = pools.interest_paid(session, vendor_id, currency)
    wanted = backed(
        receipts.received(session, vendor_id, currency) + sum(interest.values()),
        owed_with(receipts.owed(session, vendor_id, vendor, currency), interest),
    )
    so_far = receipts.backed_so_far(session, vendor_id, currency)
    moves = {key: nanos - so_far.get(key, 0) for key, nanos in wanted.items()}
    moves = {key: nanos for key, nanos in moves.items() if nanos}
    if not moves:
        return
    number = receipts.insert_backing(session, vendor_id, currency, moves, now=now)
    legs: dict[str, int] = {}
    for (_, holder), nanos in moves.items():
        for account, sign in ((accounts.holder_held, 1), (accounts.holder_payable, -1)):
            legs[account(holder)] = legs.get(account(holder), 0) + sign * nanos
    said = entry(Source(Kind.BACKING, number), currency, legs)
    if said:
        journal.append_entries(session, [said], period=into.number, now=now)
