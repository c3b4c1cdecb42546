"""Proposals as the API shows them, with names, answers and who has not answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api.splits import NamedShare
from service.ledger.proposal import ProposalState
from service.store import consent, parties, works
from service.store.proposals import Answer, StoredProposal


class NamedUpstream(BaseModel):
    """A work that is proposed as upstream."""

    work_id: int
    title: str
    share_ppm: int


class ShownAnswer(BaseModel):
    """What one holder answered."""

    holder_id: int
    name: str
    accepted: bool
    reason: str
    answered_at: datetime


class ShownHolder(BaseModel):
    """A holder with their name."""

    holder_id: int
    name: str


class ShownProposal(BaseModel):
    """A proposal with its course. ``in_force``: a first split, which counts unconfirmed."""

    proposal_id: int
    work_id: int
    title: str
    state: ProposalState
    valid_from: str
    in_force: bool
    holders: list[NamedShare] | None
    upstream: list[NamedUpstream]
    message: str
    finding_id: int | None
    proposer: ShownHolder | None = Field(description="None: an operator, or registration.")
    proposed_at: datetime
    expires_at: datetime
    answers: list[ShownAnswer]
    waits_for: list[ShownHolder]
    ended_at: datetime | None
    reason: str | None = Field(description="Why it ended.")
    change_id: int | None = Field(description="The change of rights it became, if any.")


def shown_proposals(session: Session, rows: Sequence[StoredProposal]) -> list[ShownProposal]:
    """Show proposals in their order."""
    waiting = {one.proposal_id: consent.waits_for(session, one) for one in rows}
    holders = {holder for one in rows for holder in one.proposal.change.shares_ppm or ()}
    holders |= {holder for some in waiting.values() for holder in some}
    holders |= {each.holder_id for one in rows for each in one.answers}
    holders |= {one.proposer.holder_id for one in rows if one.proposer.holder_id is not None}
    names = parties.names(session, sorted(holders))
    upstream = {work for one in rows for work in one.proposal.change.upstream_ppm or ()}
    titles = works.titles(session, sorted(upstream))
    return [_one(one, waiting[one.proposal_id], names, titles) for one in rows]


def _one(
    stored: StoredProposal,
    waiting: Sequence[int],
    names: Mapping[int, str],
    titles: Mapping[int, str],
) -> ShownProposal:
    change, proposer = stored.proposal.change, stored.proposer.holder_id
    shares = change.shares_ppm
    return ShownProposal(
        proposal_id=stored.proposal_id,
        work_id=stored.proposal.work_id,
        title=stored.title,
        state=stored.state,
        valid_from=change.day.isoformat(),
        in_force=stored.proposal.in_force,
        holders=None if shares is None else _shares(shares, names),
        upstream=[
            NamedUpstream(work_id=work, title=titles[work], share_ppm=ppm)
            for work, ppm in sorted((change.upstream_ppm or {}).items())
        ],
        message=stored.message,
        finding_id=stored.finding_id,
        proposer=None if proposer is None else _holder(proposer, names),
        proposed_at=stored.proposed_at,
        expires_at=stored.expires_at,
        answers=[_answer(each, names) for each in stored.answers],
        waits_for=[_holder(holder, names) for holder in waiting],
        ended_at=stored.ended_at,
        reason=stored.reason,
        change_id=stored.change_id,
    )


def _shares(shares_ppm: Mapping[int, int], names: Mapping[int, str]) -> list[NamedShare]:
    return [
        NamedShare(holder_id=holder, name=names[holder], share_ppm=ppm)
        for holder, ppm in sorted(shares_ppm.items())
    ]


def _holder(holder_id: int, names: Mapping[int, str]) -> ShownHolder:
    return ShownHolder(holder_id=holder_id, name=names[holder_id])


def _answer(given: Answer, names: Mapping[int, str]) -> ShownAnswer:
    return ShownAnswer(
        holder_id=given.holder_id,
        name=names[given.holder_id],
        accepted=given.accepted,
        reason=given.reason,
        answered_at=given.answered_at,
    )
