"""Claims over shares of works: a creator's own and those against them, with every step."""

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.ledger.claim import Actor, ClaimState, Side, why_held
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.draft import BadPercent, ppm_of
from service.portal.field_errors import said_or_raised
from service.store import claim_course, claim_filing, claim_steps, claims, holdings
from service.store.claim_filing import NewClaim
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import MAX_REASON_CHARS, Evidence, Said
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.text_rules import BadText

router = APIRouter()
_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_FIELDS = ("work_id", "claimed", "reason", "evidence", "evidence.text", "evidence.url")
_STEPS: Mapping[str, claim_course.Step] = {
    "evidence": claim_course.add_evidence,
    "accept": claim_course.accept,
    "contest": claim_course.contest,
    "withdraw": claim_course.withdraw,
    "appeal": claim_course.appeal,
}
_MAY: Mapping[tuple[Side, ClaimState], tuple[str, ...]] = {
    (Side.CLAIMANT, ClaimState.CLAIMED): ("evidence", "withdraw"),
    (Side.CLAIMANT, ClaimState.CONTESTED): ("evidence", "withdraw"),
    (Side.CLAIMANT, ClaimState.UNANSWERED): ("evidence", "withdraw"),
    (Side.CLAIMANT, ClaimState.DECIDED): ("appeal", "withdraw"),
    (Side.CLAIMANT, ClaimState.APPEALED): ("evidence", "withdraw"),
    (Side.RESPONDENT, ClaimState.CLAIMED): ("contest", "accept", "evidence"),
    (Side.RESPONDENT, ClaimState.CONTESTED): ("evidence", "accept"),
    (Side.RESPONDENT, ClaimState.UNANSWERED): ("contest", "accept", "evidence"),
    (Side.RESPONDENT, ClaimState.DECIDED): ("appeal", "accept"),
    (Side.RESPONDENT, ClaimState.APPEALED): ("evidence", "accept"),
}
"""What is offered; the claim itself decides what is taken."""


@router.get("/claims")
def claims_page(
    request: Request,
    person: Creator,
    context: Context,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List the claims a creator is a party of, newest first."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        found = claims.listing(
            session, holder_id=person.party_id, before=before, limit=pages.PAGE_SIZE + 1
        )
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "claims.html",
        title="Claims",
        claims=shown,
        me=person.party_id,
        before=before,
        more=shown[-1].claim.claim_id if len(found) > len(shown) else None,
    )


@router.get("/works/{work_id}/claims")
def claims_of_work(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """List the claims over a work of the creator's."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        found = claims.listing(session, work_id=work_id, limit=pages.PAGE_SIZE)
    return pages.render(
        request,
        "work_claims.html",
        title=f"Claims over {work.title}",
        work=work,
        claims=found,
        me=person.party_id,
    )


@router.get("/claims/new")
def new_claim_page(
    request: Request, _person: Creator, work: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Show the form to claim a part of somebody's work."""
    return _new_form(request, {"work_id": work}, {})


@router.post("/claims/new")
def make_claim(
    request: Request,
    person: Creator,
    context: Context,
    work_id: Annotated[str, Form()] = "",
    claimed: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    evidence: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
) -> Response:
    """Claim for oneself; what is contested is held from then on."""
    assert person.party_id is not None
    typed = {
        "work_id": work_id,
        "claimed": claimed,
        "reason": reason,
        "evidence": evidence,
        "url": url,
    }
    try:
        number, ppm = _number(work_id), _claimed(claimed)
        new = NewClaim(number, ppm, {person.party_id: ppm}, _said(reason, evidence, url))
        with unit_of_work(context.database) as session:
            by = Actor.of_holder(person.party_id)
            made = claim_filing.file(session, new, by=by, now=context.clock())
    except LedgerError as refusal:
        if "work_id" in refusal.facts and "no work" in refusal.sentence:
            return _new_form(request, typed, {"work_id": "No work has this number."})
        return _new_form(request, typed, said_or_raised(refusal, _FIELDS))
    context.doorbell.ring()
    return pages.goto(f"/claims/{made.claim.claim_id}?done=claimed")


def _number(typed: str) -> int:
    if _WHOLE.fullmatch(typed.strip()):
        return int(typed)
    raise BadText("work_id", "write the number of the work, as its holder or vendor names it")


def _claimed(typed: str) -> int:
    try:
        return ppm_of(typed)
    except BadPercent as refusal:
        raise BadText("claimed", str(refusal.facts["rule"])) from None


def _said(reason: str, evidence: str, url: str) -> Said:
    told, address = evidence.replace("\r\n", "\n"), url.strip()
    brought = Evidence(told, address) if told.strip() or address else None
    return Said(reason.replace("\r\n", "\n"), brought)


def _new_form(request: Request, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    empty = dict.fromkeys(("work_id", "claimed", "reason", "evidence", "url"), "")
    return pages.render(
        request,
        "claim_new.html",
        title="Claim a part of a work",
        status=422 if errors else 200,
        typed=empty | dict(typed),
        errors=errors,
        max_chars=MAX_REASON_CHARS,
    )


@router.get("/claims/{claim_id}")
def claim_page(request: Request, person: Creator, context: Context, claim_id: int) -> Response:
    """Show a claim with every step and what the reader may do."""
    return _page(request, person, context, claim_id, {}, {})


@router.post("/claims/{claim_id}")
def take_step(
    request: Request,
    person: Creator,
    context: Context,
    claim_id: int,
    action: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    evidence: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
) -> Response:
    """Bring evidence, accept, contest, withdraw or appeal; a refusal keeps what was typed."""
    assert person.party_id is not None
    typed = {"reason": reason, "evidence": evidence, "url": url}
    actor = Actor.of_holder(person.party_id)
    try:
        take = _STEPS.get(action)
        if take is None:
            raise BadText("form", "choose what to do")
        said = _said(reason, evidence, url)
        if action == "evidence" and said.evidence is None:
            raise BadText("evidence", "bring a text or an address")
        with unit_of_work(context.database) as session:
            claims.get_seen(session, actor, claim_id)
            take(session, claim_id, actor, said, now=context.clock())
    except LedgerError as refusal:
        errors = said_or_raised(refusal, _FIELDS)
        return _page(request, person, context, claim_id, typed, errors)
    context.doorbell.ring()
    return pages.goto(f"/claims/{claim_id}?done=step-taken")


def _page(
    request: Request,
    person: Person,
    context: WebContext,
    claim_id: int,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    assert person.party_id is not None
    actor = Actor.of_holder(person.party_id)
    with unit_of_work(context.database) as session:
        stored = claims.get_seen(session, actor, claim_id)
        steps = claim_steps.listing(session, claim_id)
        holds_it = _holds(session, person.party_id, stored)
    side = stored.claim.side_of(actor)
    sentence, until = why_held(stored.claim)
    return pages.render(
        request,
        "claim.html",
        title=f"Claim {claim_id}",
        status=422 if errors else 200,
        stored=stored,
        claim=stored.claim,
        steps=steps[::-1],
        side=side,
        may=_MAY.get((side, stored.claim.state), ()) if side else (),
        holds_it=holds_it,
        why=sentence,
        until=until,
        typed={"reason": "", "evidence": "", "url": ""} | dict(typed),
        errors={("evidence" if "." in name else name): said for name, said in errors.items()},
        max_chars=MAX_REASON_CHARS,
    )


def _holds(session: Session, holder_id: int, stored: StoredClaim) -> bool:
    return bool(holdings.among(session, holder_id, [stored.claim.work_id]))
