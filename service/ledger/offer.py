"""A vendor's offer for a work or a catalogue: offered, then accepted, declined, withdrawn, expired.

The decider takes what was said so far and the clock and returns what is said next; storage keeps
it. Nothing that was said is unsaid. Terms that one holder proposes to the others go the same way.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.licence import check_multiplier
from service.ledger.money import MAX_NANOS, check_currency
from service.ledger.sale_report import MAX_FUTURE

Holders = AbstractSet[int]
MAX_DAYS = 3_660
"""Longest term: ten years."""
USUALLY_OPEN_DAYS = 30
AHEAD_DAYS = MAX_FUTURE.days
"""How far ahead of the clock a sale may be dated: a deal begins beyond it."""


class OfferState(StrEnum):
    """How far an offer has come."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Said(StrEnum):
    """What is said of an offer: ``agreed`` by each holder, the others end it."""

    AGREED = "agreed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class BadOffer(LedgerError):
    """An offer breaks a rule; ``place`` names the field."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


class NoLongerOpen(LedgerError):
    """What is no longer open was answered or withdrawn."""

    def __init__(self, subject: str, state: StrEnum) -> None:
        super().__init__(
            f"{subject} is {state}: nothing more can be said", subject=subject, state=state
        )


class AgreedAlready(LedgerError):
    """A holder accepted twice."""

    def __init__(self, subject: str, holder_id: int) -> None:
        super().__init__(
            f"holder {holder_id} has accepted {subject} already; others have not yet",
            subject=subject,
            holder_id=holder_id,
        )


class NotAsked(LedgerError):
    """Somebody answered what needs no word of theirs."""

    def __init__(self, subject: str, holder_id: int) -> None:
        super().__init__(
            f"{subject} does not ask holder {holder_id}: no share in what it is for",
            subject=subject,
            holder_id=holder_id,
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a vendor offers: money now, money at least, a rate, from a day to before another.

    ``open_until``: first day on which it can no longer be accepted.
    """

    vendor_id: int
    currency: str
    advance_nanos: int
    guarantee_nanos: int
    multiplier_ppm: int
    starts_on: date
    ends_on: date
    open_until: date
    message: str = ""

    def __post_init__(self) -> None:
        check_currency(self.currency)
        check_multiplier(self.multiplier_ppm)
        for place, nanos in (("advance", self.advance_nanos), ("guarantee", self.guarantee_nanos)):
            if not 0 <= nanos <= MAX_NANOS:
                raise BadOffer(place, "must be zero or more")
        if 0 < self.guarantee_nanos < self.advance_nanos:
            raise BadOffer("guarantee", "must be zero, or at least the advance")
        if not 0 < (self.ends_on - self.starts_on).days <= MAX_DAYS:
            raise BadOffer("ends_on", f"must lie after starts_on, by {MAX_DAYS} days at most")
        if (self.starts_on - self.open_until).days < AHEAD_DAYS:
            raise BadOffer("open_until", "must lie before starts_on: sales may be a day ahead")


def usual_opening(starts_on: date, *, today: date) -> date:
    """Return until when an offer is open that does not say: thirty days, or till its term nears."""
    days = min((starts_on - today).days - AHEAD_DAYS, USUALLY_OPEN_DAYS)
    return today + timedelta(days=max(days, 0))


def check_opening(offer: Offer, *, today: date) -> Offer:
    """Return an offer that can be made today; raise BadOffer."""
    if offer.open_until <= today:
        raise BadOffer("open_until", f"must lie after {today}, and a day before starts_on")
    return offer


@dataclass(frozen=True, slots=True)
class Step:
    """One thing said of an offer; ``holder_id`` is None for the vendor, and where all agreed."""

    said: Said
    holder_id: int | None
    at: datetime
    by: str
    note: str = ""


_ENDS: Mapping[Said, OfferState] = {
    Said.ACCEPTED: OfferState.ACCEPTED,
    Said.DECLINED: OfferState.DECLINED,
    Said.WITHDRAWN: OfferState.WITHDRAWN,
}


def state_of(open_until: date, steps: Sequence[Step], *, today: date) -> OfferState:
    """Return the state of an offer; the clock ends one that nobody ended, by the UTC date."""
    for step in steps:
        if step.said in _ENDS:
            return _ENDS[step.said]
    return OfferState.EXPIRED if today >= open_until else OfferState.OFFERED


def agreed_by(steps: Sequence[Step]) -> frozenset[int]:
    """Return the holders who accepted so far."""
    said = (step.holder_id for step in steps if step.said is Said.AGREED)
    return frozenset(holder for holder in said if holder is not None)


def accept(
    subject: str, state: OfferState, steps: Sequence[Step], *, holder_id: int, asked: Holders
) -> tuple[Said, ...]:
    """Return what a holder's acceptance says: agreed, and accepted where all have agreed hereby.

    ``subject``: what it is said of, like ``offer 7``. ``asked``: who holds shares in what it is for
    now. Raises NoLongerOpen, NotAsked, AgreedAlready, in this order.
    """
    _check_open(subject, state)
    if holder_id not in asked:
        raise NotAsked(subject, holder_id)
    before = agreed_by(steps)
    if holder_id in before:
        raise AgreedAlready(subject, holder_id)
    return (Said.AGREED, Said.ACCEPTED) if asked <= before | {holder_id} else (Said.AGREED,)


def decline(subject: str, state: OfferState, *, holder_id: int, asked: Holders) -> tuple[Said, ...]:
    """Return what a holder's refusal says: it ends the matter, also after agreeing."""
    _check_open(subject, state)
    if holder_id not in asked:
        raise NotAsked(subject, holder_id)
    return (Said.DECLINED,)


def withdraw(subject: str, state: OfferState) -> tuple[Said, ...]:
    """Return what its maker's withdrawal says: it ends the matter while not all have agreed."""
    _check_open(subject, state)
    return (Said.WITHDRAWN,)


def _check_open(subject: str, state: OfferState) -> None:
    if state is not OfferState.OFFERED:
        raise NoLongerOpen(subject, state)


@dataclass(frozen=True, slots=True)
class Part:
    """What one holder is promised of an offer."""

    advance_nanos: int
    guarantee_nanos: int


def part_of_each(offer_id: int, offer: Offer, shares_ppm: Mapping[int, int]) -> dict[int, Part]:
    """Divide advance and guarantee among holders by their shares, exactly; nobody of nothing.

    A guarantee is the advance and what is guaranteed above it, so no part is below its advance.
    """
    weights = {f"holder:{holder}": share for holder, share in shares_ppm.items()}
    tie = tie_of("offer", str(offer_id))
    early = allocate(offer.advance_nanos, weights, tie=tie)
    above = max(offer.guarantee_nanos - offer.advance_nanos, 0)
    later = allocate(above, weights, tie=tie)
    parts = {}
    for holder in shares_ppm:
        key = f"holder:{holder}"
        guaranteed = early[key] + later[key] if offer.guarantee_nanos else 0
        if early[key] or guaranteed:
            parts[holder] = Part(early[key], guaranteed)
    return parts
