"""A statement: what one holder earned in one period and currency, and what of it can be paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from service.ledger.advance import AdvanceStep
from service.ledger.errors import LedgerError
from service.ledger.exchange import Rate
from service.ledger.hold import HoldReason
from service.ledger.money import MAX_NANOS, floor_to_minor, format_nanos
from service.ledger.period import Period
from service.ledger.tiers import Tier


class LineKind(StrEnum):
    """Whether a line speaks of this period's sales or of a closed period's."""

    EARNED = "earned"
    ADJUSTMENT = "adjustment"


class StatementTooLarge(LedgerError):
    """A balance passes what one account and one statement hold."""

    def __init__(self, holder_id: int, currency: str, period: Period, nanos: int) -> None:
        super().__init__(
            f"the statement of holder {holder_id} for {period} comes to {format_nanos(nanos)} "
            f"{currency}, one holds at most {format_nanos(MAX_NANOS)}",
            holder_id=holder_id,
            currency=currency,
            period=str(period),
        )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """work x vendor x tier (x month of sale): what its line was credited, and the holder's part.

    Of the credit, ``upstream_received_nanos`` came from works that derive from this one and
    ``pool_nanos`` from the unmatched pool of the month; ``upstream_paid_nanos`` of it went on to
    works that this one derives from, before the split.
    """

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
    upstream_received_nanos: int = 0
    upstream_paid_nanos: int = 0
    pool_nanos: int = 0


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
    tax_from: date | None = None
    tax_until: date | None = None


@dataclass(frozen=True, slots=True)
class BalanceMove:
    """What an advance added to the balance, took out of it, or made up in it.

    reference: ``advance 3``; nanos: an advance and what a guarantee makes up are positive, what is
    recouped is negative, given back positive.
    """

    kind: AdvanceStep
    reference: str
    vendor: str
    nanos: int
    at: datetime


class HeldReason(StrEnum):
    """Why a part of the balance cannot be paid yet."""

    NOT_BACKED = "not-backed"
    CONTESTED = "contested"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part of what is held, and why. causes: ``dispute 7``; none for what is not backed."""

    reason: HeldReason
    nanos: int
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldbackStanding:
    """What was kept against refunds before, what was taken and released; ``next_release``: when."""

    opening_nanos: int = 0
    taken_nanos: int = 0
    released_nanos: int = 0
    next_release: Period | None = None

    @property
    def closing_nanos(self) -> int:
        """What is kept now."""
        return self.opening_nanos + self.taken_nanos - self.released_nanos


@dataclass(frozen=True, slots=True)
class AdvanceStanding:
    """What was paid early and is not earned back: before, in the period, and after it."""

    opening_nanos: int = 0
    paid_nanos: int = 0
    recouped_nanos: int = 0

    @property
    def closing_nanos(self) -> int:
        """What is still to be earned back."""
        return self.opening_nanos + self.paid_nanos - self.recouped_nanos


@dataclass(frozen=True, slots=True)
class Closing:
    """How a closing balance divides: held, kept back, payable in minor units, carried forward.

    held + holdback + payable + carried forward = closing. ``held_nanos`` and ``holdback_nanos``
    are never paid whatever the threshold.
    """

    held_nanos: int
    payable_nanos: int
    carried_nanos: int
    holdback_nanos: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """Opening + lines + moves + payouts = closing, checked on construction; credits positive.

    ``held`` says of what ``closing.held_nanos`` consists.
    """

    holder_id: int
    currency: str
    period: Period
    opening_nanos: int
    lines: tuple[StatementLine, ...]
    closing_nanos: int
    closing: Closing
    payouts: tuple[PayoutMove, ...] = ()
    moves: tuple[BalanceMove, ...] = ()
    held: tuple[HeldPart, ...] = ()
    holdback: HoldbackStanding = HoldbackStanding()
    advance: AdvanceStanding = AdvanceStanding()

    @property
    def earned_nanos(self) -> int:
        """Sum of the lines."""
        return sum(line.nanos for line in self.lines)

    @property
    def moved_nanos(self) -> int:
        """What advances added to the balance, less what was recouped."""
        return sum(move.nanos for move in self.moves)

    @property
    def paid_nanos(self) -> int:
        """What was paid out in the period, less what came back."""
        return -sum(move.nanos for move in self.payouts)

    def __post_init__(self) -> None:
        stands = self.opening_nanos + self.earned_nanos + self.moved_nanos - self.paid_nanos
        assert stands == self.closing_nanos, "opening + lines + moves + payouts != closing"
        parts = self.closing
        assert (
            parts.held_nanos + parts.holdback_nanos + parts.payable_nanos + parts.carried_nanos
            == self.closing_nanos
        ), "held + holdback + payable + carried forward != closing"
        assert not self.held or sum(part.nanos for part in self.held) == parts.held_nanos, (
            "the parts of what is held do not sum to it"
        )
        assert self.holdback.closing_nanos == parts.holdback_nanos, "holdback does not add up"


def divide_closing(
    closing_nanos: int,
    *,
    held_nanos: int,
    currency: str,
    threshold: int,
    holdback_nanos: int = 0,
) -> Closing:
    """Keep what is held or kept back; of the rest pay whole minor units from the threshold on."""
    free = closing_nanos - held_nanos - holdback_nanos
    payable = floor_to_minor(free, currency)
    if payable < threshold:
        payable = 0
    return Closing(held_nanos, payable, free - payable, holdback_nanos)


def held_parts(
    held_nanos: int,
    under_hold: Mapping[HoldReason, int],
    causes: Mapping[HoldReason, Sequence[str]],
) -> tuple[HeldPart, ...]:
    """Divide what is held by reason: contested first, then unconfirmed, the rest is not backed."""
    left, parts = held_nanos, list[HeldPart]()
    for reason in HoldReason:
        nanos = min(under_hold[reason], max(left, 0))
        left -= nanos
        parts.append(HeldPart(HeldReason(reason), nanos, tuple(causes[reason])))
    parts.insert(0, HeldPart(HeldReason.NOT_BACKED, left))
    return tuple(part for part in parts if part.nanos)


@dataclass(frozen=True, slots=True)
class Apart:
    """What is beside the lines and payouts of a statement: moves, held, holdback and advance."""

    held: tuple[HeldPart, ...] = ()
    moves: tuple[BalanceMove, ...] = ()
    holdback: HoldbackStanding = HoldbackStanding()
    advance: AdvanceStanding = AdvanceStanding()


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
    apart: Apart | None = None,
) -> Statement:
    """Make a statement, its lines in order; raise StatementTooLarge."""
    beside = apart or Apart()
    earned = sum(line.nanos for line in lines)
    closing = opening_nanos + earned
    closing += sum(move.nanos for move in payouts) + sum(move.nanos for move in beside.moves)
    if max(abs(earned), abs(closing)) > MAX_NANOS:
        raise StatementTooLarge(holder_id, currency, period, closing)
    return Statement(
        holder_id,
        currency,
        period,
        opening_nanos,
        tuple(sorted(lines, key=_place)),
        closing,
        divide_closing(
            closing,
            held_nanos=held_nanos,
            currency=currency,
            threshold=threshold,
            holdback_nanos=beside.holdback.closing_nanos,
        ),
        tuple(payouts),
        beside.moves,
        beside.held,
        beside.holdback,
        beside.advance,
    )


def _place(x: StatementLine) -> tuple[bool, int, str, int, Period]:
    return x.kind != LineKind.EARNED, x.work_id, x.vendor, x.tier.number, x.month
