"""Where a holder's money stands: estimated, settled, held, payable or paid, and why not paid.

Estimates stand apart. Of what was earned in periods that were released, every nano is in one state:
settled + held + payable + paid = earned + advance that is not earned back yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from service.ledger.money import floor_to_minor
from service.ledger.period import Period


class MoneyState(StrEnum):
    """How far money has come."""

    ESTIMATED = "estimated"
    SETTLED = "settled"
    HELD = "held"
    PAYABLE = "payable"
    PAID = "paid"


class WhyNotPaid(StrEnum):
    """Why a part is not paid yet."""

    NOT_CLOSED = "not-closed"
    NOT_BACKED = "not-backed"
    CONTESTED = "contested"
    UNCONFIRMED = "unconfirmed"
    HOLDBACK = "holdback"
    RETURNED = "returned"
    NEGATIVE_BALANCE = "negative-balance"
    BELOW_THRESHOLD = "below-threshold"
    BELOW_MINOR_UNIT = "below-minor-unit"
    NOT_STATED = "not-stated"
    NO_PAYOUT_YET = "no-payout-yet"
    UNDER_WAY = "under-way"
    PAYEE_NOT_READY = "payee-not-ready"
    ACCOUNT_COOLING = "account-cooling"

    @property
    def sentence(self) -> str:
        """Say it to the holder."""
        return _SENTENCES[self]


_SENTENCES: Mapping[WhyNotPaid, str] = {
    WhyNotPaid.NOT_CLOSED: "The month is not closed yet: sales and refunds still change it.",
    WhyNotPaid.NOT_BACKED: "The vendor has not paid for these sales yet.",
    WhyNotPaid.CONTESTED: "Somebody contests this share: it is held until that is decided.",
    WhyNotPaid.UNCONFIRMED: "A share is not accepted by everybody concerned yet.",
    WhyNotPaid.HOLDBACK: "A part is kept back for a while, against refunds.",
    WhyNotPaid.RETURNED: "A payment came back: the next statement states it again.",
    WhyNotPaid.NEGATIVE_BALANCE: "Refunds took back more than was left: later earnings make it "
    "good first.",
    WhyNotPaid.BELOW_THRESHOLD: "Below the smallest amount that is paid out: kept until it is "
    "reached.",
    WhyNotPaid.BELOW_MINOR_UNIT: "Less than the smallest amount a bank moves: kept for next time.",
    WhyNotPaid.NOT_STATED: "The next statement makes it payable.",
    WhyNotPaid.NO_PAYOUT_YET: "It is stated and waits for the next payout run.",
    WhyNotPaid.UNDER_WAY: "It is on its way to your account.",
    WhyNotPaid.PAYEE_NOT_READY: "Something about the payee has to be settled before it is paid.",
    WhyNotPaid.ACCOUNT_COOLING: "The account was changed: nothing is paid to it for some days.",
}


@dataclass(frozen=True, slots=True)
class MoneyPart:
    """Nanos in one state; of what is not paid, why, and the day on which that may change.

    note: what the reason speaks of, like ``dispute 7`` or the vendors that owe. may_change_on:
    None where no day is known.
    """

    state: MoneyState
    nanos: int
    why: WhyNotPaid | None = None
    may_change_on: date | None = None
    note: str = ""

    @property
    def sentence(self) -> str:
        """Say why it is not paid; empty where it is."""
        return self.why.sentence if self.why else ""


@dataclass(frozen=True, slots=True)
class UnderHold:
    """What is held for one reason, what for, and the day that ends it if one is known."""

    why: WhyNotPaid
    nanos: int
    causes: tuple[str, ...] = ()
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PayeeGate:
    """What keeps a payee from being paid anything; ``until``: the last day of it if one is known.

    note: what exactly, like ``payee 7 has no profile``.
    """

    why: WhyNotPaid
    note: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """What is known of one holder's money in one currency; signed nanos, credit positive.

    estimated: by open period. earned_nanos: released, and made up by guarantees. held_nanos,
    holdback_nanos, free_nanos: what the three accounts hold. stated_nanos: payable by the newest
    statement that nobody has paid. returned_nanos: came back since that statement. advance_nanos:
    paid early and not earned back.
    """

    currency: str
    estimated: Mapping[Period, int]
    earned_nanos: int
    held_nanos: int
    holds: Sequence[UnderHold]
    unpaid_by: Sequence[str]
    holdback_nanos: int
    holdback_until: date | None
    free_nanos: int
    stated_nanos: int
    returned_nanos: int
    under_way_nanos: int
    confirmed_nanos: int
    advance_nanos: int
    gate: PayeeGate | None = None


class MoneyAstray(AssertionError):
    """The accounts of a holder do not add up to what was earned: our own fault."""


@dataclass(frozen=True, slots=True)
class MoneyStanding:
    """All parts of one holder's money in one currency, in order of how far they have come."""

    currency: str
    earned_nanos: int
    advance_nanos: int
    parts: tuple[MoneyPart, ...]

    def __post_init__(self) -> None:
        stands = sum(p.nanos for p in self.parts if p.state is not MoneyState.ESTIMATED)
        if stands != self.earned_nanos + self.advance_nanos:
            told = f"{self.currency}: parts {stands}, earned {self.earned_nanos}"
            raise MoneyAstray(f"{told}, advance {self.advance_nanos}")

    @property
    def unpaid(self) -> tuple[MoneyPart, ...]:
        """What is not paid, estimates included."""
        return tuple(part for part in self.parts if part.why)

    def total(self, state: MoneyState) -> int:
        """Sum what is in one state."""
        return sum(part.nanos for part in self.parts if part.state is state)


def stands(facts: MoneyFacts, *, threshold: int, today: date) -> MoneyStanding:
    """Say where every nano is, why it is not paid, and when that may change.

    threshold: smallest payable balance in nanos.
    """
    next_close = _next_close(facts.estimated, today)
    parts = [
        *_estimated(facts, today),
        *_held(facts, next_close),
        *_free(facts, threshold=threshold, next_close=next_close, today=today),
        MoneyPart(MoneyState.PAYABLE, facts.under_way_nanos, WhyNotPaid.UNDER_WAY),
        MoneyPart(MoneyState.PAID, facts.confirmed_nanos),
    ]
    kept = tuple(part for part in parts if part.nanos)
    return MoneyStanding(facts.currency, facts.earned_nanos, facts.advance_nanos, kept)


def _next_close(estimated: Mapping[Period, int], today: date) -> date:
    """Return the first day on which the oldest open month can be closed."""
    month = Period(today.year * 100 + today.month)
    return max(min([*estimated, month]).next().first_day, today)


def _estimated(facts: MoneyFacts, today: date) -> list[MoneyPart]:
    return [
        MoneyPart(
            MoneyState.ESTIMATED,
            nanos,
            WhyNotPaid.NOT_CLOSED,
            max(period.next().first_day, today),
            str(period),
        )
        for period, nanos in sorted(facts.estimated.items())
    ]


def _held(facts: MoneyFacts, next_close: date) -> list[MoneyPart]:
    """Name what lies under holds; the rest of what is held waits for vendors' money."""
    parts = [
        MoneyPart(MoneyState.HELD, one.nanos, one.why, one.until, ", ".join(one.causes))
        for one in facts.holds
    ]
    unbacked = facts.held_nanos - sum(one.nanos for one in facts.holds)
    owing = ", ".join(facts.unpaid_by)
    parts.append(MoneyPart(MoneyState.HELD, unbacked, WhyNotPaid.NOT_BACKED, next_close, owing))
    kept = facts.holdback_nanos
    until = facts.holdback_until or next_close
    parts.append(MoneyPart(MoneyState.HELD, kept, WhyNotPaid.HOLDBACK, until))
    return parts


def _free(facts: MoneyFacts, *, threshold: int, next_close: date, today: date) -> list[MoneyPart]:
    """Divide what is neither held nor paid: what a statement made payable, and the rest."""
    free = facts.free_nanos
    if free < 0:
        return [MoneyPart(MoneyState.SETTLED, free, WhyNotPaid.NEGATIVE_BALANCE, next_close)]
    whole = floor_to_minor(free, facts.currency)
    payable = min(facts.stated_nanos, whole)
    later = whole - payable
    returned = min(facts.returned_nanos, later)
    why = WhyNotPaid.NOT_STATED if whole >= threshold else WhyNotPaid.BELOW_THRESHOLD
    settled = MoneyState.SETTLED
    return [
        MoneyPart(settled, returned, WhyNotPaid.RETURNED, next_close),
        MoneyPart(settled, later - returned, why, next_close),
        MoneyPart(settled, free - whole, WhyNotPaid.BELOW_MINOR_UNIT, next_close),
        _payable(facts.gate, payable, today),
    ]


def _payable(gate: PayeeGate | None, nanos: int, today: date) -> MoneyPart:
    if gate is None:
        return MoneyPart(MoneyState.PAYABLE, nanos, WhyNotPaid.NO_PAYOUT_YET, today)
    until = None if gate.until is None else max(gate.until, today + timedelta(days=1))
    return MoneyPart(MoneyState.PAYABLE, nanos, gate.why, until, gate.note)
