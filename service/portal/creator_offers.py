"""Offers of vendors for works of a creator: what is offered, who agreed, accepting, declining."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.licences import signed
from service.ledger.errors import LedgerError
from service.ledger.offer import OfferState, agreed_by
from service.portal import pages
from service.portal.field_errors import said_or_raised
from service.store import offers, parties, procurement, works
from service.store.database import unit_of_work
from service.store.offers import StoredOffer
from service.store.people import Person
from service.store.procurement import Answer
from service.store.text_rules import BadText

router = APIRouter()
_TAKE: Mapping[str, Callable[..., StoredOffer]] = MappingProxyType(
    {"accept": procurement.accept, "decline": procurement.decline}
)


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer with the names its reader knows; asks_me: whether it waits for the reader."""

    stored: StoredOffer
    state: OfferState
    vendor: str
    title: str
    agreed: tuple[str, ...]
    waits_for: tuple[str, ...]
    asks_me: bool


@router.get("/offers")
def offers_page(
    request: Request,
    person: Creator,
    context: Context,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List the offers for works of the creator, newest first, ended ones too."""
    return _page(request, person, context, before=before)


@router.post("/offers/{offer_id}")
def answer(
    request: Request,
    person: Creator,
    context: Context,
    offer_id: int,
    decision: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Accept or decline for oneself; a refusal shows the page again and says why."""
    assert person.party_id is not None
    said = Answer(person.party_id, signed(person), note.strip())
    try:
        take = _TAKE.get(decision)
        if take is None:
            raise BadText("form", "choose one of the two")
        with unit_of_work(context.database) as session:
            offers.get(session, offer_id, holder_id=person.party_id)
            take(session, offer_id, said, now=context.clock())
    except LedgerError as refusal:
        error = said_or_raised(refusal, ())["form"]
        return _page(request, person, context, errors={offer_id: error}, note=note)
    context.doorbell.ring()
    return pages.goto("/offers?done=offer-answered")


def _page(
    request: Request,
    person: Person,
    context: WebContext,
    *,
    before: int | None = None,
    errors: Mapping[int, str] | None = None,
    note: str = "",
) -> Response:
    assert person.party_id is not None
    now = context.clock()
    with unit_of_work(context.database) as session:
        found = offers.listing(
            session,
            holder_id=person.party_id,
            today=now.date(),
            before=before,
            limit=pages.PAGE_SIZE + 1,
        )
        rows = found[: pages.PAGE_SIZE]
        shown = [_shown(session, one, person.party_id, one.state(now)) for one in rows]
    return pages.render(
        request,
        "offers.html",
        title="Offers",
        status=422 if errors else 200,
        offers=shown,
        errors=errors or {},
        note=note,
        before=before,
        more=rows[-1].offer_id if len(found) > len(rows) else None,
    )


def _shown(session: Session, one: StoredOffer, me: int, state: OfferState) -> ShownOffer:
    agreed = agreed_by(one.steps)
    asked = procurement.asked_of(session, one) if state is OfferState.OFFERED else frozenset()
    waiting = asked - agreed
    names = parties.names(session, sorted({*agreed, *waiting, one.offer.vendor_id}))
    title = works.titles(session, [one.work_id])[one.work_id] if one.work_id else ""
    return ShownOffer(
        one,
        state,
        names[one.offer.vendor_id],
        title,
        tuple(names[holder] for holder in sorted(agreed)),
        tuple(names[holder] for holder in sorted(waiting)),
        me in waiting,
    )
