"""Licence terms: what a work may be used for, from when, by whom not, and at which rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.ledger.allocation import allocate
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.settlement import UNMATCHED_KEY, work_key

MULTIPLIER_STEP_PPM = 10_000
MIN_MULTIPLIER_PPM, MAX_MULTIPLIER_PPM = 10_000, 10_000_000
"""A hundredth of the usual royalty up to ten times it, in steps of a hundredth."""
MAX_OWN_MULTIPLIER_PPM = 2_000_000
"""What holders may ask by themselves: more is agreed with a vendor, or set by an operator."""

WHOLE = PPM * (PPM // MULTIPLIER_STEP_PPM)
"""Weight of a whole sale: a share of 1,000,000 ppm at the usual rate, in steps."""


class Use(StrEnum):
    """What an AI vendor may do with a work."""

    OUTPUT = "output"
    RETRIEVAL = "retrieval"
    TRAINING = "training"

    @property
    def bit(self) -> int:
        """Place in the number that is stored."""
        return 1 << _ORDER.index(self)


_ORDER = tuple(Use)


class Against(StrEnum):
    """Why a work earns nothing from a sale that drew on it, the first that holds."""

    EMBARGO = "under embargo"
    USE = "output not allowed"
    VENDOR = "vendor excluded"

    @property
    def number(self) -> int:
        """Number in arrays and rows; 0 is none."""
        return _AGAINST.index(self) + 1

    @classmethod
    def numbered(cls, number: int) -> "Against | None":
        """Inverse of ``number``."""
        return _AGAINST[number - 1] if number else None


_AGAINST = tuple(Against)


class MultiplierOutOfRange(LedgerError):
    """A royalty multiplier is not one of those that are taken."""

    def __init__(self, multiplier_ppm: int, *, most_ppm: int = MAX_MULTIPLIER_PPM) -> None:
        super().__init__(
            f"multiplier {multiplier_ppm} ppm: it lies in {MIN_MULTIPLIER_PPM}..{most_ppm}, "
            f"in steps of {MULTIPLIER_STEP_PPM}",
            multiplier_ppm=multiplier_ppm,
            most_ppm=most_ppm,
        )


class CoHoldersMayOnlyTighten(LedgerError):
    """One of several holders wanted to allow more, or to change the price."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"work {work_id} is not yours alone: by yourself you may forbid uses, exclude vendors "
            "and prolong the embargo; propose the rest to the others",
            work_id=work_id,
        )


def check_multiplier(multiplier_ppm: int, *, most_ppm: int = MAX_MULTIPLIER_PPM) -> int:
    """Return a multiplier that is taken; raise MultiplierOutOfRange."""
    in_range = MIN_MULTIPLIER_PPM <= multiplier_ppm <= most_ppm
    if not in_range or multiplier_ppm % MULTIPLIER_STEP_PPM:
        raise MultiplierOutOfRange(multiplier_ppm, most_ppm=most_ppm)
    return multiplier_ppm


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of one work. Until the day of ``embargo_until`` no use at all is allowed."""

    uses: frozenset[Use] = frozenset({Use.OUTPUT})
    multiplier_ppm: int = PPM
    embargo_until: date | None = None
    excluded_vendor_ids: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        check_multiplier(self.multiplier_ppm)

    def against(self, *, vendor_id: int, day: date) -> Against | None:
        """Say what these terms have against an output that a vendor sold on a day."""
        if self.embargo_until and day < self.embargo_until:
            return Against.EMBARGO
        if Use.OUTPUT not in self.uses:
            return Against.USE
        return Against.VENDOR if vendor_id in self.excluded_vendor_ids else None

    def allowed_on(self, day: date) -> frozenset[Use]:
        """Return the uses that are allowed on a day, to vendors that are not excluded."""
        return frozenset() if self.embargo_until and day < self.embargo_until else self.uses

    def is_as_tight_as(self, other: "Licence") -> bool:
        """Whether nothing is allowed that the other does not allow, at the same rate."""
        return (
            self.uses <= other.uses
            and self.excluded_vendor_ids >= other.excluded_vendor_ids
            and (self.embargo_until or date.min) >= (other.embargo_until or date.min)
            and self.multiplier_ppm == other.multiplier_ppm
        )


USUAL = Licence()
"""What holds for a work nobody has set terms for: output, at the usual royalty, for everybody."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What a vendor agreed for a work, from a day to before another: it outranks the terms."""

    vendor_id: int
    starts_on: date
    ends_on: date
    multiplier_ppm: int

    def __post_init__(self) -> None:
        check_multiplier(self.multiplier_ppm)
        assert self.starts_on < self.ends_on, "a deal of no day"

    def holds(self, *, vendor_id: int, day: date) -> bool:
        """Whether a sale of the vendor on the day falls under the deal."""
        return vendor_id == self.vendor_id and self.starts_on <= day < self.ends_on


def rate_of(
    licence: Licence, deals: tuple[Deal, ...], *, vendor_id: int, day: date
) -> int | Against:
    """Return the multiplier a sale pays a work by, or why it pays the work nothing.

    A deal is the licence that this vendor bought: within its term nothing else is asked.
    """
    for deal in deals:
        if deal.holds(vendor_id=vendor_id, day=day):
            return deal.multiplier_ppm
    return licence.against(vendor_id=vendor_id, day=day) or licence.multiplier_ppm


def scaled(
    share_ppm: Mapping[int, int], multiplier_ppm: Mapping[int, int], *, tie: int
) -> tuple[dict[int, int], int]:
    """Return the shares by work that a sale pays, and what is unmatched; they sum to 1,000,000.

    A share weighs as much as its multiplier makes of it. What that adds comes out of the unmatched
    part; once nothing is unmatched, all works give way in proportion to their weights. What it
    takes off becomes unmatched. A work left with less than half a ppm may have none.
    """
    weights = {
        work_key(work): share * (multiplier_ppm[work] // MULTIPLIER_STEP_PPM)
        for work, share in share_ppm.items()
    }
    weights[UNMATCHED_KEY] = max(WHOLE - sum(weights.values()), 0)
    parts = allocate(PPM, weights, tie=tie)
    shares = {work: parts[work_key(work)] for work in share_ppm}
    return {work: share for work, share in shares.items() if share}, parts[UNMATCHED_KEY]
