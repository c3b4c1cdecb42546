"""Holders of a shared work agree on its licence terms."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, Creator, CreatorOrOperator
from service.api.documented import problems
from service.api.licences import LicenceOrder, licence_of, signed, sorted_uses
from service.api.offers import AnswerOrder, OfferStep
from service.api.paging import After, Limit, Number, Page
from service.api.preconditions import IfMatch, seen
from service.api.splits import get_seen
from service.ledger.licence import MAX_OWN_MULTIPLIER_PPM, Use, check_multiplier
from service.ledger.offer import agreed_by
from service.ledger.proposal import ProposalState
from service.store import holdings, licence_proposals, licences, parties, works
from service.store.database import unit_of_work
from service.store.licence_proposals import StoredLicenceProposal
from service.store.people import Person
from service.store.procurement import Answer

router = APIRouter(tags=["licences"], route_class=StrictRoute)


class ShownLicenceProposal(BaseModel):
    """Proposed terms as they stand."""

    proposal_id: int
    work_id: int
    state: ProposalState
    valid_from: date
    uses: list[Use]
    multiplier_ppm: int
    embargo_until: date | None
    excluded_vendors: list[str]
    uri: str | None
    reason: str
    proposer_id: int
    proposed_at: datetime
    open_until: date = Field(description="First day on which it can no longer be accepted.")
    agreed_by: list[int]
    waits_for: list[int] = Field(description="Holders who must accept yet, while it is open.")
    steps: list[OfferStep]


@router.post(
    "/v1/works/{work_id}/licence-proposals",
    summary="Propose terms to the other holders",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 412, 413, 415, 428),
)
def propose_licence(
    context: Context,
    person: Creator,
    work_id: Number,
    order: Annotated[LicenceOrder, Body()],
    if_match: IfMatch = None,
) -> ShownLicenceProposal:
    """Propose terms of a shared work; you accept hereby, and the last to accept sets them.

    Other terms that are set meanwhile overtake it.
    """
    now = context.clock()
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        works.get(session, work_id)
        holdings.check_present(session, person.party_id, work_id)
        new = licence_of(session, work_id, order)
        before = licences.terms_on(licences.history(session, work_id), new.valid_from)
        if new.licence.multiplier_ppm != before.multiplier_ppm:
            check_multiplier(new.licence.multiplier_ppm, most_ppm=MAX_OWN_MULTIPLIER_PPM)
        made = licence_proposals.propose(
            session,
            new,
            seen=seen(if_match),
            holder_id=person.party_id,
            by=signed(person),
            now=now,
        )
        return _shown(session, made, now=now)


@router.get(
    "/v1/works/{work_id}/licence-proposals",
    summary="Proposed terms of a work",
    responses=problems(401, 403, 404),
)
def list_licence_proposals(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownLicenceProposal]:
    """List what was proposed of a work you have or had a share in, newest first."""
    now, before = context.clock(), paging.number_of(after) or None
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
        rows = licence_proposals.of_work(session, work_id, before=before, limit=limit + 1)
        return paging.page_of(
            rows,
            limit,
            shown=lambda one: _shown(session, one, now=now),
            cursor=lambda one: one.proposal_id,
        )


_ANSWERED = problems(400, 401, 403, 404, 409, 413, 415)


@router.post(
    "/v1/licence-proposals/{licence_proposal_id}/accept",
    summary="Accept terms",
    responses=_ANSWERED,
)
def accept_licence(
    context: Context,
    person: Creator,
    licence_proposal_id: Number,
    order: Annotated[AnswerOrder | None, Body()] = None,
) -> ShownLicenceProposal:
    """Accept proposed terms; the last to accept sets them."""
    return _answered(context, person, licence_proposal_id, order, licence_proposals.accept)


@router.post(
    "/v1/licence-proposals/{licence_proposal_id}/decline",
    summary="Decline terms",
    responses=_ANSWERED,
)
def decline_licence(
    context: Context,
    person: Creator,
    licence_proposal_id: Number,
    order: Annotated[AnswerOrder | None, Body()] = None,
) -> ShownLicenceProposal:
    """Decline proposed terms: they end for all."""
    return _answered(context, person, licence_proposal_id, order, licence_proposals.decline)


@router.post(
    "/v1/licence-proposals/{licence_proposal_id}/withdraw",
    summary="Withdraw terms",
    responses=_ANSWERED,
)
def withdraw_licence(
    context: Context,
    person: Creator,
    licence_proposal_id: Number,
    order: Annotated[AnswerOrder | None, Body()] = None,
) -> ShownLicenceProposal:
    """Take back terms that you proposed, while not all have accepted."""
    return _answered(context, person, licence_proposal_id, order, licence_proposals.withdraw)


def _answered(
    context: Context,
    person: Person,
    proposal_id: int,
    order: AnswerOrder | None,
    take: Callable[..., StoredLicenceProposal],
) -> ShownLicenceProposal:
    """Take an answer; ProposalNotFound, or WorkNotFound where the work was never the person's."""
    now = context.clock()
    assert person.party_id is not None
    answer = Answer(person.party_id, signed(person), order.note if order else "")
    with unit_of_work(context.database) as session:
        stored = licence_proposals.get(session, proposal_id)
        get_seen(session, person, stored.new.work_id)
        return _shown(session, take(session, proposal_id, answer, now=now), now=now)


def _shown(session: Session, one: StoredLicenceProposal, *, now: datetime) -> ShownLicenceProposal:
    state, licence = one.state(now), one.new.licence
    agreed = agreed_by(one.steps)
    waits_for: frozenset[int] = frozenset()
    if state is ProposalState.OPEN:
        waits_for = licence_proposals.asked_of(session, one) - agreed
    slugs = parties.slugs(session, sorted(licence.excluded_vendor_ids))
    return ShownLicenceProposal(
        proposal_id=one.proposal_id,
        work_id=one.new.work_id,
        state=state,
        valid_from=one.new.valid_from,
        uses=sorted_uses(licence.uses),
        multiplier_ppm=licence.multiplier_ppm,
        embargo_until=licence.embargo_until,
        excluded_vendors=sorted(slugs.values()),
        uri=one.new.uri,
        reason=one.new.reason,
        proposer_id=one.proposer_id,
        proposed_at=one.proposed_at,
        open_until=one.open_until,
        agreed_by=sorted(agreed),
        waits_for=sorted(waits_for),
        steps=[
            OfferStep(said=step.said, holder_id=step.holder_id, at=step.at, note=step.note)
            for step in one.steps
        ],
    )
