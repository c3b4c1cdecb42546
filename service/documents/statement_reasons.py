"""The sentences of a statement: why money is held, kept back or carried, and what moved it."""

from collections.abc import Iterable

from service.ledger.advance import AdvanceStep
from service.ledger.money import format_nanos, minor_unit_nanos
from service.ledger.period import Period
from service.ledger.statement import (
    BalanceMove,
    HeldPart,
    HeldReason,
    HoldbackStanding,
    PayoutMove,
    StatementLine,
)

WORDS = (
    "Settled: posted in the books. Held: yours, and not payable yet. Payable: goes out with the "
    "next payout. Paid: given to the bank. An estimate never stands on a statement."
)
"""What the labels mean, for readers who meet them first."""

_NOT_BACKED = "Not yet backed by the vendor's receipts: payable once the vendor has paid."
_HELD = {
    HeldReason.NOT_BACKED: _NOT_BACKED,
    HeldReason.CONTESTED: "Somebody contests this share: held until that is decided",
    HeldReason.UNCONFIRMED: "A share is not accepted by everybody concerned yet: held until it is",
}
_CAUSES = {
    "refund": "refunds",
    "restatement": "restatement",
    "attribution": "another attribution",
    "contract": "another contract",
    "rights": "other rights",
    "licence": "other licence terms",
}
_MOVES = {
    AdvanceStep.ADVANCE: "Advance",
    AdvanceStep.RECOUPMENT: "Recouped from earnings",
    AdvanceStep.GUARANTEE: "Made up to the guarantee",
}


def held_reason(held_nanos: int) -> str:
    """Say why a holder's money is held where no hold is on it; empty where none is."""
    return _NOT_BACKED if held_nanos else ""


def held_part_reason(part: HeldPart) -> str:
    """Say why a part is held, and by what."""
    if part.reason is HeldReason.NOT_BACKED:
        return _NOT_BACKED
    causes = f" ({', '.join(part.causes)})" if part.causes else ""
    return f"{_HELD[part.reason]}{causes}."


def carried_reason(carried_nanos: int, currency: str) -> str:
    """Say why a holder's money is carried forward; empty where none is."""
    minor = minor_unit_nanos(currency)
    if not carried_nanos:
        return ""
    if carried_nanos < 0:
        return "Refunds took back more than was left: later earnings make it good first."
    if carried_nanos < minor:
        smallest = f"{format_nanos(minor)} {currency}"
        return f"Less than {smallest}, the smallest amount a bank moves: kept for next time."
    return "Below the smallest amount that is paid out: kept until it is reached."


def looked_at_again(period: Period) -> str:
    """Say when what is not paid is looked at again."""
    return f"The statement of {period.next()}, after {period.next().end:%Y-%m-%d}, looks again."


def holdback_reason(standing: HoldbackStanding) -> str:
    """Say why a part is kept back and when some of it is released."""
    until = standing.next_release
    when = f" The next part is released with the statement of {until}." if until else ""
    return f"Kept against refunds for a while.{when}"


def change_reasons(
    line: StatementLine, causes: Iterable[tuple[str, int, tuple[str, ...]]]
) -> tuple[str, ...]:
    """Say why a line of a closed month is adjusted: causes with their sales and reasons given."""
    said = []
    if line.sales_count > 0:
        said.append(f"{_sales(line.sales_count)} reported after the month was closed")
    for cause, sales, reasons in causes:
        given = f": {'; '.join(reasons)}" if reasons else ""
        said.append(f"{_CAUSES.get(cause, cause)} of {_sales(sales)}{given}")
    if line.pool_nanos:
        said.append("given by the unmatched pool of the month")
    if not said:
        said.append("passed on by works that derive from it, whose sales were adjusted")
    return tuple(said)


def _sales(count: int) -> str:
    return "1 sale" if count == 1 else f"{count:,} sales"


def payout_name(move: PayoutMove) -> str:
    """Name what a payout did to the balance."""
    named = {"reserved": "Paid out", "returned": "Payout returned"}
    return named.get(move.state, f"Payout {move.state}")


def validity(move: PayoutMove) -> str:
    """Say on which days the rule of a tax is valid, after its code; empty without a rule."""
    if not move.tax_from:
        return ""
    until = f" to {move.tax_until}" if move.tax_until else ""
    return f" valid from {move.tax_from}{until}"


def payout_note(move: PayoutMove) -> str:
    """Say what a payout did to the balance, of which statement and when."""
    day = f"{move.at:%Y-%m-%d}"
    if move.state == "returned":
        return f"The payout of statement {move.statement} came back on {day}: it is yours again."
    if move.state == "reserved":
        return f"Paid out of statement {move.statement} on {day}."
    told = f" {move.note}" if move.note else ""
    return f"The payout of statement {move.statement} was put right on {day}.{told}"


def move_name(move: BalanceMove) -> str:
    """Name what an advance did to the balance."""
    if move.kind is AdvanceStep.RECOUPMENT and move.nanos > 0:
        return "Recouped before, given back"
    return _MOVES[move.kind]


def move_note(move: BalanceMove, vendor_name: str) -> str:
    """Say which advance of which vendor, and when."""
    return f"{move.reference.capitalize()} of {vendor_name}, {move.at:%Y-%m-%d}."
