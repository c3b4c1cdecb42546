"""A holdback: a part of what became payable, kept for some months against refunds."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.ledger import accounts
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.period import Period

MOST_MONTHS = 24


class BadHoldback(LedgerError):
    """A rule of holdback keeps less than nothing, more than all, or for no time or too long."""

    def __init__(self, ppm: int, months: int) -> None:
        super().__init__(
            f"a holdback of {ppm} ppm for {months} months: ppm lie in 0..{PPM}, "
            f"months in 1..{MOST_MONTHS}",
            ppm=ppm,
            months=months,
        )


@dataclass(frozen=True, slots=True)
class HoldbackRule:
    """Keep so much of what becomes payable in a month until the close so many months later."""

    ppm: int
    months: int

    def __post_init__(self) -> None:
        if not 0 <= self.ppm <= PPM or not 1 <= self.months <= MOST_MONTHS:
            raise BadHoldback(self.ppm, self.months)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of one month's holdback, and the period whose close releases it."""

    holdback_id: int
    until: Period
    nanos: int


@dataclass(frozen=True, slots=True)
class HoldbackMoves:
    """What a close releases, by holdback, and what it takes anew."""

    released: tuple[tuple[int, int], ...]
    taken_nanos: int


def moves(
    kept: Sequence[Kept],
    rule: HoldbackRule | None,
    *,
    period: Period,
    freed_nanos: int,
    payable_nanos: int,
) -> HoldbackMoves:
    """Say what a close of a period releases of what was kept, and what it keeps of the new.

    freed_nanos: what became payable in the period by backing, less what went under holds.
    payable_nanos: what the holder's account has before. What is due is released; a balance below
    zero is filled up from the rest, oldest first: that is what it was kept against. The new part
    is rounded down and never more than is payable.
    """
    released, balance = [], payable_nanos
    for one in sorted(kept, key=lambda each: (each.until, each.holdback_id)):
        nanos = one.nanos if one.until <= period else min(one.nanos, max(-balance, 0))
        if nanos:
            released.append((one.holdback_id, nanos))
            balance += nanos
    taken = max(freed_nanos, 0) * rule.ppm // PPM if rule else 0
    return HoldbackMoves(tuple(released), min(taken, max(balance, 0)))


def until(period: Period, rule: HoldbackRule) -> Period:
    """Return the period whose close releases what this one keeps."""
    for _ in range(rule.months):
        period = period.next()
    return period


def legs(holder_id: int, nanos: int) -> dict[str, int]:
    """Return what keeping so much posts; below zero it is given back."""
    return {accounts.holder_payable(holder_id): nanos, accounts.holder_holdback(holder_id): -nanos}
