"""Procurement: vendors make offers, holders answer, and what all agreed becomes a deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from service.ledger import offer as course
from service.ledger.errors import LedgerError
from service.ledger.licence import Deal
from service.ledger.money import PPM
from service.ledger.offer import BadOffer, Offer, Said, Step
from service.store import advances, deals, licences, offers, terms
from service.store.advances import NewAdvance
from service.store.database import driver
from service.store.offers import StoredOffer
from service.store.works import WorkNotFound


class NothingToLicense(LedgerError):
    """An offer is for works none of which can be licensed: withdrawn, or no longer held alone."""

    def __init__(self) -> None:
        super().__init__(
            "the offer names no work that can be licensed: withdrawn, or not one holder's alone"
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a holder says, by whom and why."""

    holder_id: int
    by: str
    note: str = ""


def make_for_work(
    session: Session, offer: Offer, work_id: int, *, by: str, now: datetime
) -> StoredOffer:
    """Keep a vendor's offer for one work, whoever holds it; each holder is asked.

    Raises BadOffer, NoContract, WorkNotFound, DealOverlaps.
    """
    _check(session, offer, now=now)
    if not splits_of(session, [work_id]):
        raise WorkNotFound(work_id)
    deals.check_free(session, [work_id], _deal(offer))
    made = offers.insert(
        session, offer, work_id=work_id, holder_id=None, work_ids=[work_id], by=by, now=now
    )
    return offers.get(session, made)


def make_for_catalogue(
    session: Session, offer: Offer, holder_id: int, *, by: str, now: datetime
) -> StoredOffer:
    """Keep a vendor's offer for all works that one holder owns alone now.

    Raises BadOffer, NoContract, NothingToLicense, DealOverlaps.
    """
    _check(session, offer, now=now)
    work_ids = _alone(session, holder_id)
    if not work_ids:
        raise NothingToLicense
    deals.check_free(session, work_ids, _deal(offer))
    made = offers.insert(
        session, offer, work_id=None, holder_id=holder_id, work_ids=work_ids, by=by, now=now
    )
    return offers.get(session, made)


def _check(session: Session, offer: Offer, *, now: datetime) -> None:
    course.check_opening(offer, today=now.astimezone(UTC).date())
    known = terms.of_vendors(session, [offer.vendor_id])[offer.vendor_id]
    currency = known.contract_on(offer.starts_on).currency
    if offer.currency != currency:
        raise BadOffer("currency", f"must be {currency}, that of your contract")


def _deal(offer: Offer) -> Deal:
    return Deal(offer.vendor_id, offer.starts_on, offer.ends_on, offer.multiplier_ppm)


def accept(session: Session, offer_id: int, answer: Answer, *, now: datetime) -> StoredOffer:
    """Let a holder accept; once all have, the vendor's deals begin and advances are opened.

    Raises OfferNotFound, NoLongerOpen, NotAsked, AgreedAlready, DealOverlaps, NothingToLicense.
    """
    offers.lock(session)
    stored = offers.get(session, offer_id)
    licensed = _licensed(session, stored)
    said = course.accept(
        f"offer {offer_id}",
        stored.state(now),
        stored.steps,
        holder_id=answer.holder_id,
        asked=_asked(stored, licensed),
    )
    offers.say(session, offer_id, _steps(said, answer, now=now))
    if Said.ACCEPTED in said:
        _conclude(session, stored, licensed, now=now)
    return offers.get(session, offer_id)


def decline(session: Session, offer_id: int, answer: Answer, *, now: datetime) -> StoredOffer:
    """Let a holder decline: the offer ends for all. Raises as ``accept``."""
    offers.lock(session)
    stored = offers.get(session, offer_id)
    asked = _asked(stored, _licensed(session, stored))
    said = course.decline(
        f"offer {offer_id}", stored.state(now), holder_id=answer.holder_id, asked=asked
    )
    offers.say(session, offer_id, _steps(said, answer, now=now))
    return offers.get(session, offer_id)


def withdraw(
    session: Session, offer_id: int, *, vendor_id: int | None, by: str, now: datetime
) -> StoredOffer:
    """Let the vendor take an open offer back. Raises OfferNotFound, NoLongerOpen."""
    offers.lock(session)
    stored = offers.get(session, offer_id, vendor_id=vendor_id)
    said = course.withdraw(f"offer {offer_id}", stored.state(now))
    offers.say(session, offer_id, [Step(one, None, now, by) for one in said])
    return offers.get(session, offer_id)


def _steps(said: Sequence[Said], answer: Answer, *, now: datetime) -> list[Step]:
    return [
        Step(one, None if one is Said.ACCEPTED else answer.holder_id, now, answer.by, answer.note)
        for one in said
    ]


def asked_of(session: Session, stored: StoredOffer) -> frozenset[int]:
    """Return who must accept an offer for it to be accepted, as the works are held now."""
    return _asked(stored, _licensed(session, stored))


Splits = dict[int, dict[int, int]]
"""Shares in ppm by holder, by work."""


def _asked(stored: StoredOffer, licensed: Splits) -> frozenset[int]:
    if stored.holder_id is not None:
        return frozenset({stored.holder_id})
    return frozenset(holder for split in licensed.values() for holder in split)


def _licensed(session: Session, stored: StoredOffer) -> Splits:
    """Return the works of an offer that can be licensed now: of a catalogue those still alone."""
    splits = splits_of(session, stored.work_ids)
    if stored.holder_id is None:
        return splits
    return {work: split for work, split in splits.items() if split == {stored.holder_id: PPM}}


_NEWEST = """
SELECT DISTINCT ON (w.work_id) w.work_id, r.holder_ids, r.shares_ppm
FROM work w JOIN rights_version r USING (work_id)
WHERE r.superseded_at IS NULL AND w.withdrawn_at IS NULL AND NOT w.commons
    AND w.edition_of IS NULL AND {}
ORDER BY w.work_id, lower(r.days) DESC
"""


def splits_of(session: Session, work_ids: Sequence[int]) -> Splits:
    """Return who holds these works now, of those that can be licensed."""
    query = _NEWEST.format("w.work_id = ANY(%s::bigint[])")
    rows = driver(session).execute(query.encode(), (list(work_ids),))
    return {work: dict(zip(holders, shares, strict=True)) for work, holders, shares in rows}


def _alone(session: Session, holder_id: int) -> list[int]:
    held = "w.work_id IN (SELECT work_id FROM rights_version WHERE holder_ids = ARRAY[%s::bigint])"
    rows = driver(session).execute(_NEWEST.format(held).encode(), (holder_id,))
    return [work for work, holders, _ in rows if holders == [holder_id]]


def _conclude(session: Session, stored: StoredOffer, licensed: Splits, *, now: datetime) -> None:
    """Make the deals that all agreed on, and open the advance of each holder.

    The guarantee ends with the last day of the term. It and the advance are earned back by the
    licensed works.
    """
    if not licensed:
        raise NothingToLicense
    licences.lock(session)
    work_ids, offer = tuple(sorted(licensed)), stored.offer
    deals.insert(session, work_ids, _deal(offer), offer_id=stored.offer_id, now=now)
    shares = {stored.holder_id: PPM} if stored.holder_id else licensed[work_ids[0]]
    for holder, part in course.part_of_each(stored.offer_id, offer, shares).items():
        advances.insert(
            session,
            NewAdvance(
                offer.vendor_id,
                holder,
                offer.currency,
                part.advance_nanos,
                work_ids,
                part.guarantee_nanos,
                offer.ends_on - timedelta(days=1),
                stored.offer_id,
            ),
            now=now,
        )
