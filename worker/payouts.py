"""Payouts: what closed statements state as payable is reserved, sent, confirmed or returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts, payout
from service.ledger.errors import LedgerError
from service.ledger.journal import JournalEntry, Kind, Source, entry
from service.ledger.payout import BankTooLow, NothingPayable, PayoutState
from service.ledger.period import Period
from service.store import journal, payouts, periods
from service.store.database import Database, unit_of_work
from service.store.payouts import Payable, StoredPayout
from service.store.text_rules import check_text
from worker import holding

STATEMENTS_A_STEP = 200
_KINDS = {
    PayoutState.RESERVED: Kind.PAYOUT,
    PayoutState.CONFIRMED: Kind.PAYOUT_CONFIRMED,
    PayoutState.RETURNED: Kind.PAYOUT_RETURNED,
}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a run reserved, and what it passed over with the reason, by statement."""

    payout_ids: tuple[int, ...]
    passed_over: tuple[LedgerError, ...]


def reserve(
    database: Database, period: Period, *, by: str, now: datetime, progress: Progress
) -> Reserved:
    """Reserve a payout for each statement of a closed period that states something payable.

    Some statements a commit; run again it reserves only what was passed over before. Raises
    NotClosed.
    """
    with unit_of_work(database) as session:
        periods.check_closed(session, period)
    made, passed_over, after = list[int](), list[LedgerError](), 0
    while True:
        with unit_of_work(database) as session:
            payouts.lock(session)
            some = payouts.unpaid(session, period, after=after, limit=STATEMENTS_A_STEP)
            if not some:
                return Reserved(tuple(made), tuple(passed_over))
            after = some[-1].statement_id
            numbers, refused = _reserve(session, some, by=by, now=now)
        made += numbers
        passed_over += refused
        progress("reserving payouts", len(made), len(made) + len(passed_over))


def _reserve(
    session: Session, some: Sequence[Payable], *, by: str, now: datetime
) -> tuple[list[int], list[LedgerError]]:
    """Reserve what can be paid of some statements; return numbers and refusals."""
    into = periods.hold_open_from(session, Period.of(now))
    holding.post(session, sorted({one.holder_id for one in some}), into=into, now=now)
    stands = _balances(session, some)
    free = {
        currency: each[accounts.BANK] + each[accounts.PAYOUT_CLEARING]
        for currency, each in stands.items()
    }
    numbers, refused, said = list[int](), list[LedgerError](), list[JournalEntry]()
    for one in some:
        try:
            amount = payout.amount_due(
                one.number,
                one.currency,
                stated_nanos=one.payable_nanos,
                payable_nanos=-stands[one.currency][accounts.holder_payable(one.holder_id)],
                free_nanos=free[one.currency],
            )
        except (NothingPayable, BankTooLow) as error:
            refused.append(error)
            continue
        free[one.currency] -= amount
        number = payouts.insert(session, one, amount)
        state = PayoutState.RESERVED
        payouts.add_step(session, number, amount, state, period=into, reference="", by=by, now=now)
        legs = payout.legs(one.holder_id, amount, wanted=state)
        posted = entry(Source(_KINDS[state], number), one.currency, legs)
        assert posted
        said.append(posted)
        numbers.append(number)
    if said:
        journal.append_entries(session, said, period=into.number, now=now)
    return numbers, refused


def _balances(session: Session, some: Sequence[Payable]) -> dict[str, dict[str, int]]:
    """Return by currency what the bank, the clearing and the holders' payable accounts hold."""
    names: dict[str, list[str]] = {}
    for one in some:
        own = names.setdefault(one.currency, [accounts.BANK, accounts.PAYOUT_CLEARING])
        own.append(accounts.holder_payable(one.holder_id))
    return {
        currency: journal.balances_named(session, each, currency)
        for currency, each in names.items()
    }


def step(
    database: Database,
    payout_id: int,
    wanted: PayoutState,
    *,
    reference: str,
    by: str,
    now: datetime,
) -> StoredPayout:
    """Take a step of a payout that is reserved already, and return it; run twice it stays.

    ``reference``: what the bank says, or why it came back. Raises PayoutNotFound,
    PayoutOutOfOrder, BadText.
    """
    check_text(reference, place="reference", max_chars=200)
    with unit_of_work(database) as session:
        payouts.lock(session)
        found = payouts.get(session, payout_id)
        if found.state is wanted:
            return found
        payout.check_follows(payout_id, state=found.state, wanted=wanted)
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
        )
        legs = payout.legs(found.holder_id, found.amount_nanos, wanted=wanted, state=found.state)
        if legs:
            said = entry(Source(_KINDS[wanted], payout_id), found.currency, legs)
            assert said
            journal.append_entries(session, [said], period=into.number, now=now)
        return payouts.get(session, payout_id)
