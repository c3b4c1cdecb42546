"""Corrections of wrong bank payments, tax handed over to authorities, and what the bank charges."""

from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts, payout_correction
from service.ledger.errors import LedgerError
from service.ledger.journal import Kind, Source, entry
from service.ledger.money import format_nanos
from service.ledger.payout_correction import CorrectionKind, NewCorrection
from service.ledger.period import Period
from service.store import journal, payout_corrections, payouts, periods
from service.store.database import Database, unit_of_work
from service.store.text_rules import check_text


class TooMuchTax(LedgerError):
    """More was to be handed over than was withheld."""

    def __init__(self, code: str, currency: str, *, owed_nanos: int, given_nanos: int) -> None:
        super().__init__(
            f"{format_nanos(owed_nanos)} {currency} are owed under {code}, not "
            f"{format_nanos(given_nanos)}",
            code=code,
            currency=currency,
            owed_nanos=owed_nanos,
            given_nanos=given_nanos,
        )


class BankHoldsLess(LedgerError):
    """The bank cannot have moved more than it holds beside what is reserved."""

    def __init__(self, currency: str, *, free_nanos: int, wanted_nanos: int) -> None:
        super().__init__(
            f"the bank holds {format_nanos(free_nanos)} {currency} that is not reserved, less "
            f"than {format_nanos(wanted_nanos)}",
            currency=currency,
            free_nanos=free_nanos,
            wanted_nanos=wanted_nanos,
        )


def correct(database: Database, new: NewCorrection, *, by: str, now: datetime) -> int:
    """Correct a confirmed payout; return the correction's number.

    Raises PayoutNotFound, CorrectionRefused, BankHoldsLess, BadText.
    """
    check_text(new.note, place="note", max_chars=200)
    with unit_of_work(database) as session:
        payouts.lock(session)
        found = payouts.get(session, new.payout_id)
        before = payout_corrections.before(session, new.payout_id)
        payout_correction.check(new, found.transfer, found.state, before)
        legs = payout_correction.legs(new, found.transfer)
        taken = -legs.get(accounts.BANK, 0)
        if taken > 0:
            _check_bank(session, found.currency, taken)
        into = periods.hold_open_from(session, Period.of(now))
        moved = payout_correction.moved(new, found.transfer)
        number = payout_corrections.insert(session, new, moved, into=into, by=by, now=now)
        _post(session, Kind.PAYOUT_CORRECTION, number, found.currency, legs, into=into, now=now)
        return number


def misdirect(database: Database, payout_id: int, note: str, *, by: str, now: datetime) -> int:
    """Say that a payout went to a wrong account, all of it; return the correction's number."""
    with unit_of_work(database) as session:
        net = payouts.get(session, payout_id).transfer.net_nanos
    new = NewCorrection(payout_id, CorrectionKind.MISDIRECTED, net, note)
    return correct(database, new, by=by, now=now)


def remit(
    database: Database,
    code: str,
    currency: str,
    nanos: int,
    *,
    reference: str,
    by: str,
    now: datetime,
) -> int:
    """Hand withheld tax over to its authority; return its number.

    Raises TooMuchTax, BankHoldsLess.
    """
    check_text(reference, place="reference", max_chars=200)
    account = accounts.tax_payable(code)
    with unit_of_work(database) as session:
        payouts.lock(session)
        owed = -journal.balances_named(session, [account], currency)[account]
        if not 0 < nanos <= owed:
            raise TooMuchTax(code, currency, owed_nanos=owed, given_nanos=nanos)
        _check_bank(session, currency, nanos)
        number = payout_corrections.insert_remittance(
            session, code, currency, nanos, reference=reference, by=by, now=now
        )
        legs = {account: nanos, accounts.BANK: -nanos}
        into = periods.hold_open_from(session, Period.of(now))
        _post(session, Kind.TAX, number, currency, legs, into=into, now=now)
        return number


def charge(
    database: Database, currency: str, nanos: int, *, reference: str, by: str, now: datetime
) -> int:
    """Post what the bank took for its services: the platform bears it. Raises BankHoldsLess."""
    check_text(reference, place="reference", max_chars=200)
    with unit_of_work(database) as session:
        payouts.lock(session)
        if nanos <= 0:
            raise BankHoldsLess(currency, free_nanos=0, wanted_nanos=nanos)
        _check_bank(session, currency, nanos)
        number = payout_corrections.insert_charge(
            session, currency, nanos, reference=reference, by=by, now=now
        )
        legs = {accounts.PLATFORM_FEE: nanos, accounts.BANK: -nanos}
        into = periods.hold_open_from(session, Period.of(now))
        _post(session, Kind.PAYOUT_FEE, number, currency, legs, into=into, now=now)
        return number


def _check_bank(session: Session, currency: str, nanos: int) -> None:
    free = payouts.free(session, currency)
    if nanos > free:
        raise BankHoldsLess(currency, free_nanos=free, wanted_nanos=nanos)


def _post(
    session: Session,
    kind: Kind,
    number: int,
    currency: str,
    legs: dict[str, int],
    *,
    into: Period,
    now: datetime,
) -> None:
    said = entry(Source(kind, number), currency, legs)
    assert said
    journal.append_entries(session, [said], period=into.number, now=now)
