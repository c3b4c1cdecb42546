"""A confirmed payout was otherwise than it said: corrected by further entries, never by an edit."""

from dataclasses import dataclass
from enum import StrEnum

from service.ledger import accounts
from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.ledger.payout import PayoutState
from service.ledger.transfer import Transfer


class CorrectionKind(StrEnum):
    """What was wrong, or what came of it."""

    AMOUNT = "amount"
    MISDIRECTED = "misdirected"
    RECOVERED = "recovered"
    LOST = "lost"


class CorrectionRefused(LedgerError):
    """A payout cannot be corrected like this."""

    def __init__(self, payout_id: int, rule: str) -> None:
        super().__init__(f"payout {payout_id}: {rule}", payout_id=payout_id, rule=rule)


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """``nanos`` are in the earning currency.

    Of an amount: what was paid too much, or minus too little. Of money gone astray: all that left;
    of what came of it: how much.
    """

    payout_id: int
    kind: CorrectionKind
    nanos: int
    note: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was corrected of a payout before: too much paid in sum, and what is still astray."""

    too_much_nanos: int = 0
    misdirected: bool = False
    astray_nanos: int = 0


def check(new: NewCorrection, one: Transfer, state: PayoutState, before: Corrected) -> None:
    """Raise CorrectionRefused for what cannot be; the bank is asked by the caller."""
    rule = _refusal(new, one, state, before)
    if rule:
        raise CorrectionRefused(new.payout_id, rule)


def _refusal(new: NewCorrection, one: Transfer, state: PayoutState, before: Corrected) -> str:
    """Return the rule a correction breaks, empty for none."""
    of_amount, left = new.kind is CorrectionKind.AMOUNT, before.astray_nanos
    if not new.nanos or (new.nanos < 0 and not of_amount):
        return "a correction is of some amount above zero"
    if new.kind in {CorrectionKind.RECOVERED, CorrectionKind.LOST}:
        return f"{format_nanos(left)} of it are astray, not more" if new.nanos > left else ""
    if before.misdirected:
        return "it went astray: say what was recovered or lost"
    paid = {PayoutState.CONFIRMED} | ({PayoutState.RETURNED} if of_amount else set())
    if state not in paid:
        return f"it is {state}: what the bank has not paid is not corrected"
    return _wrong_amount(new, one, before)


def _wrong_amount(new: NewCorrection, one: Transfer, before: Corrected) -> str:
    if new.kind is CorrectionKind.AMOUNT:
        left = one.net_nanos + before.too_much_nanos + new.nanos
        return "nobody was paid less than nothing" if left < 0 else ""
    if before.too_much_nanos or new.nanos != one.net_nanos:
        return f"all of it went astray, {format_nanos(one.net_nanos)}, and no other amount"
    return ""


def check_not_astray(payout_id: int, before: Corrected) -> None:
    """Raise CorrectionRefused where a payout went astray: what comes back of it is recovered."""
    if before.misdirected:
        rule = "it went astray and is the holder's again: what comes back of it is recovered"
        raise CorrectionRefused(payout_id, rule)


def legs(new: NewCorrection, one: Transfer) -> dict[str, int]:
    """Return what a correction posts in the earning currency, debit positive.

    What was paid too much is the holder's debt, what too little its due. Money gone astray is all
    the holder's again, tax and fee with it, and is claimed from whoever got it; what is lost of it
    the platform bears.
    """
    payable = accounts.holder_payable(one.holder_id)
    if new.kind is CorrectionKind.AMOUNT:
        came_from = (
            accounts.exchange(one.currency, one.to_currency) if one.exchanged else accounts.BANK
        )
        return {payable: new.nanos, came_from: -new.nanos}
    if new.kind is CorrectionKind.MISDIRECTED:
        said = {accounts.PAYOUT_RECOVERY: one.net_nanos, payable: -one.gross_nanos}
        if one.tax_nanos:
            said[accounts.tax_payable(one.tax_rule)] = one.tax_nanos
        if one.fee_nanos:
            said[accounts.PLATFORM_FEE] = one.fee_nanos
        return said
    to = accounts.BANK if new.kind is CorrectionKind.RECOVERED else accounts.PLATFORM_FEE
    return {to: new.nanos, accounts.PAYOUT_RECOVERY: -new.nanos}


def moved(new: NewCorrection, one: Transfer) -> int:
    """Return what a correction adds to what the holder has."""
    if new.kind is CorrectionKind.AMOUNT:
        return -new.nanos
    return one.gross_nanos if new.kind is CorrectionKind.MISDIRECTED else 0
