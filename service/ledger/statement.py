"""A statement: what one holder earned in one period and currency, and what of it can be paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.ledger.exchange import Rate
from service.ledger.money import floor_to_minor
from service.ledger.period import Period
from service.ledger.tiers import Tier


class LineKind(StrEnum):
    """Whether a line speaks of this period's sales or of a closed period's."""

    EARNED = "earned"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """work x vendor x tier (x month of sale): what its line was credited, and the holder's part."""

    kind: LineKind
    line_id: int
    work_id: int
    vendor: str
    tier: Tier
    month: Period
    sales_count: int
    output_tokens: int
    credited_nanos: int
    share_ppm: int
    nanos: int


@dataclass(frozen=True, slots=True)
class PayoutMove:
    """What a payout of an earlier statement took from the balance, or gave back to it.

    gross = tax + fee + net in the statement's currency. ``tax_rule`` and ``exchange`` are empty
    where nothing is withheld or exchanged; ``paid_nanos`` is in ``paid_currency``. A correction
    moves ``nanos`` alone.
    """

    statement: str
    state: str
    nanos: int
    at: datetime
    gross_nanos: int = 0
    tax_rule: str = ""
    tax_ppm: int = 0
    tax_nanos: int = 0
    fee_nanos: int = 0
    net_nanos: int = 0
    paid_currency: str = ""
    paid_nanos: int = 0
    exchange: Rate | None = None
    payee: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a closing balance divides: held until backed, payable in minor units, carried forward.

    held + payable + carried forward = closing. ``held_nanos`` is never paid whatever the threshold.
    """

    held_nanos: int
    payable_nanos: int
    carried_nanos: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Opening + lines + payouts = closing, checked on construction; credit balances positive."""

    holder_id: int
    currency: str
    period: Period
    opening_nanos: int
    lines: tuple[StatementLine, ...]
    closing_nanos: int
    closing: Closing
    payouts: tuple[PayoutMove, ...] = ()

    @property
    def earned_nanos(self) -> int:
        """Sum of the lines."""
        return sum(line.nanos for line in self.lines)

    @property
    def paid_nanos(self) -> int:
        """What was paid out in the period, less what came back."""
        return -sum(move.nanos for move in self.payouts)

    def __post_init__(self) -> None:
        stands = self.opening_nanos + self.earned_nanos - self.paid_nanos
        assert stands == self.closing_nanos, "opening + lines + payouts != closing"
        parts = self.closing
        assert parts.held_nanos + parts.payable_nanos + parts.carried_nanos == self.closing_nanos, (
            "held + payable + carried forward != closing"
        )


def divide_closing(
    closing_nanos: int, *, held_nanos: int, currency: str, threshold: int
) -> Closing:
    """Hold what is not backed; of the rest pay whole minor units if they reach the threshold."""
    free = closing_nanos - held_nanos
    payable = floor_to_minor(free, currency)
    if payable < threshold:
        payable = 0
    return Closing(held_nanos, payable, free - payable)


def make(
    holder_id: int,
    currency: str,
    period: Period,
    *,
    opening_nanos: int,
    lines: Sequence[StatementLine],
    held_nanos: int,
    threshold: int,
    payouts: Sequence[PayoutMove] = (),
) -> Statement:
    """Make a statement; lines in order of kind, work, vendor, tier and month."""
    closing = opening_nanos + sum(line.nanos for line in lines)
    closing += sum(move.nanos for move in payouts)
    ordered = sorted(
        lines,
        key=lambda x: (x.kind != LineKind.EARNED, x.work_id, x.vendor, x.tier.number, x.month),
    )
    return Statement(
        holder_id,
        currency,
        period,
        opening_nanos,
        tuple(ordered),
        closing,
        divide_closing(closing, held_nanos=held_nanos, currency=currency, threshold=threshold),
        tuple(payouts),
    )
