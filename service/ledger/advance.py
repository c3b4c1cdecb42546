"""An advance: a vendor's money paid early, earned back by what its sales bring the holder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.ledger import accounts
from service.ledger.errors import LedgerError
from service.ledger.money import MAX_NANOS, format_nanos
from service.ledger.period import Period


class AdvanceStep(StrEnum):
    """What happened to an advance: paid by the vendor, recouped, or made up to its guarantee."""

    ADVANCE = "advance"
    RECOUPMENT = "recoupment"
    GUARANTEE = "guarantee"


class BadAdvance(LedgerError):
    """An advance of nothing, a guarantee below it, or one without an end."""

    def __init__(self, rule: str, *, amount_nanos: int, guarantee_nanos: int) -> None:
        super().__init__(
            f"an advance of {format_nanos(amount_nanos)} with a guarantee of "
            f"{format_nanos(guarantee_nanos)} {rule}",
            rule=rule,
            amount=format_nanos(amount_nanos),
            guarantee=format_nanos(guarantee_nanos),
        )


class AdvancePaid(LedgerError):
    """An advance was to be paid twice."""

    def __init__(self, advance_id: int) -> None:
        super().__init__(f"advance {advance_id} is paid already", advance_id=advance_id)


@dataclass(frozen=True, slots=True)
class Advance:
    """What a vendor pays a holder early; recouped from its sales of these works, None: of all.

    guarantee_nanos: what the vendor's sales bring the holder at least, up to the end of the month
    of ``until``; what is missing then is owed. 0: nothing is guaranteed.
    """

    advance_id: int
    vendor: str
    holder_id: int
    currency: str
    amount_nanos: int
    work_ids: frozenset[int] | None
    guarantee_nanos: int = 0
    until: date | None = None

    def __post_init__(self) -> None:
        amounts = {"amount_nanos": self.amount_nanos, "guarantee_nanos": self.guarantee_nanos}
        if min(amounts.values()) < 0 or max(amounts.values()) > MAX_NANOS:
            raise BadAdvance("is out of range", **amounts)
        if not self.amount_nanos and not self.guarantee_nanos:
            raise BadAdvance("gives nothing", **amounts)
        if 0 < self.guarantee_nanos < self.amount_nanos:
            raise BadAdvance("guarantees less than it pays", **amounts)
        if self.guarantee_nanos and not self.until:
            raise BadAdvance("has no day on which the guarantee ends", **amounts)

    def is_of(self, work_id: int) -> bool:
        """Whether earnings of a work recoup it."""
        return self.work_ids is None or work_id in self.work_ids

    def shares_works_with(self, other: "Advance") -> bool:
        """Whether some earnings could recoup either."""
        if self.work_ids is None or other.work_ids is None:
            return True
        return bool(self.work_ids & other.work_ids)

    def guarantee_due(self, period: Period) -> bool:
        """Whether a close of the period makes up what the guarantee is short of."""
        until = self.until if self.guarantee_nanos else None
        return until is not None and until < period.end.date()


@dataclass(frozen=True, slots=True)
class Standing:
    """How an advance stands. earned: from its works and vendor; contested: of it, under a hold.

    paid_nanos is 0 until the vendor's money for it has come.
    """

    advance: Advance
    paid_nanos: int
    recouped_nanos: int
    made_up_nanos: int
    earned_nanos: int
    contested_nanos: int

    @property
    def unrecouped_nanos(self) -> int:
        """What is still to be earned back."""
        return self.paid_nanos - self.recouped_nanos


def shortfall(one: Standing) -> int:
    """Return what a vendor owes so that a guarantee is met; it is asked once, at its end."""
    return max(one.advance.guarantee_nanos - one.earned_nanos, 0)


def recoupments(standings: Sequence[Standing]) -> dict[int, int]:
    """Return what is to be recouped of each advance now, by its number; below zero: given back.

    Target minus posted. The target is what was earned and is not contested, up to the advance;
    the older of two advances on the same works comes first. What a guarantee made up counts as
    earned.
    """
    targets: dict[int, int] = {}
    ordered = sorted(standings, key=lambda one: one.advance.advance_id)
    for one in ordered:
        earned = one.earned_nanos + one.made_up_nanos - one.contested_nanos
        for earlier in ordered:
            if earlier.advance.advance_id >= one.advance.advance_id:
                break
            if _compete(earlier.advance, one.advance):
                earned -= targets[earlier.advance.advance_id]
        targets[one.advance.advance_id] = min(one.paid_nanos, max(earned, 0))
    so_far = {one.advance.advance_id: one.recouped_nanos for one in ordered}
    return {at: nanos - so_far[at] for at, nanos in targets.items() if nanos != so_far[at]}


def _compete(one: Advance, other: Advance) -> bool:
    return (one.vendor, one.holder_id, one.currency) == (
        other.vendor,
        other.holder_id,
        other.currency,
    ) and one.shares_works_with(other)


def legs(advance: Advance, step: AdvanceStep, nanos: int) -> Mapping[str, int]:
    """Return what a step posts, debit positive.

    The vendor's money for an advance is its prepayment: what is recouped settles as much of what
    the vendor owes for sales. What a guarantee makes up is owed like the royalty of a sale.
    """
    held = accounts.holder_held(advance.holder_id)
    if step is AdvanceStep.ADVANCE:
        return {
            accounts.BANK: nanos,
            accounts.vendor_prepaid(advance.vendor): -nanos,
            accounts.holder_advance(advance.holder_id): nanos,
            accounts.holder_payable(advance.holder_id): -nanos,
        }
    if step is AdvanceStep.RECOUPMENT:
        return {
            held: nanos,
            accounts.holder_advance(advance.holder_id): -nanos,
            accounts.vendor_prepaid(advance.vendor): nanos,
            accounts.vendor_receivable(advance.vendor): -nanos,
        }
    return {accounts.vendor_receivable(advance.vendor): nanos, held: -nanos}
