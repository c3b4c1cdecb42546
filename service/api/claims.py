"""Claims over shares of works: made and answered by holders, decided by operators."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from sqlmodel import Session

from service.api import claim_forms, paging
from service.api.body import StrictRoute
from service.api.claim_forms import (
    AnswerOrder,
    ClaimantBody,
    ClaimDecision,
    ClaimOrder,
    ClaimWithSteps,
    EvidenceOrder,
    ShownClaim,
    StepOrder,
    said_of,
)
from service.api.dependencies import Context, CreatorOrOperator, Operator
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.paging import After, Limit, Number, Page
from service.ledger.claim import Actor, Outcome
from service.ledger.dispute import Decision
from service.store import claim_course, claim_filing, claim_steps, claims, parties
from service.store.claim_filing import NewClaim
from service.store.claim_rows import StoredClaim
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.text_rules import BadText

router = APIRouter(tags=["claims"], route_class=StrictRoute)
_STEP = problems(400, 401, 403, 404, 409, 413, 415)


@router.post("/v1/claims", summary="Claim a part of a work", status_code=201, responses=_STEP)
def make_claim(
    context: Context, person: CreatorOrOperator, order: Annotated[ClaimOrder, Body()]
) -> ClaimWithSteps:
    """Claim a part of a work from its holders: what they earn from that part is held meanwhile.

    A creator claims for itself, an operator for a holder or a third person.
    """
    now, actor = context.clock(), _acting(person)
    with unit_of_work(context.database) as session:
        claimant = _claimant(session, person, order.claimant, now=now)
        new = NewClaim(
            order.work_id,
            order.claimed_ppm,
            {claimant: order.claimed_ppm},
            said_of(order.reason, order.evidence),
            None if order.against is None else frozenset(order.against),
        )
        made = _shown(session, claim_filing.file(session, new, by=actor, now=now), person)
    context.doorbell.ring()
    return made


def _claimant(
    session: Session, person: Person, named: ClaimantBody | None, *, now: datetime
) -> int:
    """Return who claims; a creator nobody but itself, an operator anybody it names."""
    if person.party_id is not None:
        if named and named.holder_id != person.party_id:
            raise BadText("claimant", "must be yourself, or left out")
        return person.party_id
    if named is None:
        raise BadText("claimant", "must be given: for whom you claim")
    if named.name is not None:
        added = parties.add_holder(session, named.name, now=now).party_id
        assert added is not None
        return added
    assert named.holder_id is not None
    return named.holder_id


@router.get("/v1/claims", summary="List claims", responses=problems(401, 403))
def list_claims(
    context: Context,
    person: CreatorOrOperator,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open or all")] = "all",
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownClaim]:
    """List the claims you have made or that are made against you; an operator sees all."""
    with unit_of_work(context.database) as session:
        rows = claims.listing(
            session,
            holder_id=person.party_id,
            only_open=state == "open",
            before=paging.number_of(after) or None,
            limit=limit + 1,
        )
    return paging.page_of(
        rows, limit, shown=claim_forms.shown, cursor=lambda row: row.claim.claim_id
    )


@router.get("/v1/claims/{claim_id}", summary="One claim", responses=problems(401, 403, 404))
def get_claim(context: Context, person: CreatorOrOperator, claim_id: Number) -> ClaimWithSteps:
    """Return a claim you are a party of, with every step; an operator sees any."""
    with unit_of_work(context.database) as session:
        found = claims.get_seen(session, _acting(person), claim_id)
        return _shown(session, found, person)


@router.post("/v1/claims/{claim_id}/evidence", summary="Bring evidence", responses=_STEP)
def add_evidence(
    context: Context,
    person: CreatorOrOperator,
    claim_id: Number,
    order: Annotated[EvidenceOrder, Body()],
) -> ClaimWithSteps:
    """Add evidence, as either side; a claim is upheld on the claimant's or an operator's."""
    return _step(context, person, order, claim_id, claim_course.add_evidence)


@router.post("/v1/claims/{claim_id}/answer", summary="Answer a claim", responses=_STEP)
def answer_claim(
    context: Context,
    person: CreatorOrOperator,
    claim_id: Number,
    order: Annotated[AnswerOrder, Body()],
) -> ClaimWithSteps:
    """Accept or contest a claim against you, or counter it with one of your own."""
    if order.answer == "accept":
        return _step(context, person, order, claim_id, claim_course.accept)
    if order.answer == "contest":
        return _step(context, person, order, claim_id, claim_course.contest)
    assert order.work_id is not None
    assert order.claimed_ppm is not None
    now = context.clock()
    with unit_of_work(context.database) as session:
        found, _ = claim_course.counter(
            session,
            claim_id,
            _actor(session, person, order, claim_id),
            said_of(order.reason, order.evidence),
            work_id=order.work_id,
            claimed_ppm=order.claimed_ppm,
            now=now,
        )
        answered = _shown(session, found, person)
    context.doorbell.ring()
    return answered


@router.post("/v1/claims/{claim_id}/withdraw", summary="Withdraw a claim", responses=_STEP)
def withdraw_claim(
    context: Context,
    person: CreatorOrOperator,
    claim_id: Number,
    order: Annotated[StepOrder, Body()],
) -> ClaimWithSteps:
    """Withdraw: once all claimants have, what was held is returned."""
    return _step(context, person, order, claim_id, claim_course.withdraw)


@router.post("/v1/claims/{claim_id}/appeal", summary="Appeal a decision", responses=_STEP)
def appeal_claim(
    context: Context,
    person: CreatorOrOperator,
    claim_id: Number,
    order: Annotated[StepOrder, Body()],
) -> ClaimWithSteps:
    """Appeal within seven days what was decided against you; another operator decides it."""
    return _step(context, person, order, claim_id, claim_course.appeal)


@router.post("/v1/claims/{claim_id}/decide", summary="Decide a claim", responses=_STEP)
def decide_claim(
    context: Context,
    person: Operator,
    claim_id: Number,
    order: Annotated[ClaimDecision, Body()],
) -> ClaimWithSteps:
    """Decide a claim that was heard, open to appeal for seven days; or its appeal, finally."""
    with unit_of_work(context.database) as session:
        decision = decision_of(session, claim_id, order.outcome, order.granted_ppm)
        found = claim_course.decide(
            session,
            claim_id,
            Actor(person.login),
            said_of(order.reason, None),
            decision,
            now=context.clock(),
        )
        decided = _shown(session, found, person)
    context.doorbell.ring()
    return decided


def decision_of(session: Session, claim_id: int, outcome: str, granted_ppm: int | None) -> Decision:
    """Return a decision: upheld grants all that is claimed, rejected nothing."""
    claimed = claims.get(session, claim_id).claim.claimed_ppm
    granted = {"upheld": claimed, "rejected": 0}.get(outcome, granted_ppm)
    assert granted is not None
    return Decision(Outcome(outcome), granted)


def _step(
    context: WebContext,
    person: Person,
    order: StepOrder,
    claim_id: int,
    take: claim_course.Step,
) -> ClaimWithSteps:
    said = said_of(order.reason, order.evidence)
    with unit_of_work(context.database) as session:
        actor = _actor(session, person, order, claim_id)
        found = take(session, claim_id, actor, said, now=context.clock())
        answer = _shown(session, found, person)
    context.doorbell.ring()
    return answer


def _acting(person: Person) -> Actor:
    if person.party_id is None:
        return Actor(person.login)
    return Actor.of_holder(person.party_id)


def _actor(session: Session, person: Person, order: StepOrder, claim_id: int) -> Actor:
    """Return for whom a step is taken: a creator acts for itself, an operator for whom it names."""
    if person.party_id is None:
        acting = Actor(person.login, order.holder_id)
        claims.get_seen(session, acting, claim_id)
        return acting
    if order.holder_id not in {None, person.party_id}:
        raise BadText("holder_id", "must be yourself, or left out")
    return _acting(person)


def _shown(session: Session, found: StoredClaim, person: Person) -> ClaimWithSteps:
    steps = claim_steps.listing(session, found.claim.claim_id)
    return claim_forms.shown_with_steps(found, steps, person)
