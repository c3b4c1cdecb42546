"""Steps of payouts after they are reserved: sent, confirmed, returned."""

from datetime import datetime

from sqlmodel import Session

from service.ledger import payout, payout_correction, transfer
from service.ledger.journal import JournalEntry, Source, entry
from service.ledger.payout import BankTooLow, PayoutState
from service.ledger.period import Period
from service.ledger.transfer import Legs
from service.store import journal, payout_corrections, payouts, periods
from service.store.database import Database, unit_of_work
from service.store.payouts import StoredPayout
from service.store.text_rules import check_text


def entries_of(number: int, legs: Legs) -> list[JournalEntry]:
    """Make the entries of a step; what comes to nothing has none."""
    made = [entry(Source(kind, number), currency, each) for kind, (currency, each) in legs.items()]
    return [one for one in made if one]


def step(
    database: Database,
    payout_id: int,
    wanted: PayoutState,
    *,
    reference: str,
    by: str,
    now: datetime,
    bank_nanos: int | None = None,
) -> StoredPayout:
    """Take a step of a payout that is reserved already, and return it; run twice it stays.

    ``reference``: what the bank says, or why it came back. ``bank_nanos``: what the bank took for a
    confirmed exchange, or gave back; None: as the rate on file said. Raises PayoutNotFound,
    PayoutOutOfOrder, BankTooLow, BadText.
    """
    check_text(reference, place="reference", max_chars=200)
    with unit_of_work(database) as session:
        payouts.lock(session)
        return take_step(
            session, payout_id, wanted, reference=reference, by=by, now=now, bank_nanos=bank_nanos
        )


def take_step(
    session: Session,
    payout_id: int,
    wanted: PayoutState,
    *,
    reference: str,
    by: str,
    now: datetime,
    bank_nanos: int | None = None,
) -> StoredPayout:
    """Take a step under the lock of payouts, in the caller's commit."""
    found = payouts.get(session, payout_id)
    if found.state is wanted:
        return found
    payout.check_follows(payout_id, state=found.state, wanted=wanted)
    one = found.transfer
    exchanged = one.exchanged and (found.state, wanted) in payout.BANK_MOVES
    _check(session, found, wanted, exchanged=exchanged, bank_nanos=bank_nanos)
    moves = one.net_nanos if bank_nanos is None else bank_nanos
    into = periods.hold_open_from(session, Period.of(now))
    payouts.add_step(
        session,
        payout_id,
        found.amount_nanos,
        wanted,
        period=into,
        reference=reference,
        by=by,
        now=now,
        bank_nanos=moves if exchanged else None,
    )
    legs = transfer.entries(one, wanted=wanted, state=found.state, bank_nanos=bank_nanos)
    said = entries_of(payout_id, legs)
    if said:
        journal.append_entries(session, said, period=into.number, now=now)
    return payouts.get(session, payout_id)


def _check(
    session: Session,
    found: StoredPayout,
    wanted: PayoutState,
    *,
    exchanged: bool,
    bank_nanos: int | None,
) -> None:
    """Raise what keeps the bank from having moved so much, or a payout from coming back."""
    number, net = found.payout_id, found.transfer.net_nanos
    if wanted is PayoutState.RETURNED:
        before = payout_corrections.before(session, number)
        payout_correction.check_not_astray(number, before)
    payout.check_bank_moves(number, exchanged=exchanged, net_nanos=net, bank_nanos=bank_nanos)
    if wanted is PayoutState.CONFIRMED and bank_nanos is not None and bank_nanos > net:
        _check_bank(session, found, more_nanos=bank_nanos - net)


def _check_bank(session: Session, found: StoredPayout, *, more_nanos: int) -> None:
    """Raise BankTooLow where an exchange cost more than the bank holds beside what is reserved."""
    free = payouts.free(session, found.currency)
    if more_nanos > free:
        raise BankTooLow(found.number, found.currency, wanted_nanos=more_nanos, free_nanos=free)
