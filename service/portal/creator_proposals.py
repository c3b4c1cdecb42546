"""Proposals that ask a creator: what is proposed, who has answered, accepting and declining."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.ledger.proposal import AnsweredAlready, NotAsked, ProposalEnded
from service.portal import pages
from service.store import consent, parties, proposals, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import MAX_REASON_CHARS, StoredProposal
from service.store.text_rules import BadText

router = APIRouter()
_REFUSALS = (AnsweredAlready, BadText, NotAsked, ProposalEnded)


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal with the names its reader knows; asks_me: whether it waits for the reader."""

    stored: StoredProposal
    proposer: str
    split: tuple[tuple[str, int], ...]
    upstream: tuple[tuple[str, int], ...]
    answers: tuple[tuple[str, bool, str], ...]
    waits_for: tuple[str, ...]
    asks_me: bool


@router.get("/proposals")
def proposals_page(
    request: Request,
    person: Creator,
    context: Context,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List what asks the creator and what they proposed, newest first, ended ones too."""
    return _page(request, person, context, before=before)


@router.post("/proposals/{proposal_id}")
def answer(
    request: Request,
    person: Creator,
    context: Context,
    proposal_id: int,
    decision: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Accept or decline; a refusal shows the page again and says why."""
    assert person.party_id is not None
    if decision not in {"accept", "decline"}:
        return _page(request, person, context, errors={proposal_id: "Choose one of the two."})
    try:
        with unit_of_work(context.database) as session:
            consent.answer(
                session,
                proposal_id,
                holder_id=person.party_id,
                accepted=decision == "accept",
                reason=reason,
                by=person.login,
                now=context.clock(),
            )
    except _REFUSALS as refusal:
        return _page(request, person, context, errors={proposal_id: _said(refusal)})
    context.doorbell.ring()
    return pages.goto("/proposals?done=answered")


def _said(refusal: LedgerError) -> str:
    if isinstance(refusal, BadText):
        return f"The reason {refusal.facts['rule']}."
    return f"{refusal.sentence.capitalize()}."


def _page(
    request: Request,
    person: Person,
    context: WebContext,
    *,
    before: int | None = None,
    errors: dict[int, str] | None = None,
) -> Response:
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        found = proposals.listing(
            session, holder_id=person.party_id, before=before, limit=pages.PAGE_SIZE + 1
        )
        rows = found[: pages.PAGE_SIZE]
        shown = [_shown(session, one, person.party_id) for one in rows]
    return pages.render(
        request,
        "proposals.html",
        title="Proposals",
        status=422 if errors else 200,
        proposals=shown,
        errors=errors or {},
        before=before,
        more=rows[-1].proposal_id if len(found) > len(rows) else None,
        max_chars=MAX_REASON_CHARS,
    )


def _shown(session: Session, one: StoredProposal, me: int) -> ShownProposal:
    change, waiting = one.proposal.change, consent.waits_for(session, one)
    numbers = {*(change.shares_ppm or ()), *waiting, *one.said, one.proposer.holder_id or 0}
    names = parties.names(session, sorted(numbers))
    titles = works.titles(session, sorted(change.upstream_ppm or ()))
    return ShownProposal(
        one,
        names.get(one.proposer.holder_id or 0, "the platform"),
        tuple((names[h], ppm) for h, ppm in sorted((change.shares_ppm or {}).items())),
        tuple((titles[w], ppm) for w, ppm in sorted((change.upstream_ppm or {}).items())),
        tuple((names[each.holder_id], each.accepted, each.reason) for each in one.answers),
        tuple(names[holder] for holder in waiting),
        me in waiting,
    )
