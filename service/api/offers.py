"""Procurement over HTTP: vendors offer by key, creators answer by session."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import AnyAsker, Context, Creator, OfferingVendor
from service.api.documented import problems
from service.api.licences import day_of, signed
from service.api.paging import After, Limit, Number, Page
from service.ledger.money import PPM, BadAmount, format_nanos, parse_nanos
from service.ledger.offer import BadOffer, Offer, OfferState, Said, agreed_by, usual_opening
from service.store import offers, parties, procurement
from service.store.database import unit_of_work
from service.store.offers import StoredOffer
from service.store.people import Person
from service.store.procurement import Answer

router = APIRouter(tags=["licences"], route_class=StrictRoute)
_MAX_ID = 2**63 - 1


class OfferOrder(BaseModel):
    """What a vendor offers; for a work or for all works that one holder owns alone."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "work_id": 7,
                    "advance": "500.00",
                    "guarantee": "2000.00",
                    "currency": "USD",
                    "multiplier_ppm": 1_500_000,
                    "starts_on": "2027-01-01",
                    "ends_on": "2028-01-01",
                    "message": "For our poetry assistant.",
                }
            ]
        },
    )
    work_id: int | None = Field(default=None, ge=1, le=_MAX_ID)
    holder_id: int | None = Field(default=None, ge=1, le=_MAX_ID, description="Of a catalogue.")
    currency: str = Field(description="That of your contract.")
    advance: str = Field(default="0.00", description="Paid once your money for it is received.")
    guarantee: str = Field(default="0.00", description="Least that is earned within the term.")
    multiplier_ppm: int = Field(default=PPM, description="Of the usual royalty, in steps of 10000.")
    starts_on: str = Field(description="YYYY-MM-DD, first day of the deal.")
    ends_on: str = Field(description="YYYY-MM-DD, first day out of it.")
    open_until: str | None = Field(
        default=None, description="First day it is too late; absent: 30 days, or before its start."
    )
    message: str = Field(default="", description="At most 2000 characters.")


class AnswerOrder(BaseModel):
    """Why, if it is to be said."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"note": "Agreed on the telephone."}]},
    )
    note: str = Field(default="", description="At most 500 characters.")


class OfferStep(BaseModel):
    """What was said: agreed by a holder; accepted once all have; declined or withdrawn."""

    said: Said
    holder_id: int | None
    at: datetime
    note: str


class ShownOffer(BaseModel):
    """An offer as it stands; amounts are decimal strings."""

    offer_id: int
    state: OfferState
    vendor: str
    work_id: int | None
    holder_id: int | None
    work_ids: list[int] = Field(description="What it was made for.")
    currency: str
    advance: str
    guarantee: str
    multiplier_ppm: int
    starts_on: date
    ends_on: date
    open_until: date
    message: str
    made_at: datetime
    agreed_by: list[int]
    waits_for: list[int] = Field(description="Holders who must accept yet, while it is open.")
    steps: list[OfferStep]


@router.post(
    "/v1/offers",
    summary="Make an offer",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def make_offer(
    context: Context, vendor_id: OfferingVendor, order: Annotated[OfferOrder, Body()]
) -> ShownOffer:
    """Offer for one work, or for the catalogue of one holder; nothing is agreed hereby."""
    now = context.clock()
    offer = _offer(order, vendor_id, today=now.date())
    by = f"vendor {vendor_id}"
    with unit_of_work(context.database) as session:
        if order.work_id is not None and order.holder_id is None:
            made = procurement.make_for_work(session, offer, order.work_id, by=by, now=now)
        elif order.holder_id is not None and order.work_id is None:
            made = procurement.make_for_catalogue(session, offer, order.holder_id, by=by, now=now)
        else:
            raise BadOffer("work_id", "give either a work_id or a holder_id")
        return _shown(session, made, now=now)


def _offer(order: OfferOrder, vendor_id: int, *, today: date) -> Offer:
    starts_on = day_of(order.starts_on, "starts_on")
    opened = order.open_until
    return Offer(
        vendor_id,
        order.currency,
        _nanos(order.advance, "advance"),
        _nanos(order.guarantee, "guarantee"),
        order.multiplier_ppm,
        starts_on,
        day_of(order.ends_on, "ends_on"),
        usual_opening(starts_on, today=today) if opened is None else day_of(opened, "open_until"),
        order.message,
    )


def _nanos(amount: str, place: str) -> int:
    try:
        return parse_nanos(amount)
    except BadAmount as error:
        raise BadOffer(place, str(error.facts["rule"])) from None


@router.get("/v1/offers", summary="List offers", responses=problems(401, 403))
def list_offers(
    context: Context,
    asked_by: AnyAsker,
    state: Annotated[OfferState | None, Query(description="Only those in this state.")] = None,
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownOffer]:
    """List offers, newest first: a vendor's own, those for a creator's works; operators see all."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        rows = offers.listing(
            session,
            vendor_id=asked_by.vendor_id,
            holder_id=asked_by.holder_id,
            state=state,
            today=now.date(),
            before=paging.number_of(after) or None,
            limit=limit + 1,
        )
        return paging.page_of(
            rows,
            limit,
            shown=lambda one: _shown(session, one, now=now),
            cursor=lambda one: one.offer_id,
        )


@router.get("/v1/offers/{offer_id}", summary="One offer", responses=problems(401, 403, 404))
def get_offer(context: Context, asked_by: AnyAsker, offer_id: Number) -> ShownOffer:
    """Return an offer you made, or one for a work you have or had a share in."""
    with unit_of_work(context.database) as session:
        found = offers.get(
            session, offer_id, vendor_id=asked_by.vendor_id, holder_id=asked_by.holder_id
        )
        return _shown(session, found, now=context.clock())


@router.post(
    "/v1/offers/{offer_id}/withdraw",
    summary="Withdraw an offer",
    responses=problems(401, 403, 404, 409),
)
def withdraw_offer(context: Context, vendor_id: OfferingVendor, offer_id: Number) -> ShownOffer:
    """Take back an offer that not all have accepted."""
    now, by = context.clock(), f"vendor {vendor_id}"
    with unit_of_work(context.database) as session:
        found = procurement.withdraw(session, offer_id, vendor_id=vendor_id, by=by, now=now)
        return _shown(session, found, now=now)


@router.post(
    "/v1/offers/{offer_id}/accept",
    summary="Accept an offer",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def accept_offer(
    context: Context,
    person: Creator,
    offer_id: Number,
    order: Annotated[AnswerOrder | None, Body()] = None,
) -> ShownOffer:
    """Accept for yourself; once every holder has, the deal is made and the advance opened."""
    shown = _answered(context, person, offer_id, order, procurement.accept)
    context.doorbell.ring()
    return shown


@router.post(
    "/v1/offers/{offer_id}/decline",
    summary="Decline an offer",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def decline_offer(
    context: Context,
    person: Creator,
    offer_id: Number,
    order: Annotated[AnswerOrder | None, Body()] = None,
) -> ShownOffer:
    """Decline: the offer ends, for the other holders of the work too."""
    return _answered(context, person, offer_id, order, procurement.decline)


def _answered(
    context: Context,
    person: Person,
    offer_id: int,
    order: AnswerOrder | None,
    take: Callable[..., StoredOffer],
) -> ShownOffer:
    """Take a holder's answer; OfferNotFound where the offer is for nothing of theirs."""
    now = context.clock()
    assert person.party_id is not None
    answer = Answer(person.party_id, signed(person), order.note if order else "")
    with unit_of_work(context.database) as session:
        offers.get(session, offer_id, holder_id=person.party_id)
        return _shown(session, take(session, offer_id, answer, now=now), now=now)


def _shown(session: Session, one: StoredOffer, *, now: datetime) -> ShownOffer:
    state, offer = one.state(now), one.offer
    agreed = agreed_by(one.steps)
    is_open = state is OfferState.OFFERED
    waits_for = procurement.asked_of(session, one) - agreed if is_open else frozenset()
    return ShownOffer(
        offer_id=one.offer_id,
        state=state,
        vendor=parties.slugs(session, [offer.vendor_id])[offer.vendor_id],
        work_id=one.work_id,
        holder_id=one.holder_id,
        work_ids=list(one.work_ids),
        currency=offer.currency,
        advance=format_nanos(offer.advance_nanos),
        guarantee=format_nanos(offer.guarantee_nanos),
        multiplier_ppm=offer.multiplier_ppm,
        starts_on=offer.starts_on,
        ends_on=offer.ends_on,
        open_until=offer.open_until,
        message=offer.message,
        made_at=one.made_at,
        agreed_by=sorted(agreed),
        waits_for=sorted(waits_for),
        steps=[
            OfferStep(said=step.said, holder_id=step.holder_id, at=step.at, note=step.note)
            for step in one.steps
        ],
    )
