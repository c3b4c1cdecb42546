"""Who agrees to a split or to upstream shares: proposals and their answers."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, Creator, CreatorOrOperator, Operator
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.paging import After, Limit, Number, Page
from service.api.shown_proposals import ShownProposal, shown_proposals
from service.api.splits import HolderShare, day_of, get_seen, split_of
from service.ledger.derivation import Change
from service.ledger.money import PPM
from service.ledger.rights import MAX_UPSTREAM
from service.store import consent, holdings, proposals, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import MAX_MESSAGE_CHARS, MAX_REASON_CHARS, Proposer
from service.store.text_rules import BadText

router = APIRouter(tags=["works"], route_class=StrictRoute)
_MAX_ID = 2**63 - 1
_ANSWERED = problems(400, 401, 403, 404, 409, 413, 415)


class ProposedUpstream(BaseModel):
    """A part of the royalty for a work it derives from; zero ends it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    work_id: int = Field(ge=1, le=_MAX_ID)
    share_ppm: int = Field(ge=0, le=PPM, description="Of all that is credited to the work.")


class ProposalOrder(BaseModel):
    """What is proposed of a work from a day on; works that ``upstream`` does not name stay."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "valid_from": "2026-12-01",
                    "holders": [
                        {"holder_id": 7, "share_ppm": 600_000},
                        {"holder_id": 8, "share_ppm": 400_000},
                    ],
                    "upstream": [{"work_id": 12, "share_ppm": 150_000}],
                    "message": "As we agreed on the phone.",
                }
            ]
        },
    )
    valid_from: str = Field(description="YYYY-MM-DD, not before the first split.")
    holders: list[HolderShare] | None = Field(default=None, max_length=1_000)
    upstream: list[ProposedUpstream] = Field(default=[], max_length=MAX_UPSTREAM)
    message: str = Field(default="", description=f"At most {MAX_MESSAGE_CHARS} characters.")
    finding_id: int | None = Field(default=None, ge=1, le=_MAX_ID, description="What it rests on.")


class ReasonOrder(BaseModel):
    """Why."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"reason": "It was half."}]}
    )
    reason: str = Field(description=f"At most {MAX_REASON_CHARS} characters, kept.")


class EffectOrder(ReasonOrder):
    """What an operator decides, and why."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"takes_effect": True, "reason": "Both signed on paper."}]},
    )
    takes_effect: bool


@router.post(
    "/v1/works/{work_id}/proposals",
    summary="Propose a split or upstream shares",
    status_code=201,
    responses=_ANSWERED,
)
def propose(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    order: Annotated[ProposalOrder, Body()],
) -> ShownProposal:
    """Propose as a holder of the work, or of the works upstream is due to; you accept hereby.

    It takes effect once every holder concerned, old and new, has accepted; at once where that is
    you alone.
    """
    day = day_of(order.valid_from, "valid_from")
    change = Change(day, None if order.holders is None else split_of(order.holders), _named(order))
    with unit_of_work(context.database) as session:
        works.get(session, work_id)
        _check_may_propose(session, person, work_id, change)
        made = consent.propose(
            session,
            work_id,
            change,
            message=order.message,
            proposer=Proposer(person.party_id, person.login),
            finding_id=order.finding_id,
            now=context.clock(),
        )
        shown = shown_proposals(session, [made])[0]
    context.doorbell.ring()
    return shown


def _named(order: ProposalOrder) -> dict[int, int] | None:
    found: dict[int, int] = {}
    for one in order.upstream:
        if one.work_id in found:
            raise BadText("upstream", f"names work {one.work_id} twice")
        found[one.work_id] = one.share_ppm
    return found or None


def _check_may_propose(session: Session, person: Person, work_id: int, change: Change) -> None:
    """Let a creator propose with a share in the work, or in every work upstream is due to."""
    if person.party_id is None:
        return
    own = holdings.present_among(session, person.party_id, [work_id, *(change.upstream_ppm or ())])
    due_to = set(change.upstream_ppm or ())
    is_due = bool(due_to) and due_to <= own and change.shares_ppm is None
    if work_id not in own and not is_due:
        holdings.check_present(session, person.party_id, work_id)


@router.get(
    "/v1/works/{work_id}/proposals",
    summary="Proposals of a work",
    responses=problems(401, 403, 404),
)
def list_of_work(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownProposal]:
    """List what was proposed of a work you have or had a share in, newest first."""
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
        return _page(session, None, work_id=work_id, only_open=False, limit=limit, after=after)


@router.get("/v1/proposals", summary="Proposals that ask me", responses=problems(401, 403))
def list_mine(
    context: Context,
    person: CreatorOrOperator,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open or all")] = "open",
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownProposal]:
    """List proposals that you made or that ask you, newest first; an operator sees all."""
    with unit_of_work(context.database) as session:
        return _page(
            session,
            person.party_id,
            work_id=None,
            only_open=state == "open",
            limit=limit,
            after=after,
        )


def _page(
    session: Session,
    holder_id: int | None,
    *,
    work_id: int | None,
    only_open: bool,
    limit: int,
    after: str,
) -> Page[ShownProposal]:
    rows = proposals.listing(
        session,
        holder_id=holder_id,
        work_id=work_id,
        only_open=only_open,
        before=paging.number_of(after) or None,
        limit=limit + 1,
    )
    shown = {one.proposal_id: one for one in shown_proposals(session, rows)}
    return paging.page_of(
        rows, limit, shown=lambda row: shown[row.proposal_id], cursor=lambda row: row.proposal_id
    )


@router.get(
    "/v1/proposals/{proposal_id}", summary="One proposal", responses=problems(401, 403, 404)
)
def get_proposal(context: Context, person: CreatorOrOperator, proposal_id: Number) -> ShownProposal:
    """Return a proposal that you made or that asks you, or has asked you."""
    with unit_of_work(context.database) as session:
        found = proposals.get(session, proposal_id, holder_id=person.party_id)
        return shown_proposals(session, [found])[0]


@router.post("/v1/proposals/{proposal_id}/accept", summary="Accept a proposal", responses=_ANSWERED)
def accept(context: Context, person: Creator, proposal_id: Number) -> ShownProposal:
    """Accept what asks you. The last to accept lets it take effect."""
    return _answered(context, person, proposal_id, accepted=True, reason="")


@router.post(
    "/v1/proposals/{proposal_id}/decline", summary="Decline a proposal", responses=_ANSWERED
)
def decline(
    context: Context, person: Creator, proposal_id: Number, order: Annotated[ReasonOrder, Body()]
) -> ShownProposal:
    """Decline what asks you, with a reason that the others read; a change ends by it."""
    return _answered(context, person, proposal_id, accepted=False, reason=order.reason)


def _answered(
    context: WebContext, person: Person, proposal_id: int, *, accepted: bool, reason: str
) -> ShownProposal:
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        stored = consent.answer(
            session,
            proposal_id,
            holder_id=person.party_id,
            accepted=accepted,
            reason=reason,
            by=person.login,
            now=context.clock(),
        )
        shown = shown_proposals(session, [stored])[0]
    context.doorbell.ring()
    return shown


@router.post(
    "/v1/proposals/{proposal_id}/withdraw", summary="Withdraw a proposal", responses=_ANSWERED
)
def withdraw(
    context: Context,
    person: CreatorOrOperator,
    proposal_id: Number,
    order: Annotated[ReasonOrder, Body()],
) -> ShownProposal:
    """Take back what you proposed, while it is open."""
    with unit_of_work(context.database) as session:
        stored = consent.withdraw(
            session,
            proposal_id,
            holder_id=person.party_id,
            reason=order.reason,
            by=person.login,
            now=context.clock(),
        )
        return shown_proposals(session, [stored])[0]


@router.post("/v1/proposals/{proposal_id}/decide", summary="Decide a proposal", responses=_ANSWERED)
def decide(
    context: Context, person: Operator, proposal_id: Number, order: Annotated[EffectOrder, Body()]
) -> ShownProposal:
    """Let an open proposal take effect, or end it, for those who cannot or will not answer."""
    with unit_of_work(context.database) as session:
        stored = consent.decide(
            session,
            proposal_id,
            effect=order.takes_effect,
            reason=order.reason,
            by=person.login,
            now=context.clock(),
        )
        shown = shown_proposals(session, [stored])[0]
    context.doorbell.ring()
    return shown
