"""A statement with the names its reader knows: what every form of it is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from service.ledger.money import format_nanos, minor_unit_nanos
from service.ledger.statement import LineKind, PayoutMove, Statement, StatementLine

HOW_TO_ASK = (
    "Write to the operator, name this statement's number and the line, and say what you expected. "
    "A statement is never changed: a mistake is corrected by a further line in a later one."
)
_HELD_REASON = "Not yet backed by the vendor's receipts: payable once the vendor has paid."


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a document issued again takes the place of, and why."""

    replaces: str
    reason: str
    first_issued_at: datetime


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement as issued. Titles are by work id, vendor names by the vendor's public id."""

    number: str
    holder_name: str
    issued_at: datetime
    statement: Statement
    work_titles: Mapping[int, str]
    vendor_names: Mapping[str, str]
    replacement: Replacement | None = None

    @property
    def earned_lines(self) -> tuple[StatementLine, ...]:
        """Lines of the period's own sales."""
        return tuple(x for x in self.statement.lines if x.kind is LineKind.EARNED)

    @property
    def adjustments(self) -> tuple[StatementLine, ...]:
        """Lines of sales of closed periods; each names its month."""
        return tuple(x for x in self.statement.lines if x.kind is LineKind.ADJUSTMENT)

    @property
    def held_reason(self) -> str:
        """Say why something is held; empty where nothing is."""
        return held_reason(self.statement.closing.held_nanos)

    @property
    def carried_reason(self) -> str:
        """Say why something is carried forward; empty where nothing is."""
        return carried_reason(self.statement.closing.carried_nanos, self.statement.currency)


def held_reason(held_nanos: int) -> str:
    """Say why a holder's money is held; empty where none is."""
    return _HELD_REASON if held_nanos else ""


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


def payout_note(move: PayoutMove) -> str:
    """Say what a payout did to the balance, of which statement and when."""
    day = f"{move.at:%Y-%m-%d}"
    if move.state == "returned":
        return f"The payout of statement {move.statement} came back on {day}: it is yours again."
    return f"Paid out of statement {move.statement} on {day}."


def nanos_of(lines: tuple[StatementLine, ...]) -> int:
    """Sum what the holder earned on these lines."""
    return sum(line.nanos for line in lines)
