"""Who holds a creator's work: the split, its history, proposing another, and derivations."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session
from starlette.datastructures import FormData

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.licences import day_of
from service.documents.figures import percent_of
from service.ledger.derivation import Change
from service.ledger.errors import LedgerError
from service.ledger.rights import HolderTwice, RightsVersion
from service.portal import pages
from service.portal.derivation_graph import graph_of
from service.portal.draft import MOST_ROWS, ppm_of
from service.portal.field_errors import said_or_raised
from service.portal.registration import LongForm
from service.store import consent, derivations, holdings, parties, proposals, rights, works
from service.store.database import unit_of_work
from service.store.holdings import HeldWork
from service.store.people import Person
from service.store.proposals import MAX_MESSAGE_CHARS, Proposer

router = APIRouter()
_FIELDS = ("valid_from", "holders", "message")
_MOST_PROPOSALS = 10


@dataclass(frozen=True, slots=True)
class ProposedSplit:
    """The form as typed: holders by name with per cent."""

    valid_from: str
    holders: tuple[tuple[str, str], ...]
    message: str = ""

    def shares(self, session: Session, context: WebContext) -> dict[int, int]:
        """Return ppm by holder; a name nobody has yet becomes a holder. Raise what is wrong."""
        shares: dict[int, int] = {}
        for name, percent in self.holders:
            if not name.strip() and not percent.strip():
                continue
            ppm = ppm_of(percent)
            found = parties.holder_named(session, name.strip(), now=context.clock()).party_id or 0
            if found in shares:
                raise HolderTwice(name)
            shares[found] = ppm
        return shares


@router.get("/works/{work_id}/rights")
def rights_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """Show the split with its history, proposals of the work, and what derives from what."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        splits = rights.history(session, work_id)[::-1]
        named = sorted({holder for split in splits for holder in split.shares_ppm})
        names = parties.names(session, named)
        asked = proposals.listing(session, holder_id=None, work_id=work_id, limit=_MOST_PROPOSALS)
        upstream = _upstream(session, splits[0]) if splits else {}
        derived = derivations.downstream(session, work_id)
        titles = works.titles(session, sorted({*upstream, *derived}))
        own = holdings.among(session, person.party_id, sorted({*upstream, *derived}))
    direct = [one for one, sources in derived.items() if work_id in sources]
    return pages.render(
        request,
        "work_rights.html",
        title=f"Rights of {work.title}",
        work=work,
        splits=splits,
        names=names,
        me=person.party_id,
        proposals=asked,
        upstream=upstream,
        derived=derived,
        titles=titles,
        own=own,
        graph=graph_of(
            work_id,
            work.title,
            {one: f"{percent_of(ppm)} %" for one, ppm in upstream.items()},
            direct,
            titles,
        ),
        today=context.clock().date(),
    )


def _upstream(session: Session, split: RightsVersion) -> dict[int, int]:
    """Return what the newest rights pass to each work they derive from, in ppm."""
    found = rights.versions(session, sorted(split.upstream_ppm))
    return {found[number].work_id: ppm for number, ppm in split.upstream_ppm.items()}


@router.get("/works/{work_id}/rights/propose")
def proposal_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """Show the form with the split as it is."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.check_present(session, person.party_id, work_id)
        split = rights.history(session, work_id)[-1].shares_ppm
        names = parties.names(session, sorted(split))
    typed = ProposedSplit(
        context.clock().date().isoformat(),
        tuple((names[holder], percent_of(ppm)) for holder, ppm in split.items()),
    )
    return _form(request, work, typed, {})


@router.post("/works/{work_id}/rights/propose")
def propose(
    request: Request, form: LongForm, person: Creator, context: Context, work_id: int
) -> Response:
    """Propose a split; it counts at once where it concerns the creator alone."""
    assert person.party_id is not None
    typed = _typed(form)
    with unit_of_work(context.database) as session:
        work = holdings.check_present(session, person.party_id, work_id)
    if "more" in form:
        wider = (*typed.holders, ("", ""))[:MOST_ROWS]
        return _form(request, work, ProposedSplit(typed.valid_from, wider, typed.message), {})
    try:
        _propose(context, person, work_id, typed)
    except LedgerError as refusal:
        errors = said_or_raised(refusal, _FIELDS)
        if "form" in errors and "shares" in errors["form"].lower():
            errors = {"holders": errors["form"]}
        return _form(request, work, typed, errors)
    context.doorbell.ring()
    return pages.goto(f"/works/{work_id}/rights?done=proposed")


def _propose(context: WebContext, person: Person, work_id: int, typed: ProposedSplit) -> None:
    day = day_of(typed.valid_from.strip(), "valid_from")
    with unit_of_work(context.database) as session:
        consent.propose(
            session,
            work_id,
            Change(day, typed.shares(session, context)),
            message=typed.message.strip(),
            proposer=Proposer(person.party_id, person.login),
            now=context.clock(),
        )


def _typed(form: FormData) -> ProposedSplit:
    names = [one for one in form.getlist("holder_name") if isinstance(one, str)]
    shares = [one for one in form.getlist("holder_share") if isinstance(one, str)]
    rows = tuple(zip(names[:MOST_ROWS], shares[:MOST_ROWS], strict=False))
    message = str(form.get("message", "")).replace("\r\n", "\n")
    return ProposedSplit(str(form.get("valid_from", "")), rows, message)


def _form(
    request: Request, work: HeldWork, typed: ProposedSplit, errors: Mapping[str, str]
) -> Response:
    return pages.render(
        request,
        "work_propose.html",
        title=f"Propose a split of {work.title}",
        status=422 if errors else 200,
        work=work,
        typed=typed,
        errors=errors,
        max_chars=MAX_MESSAGE_CHARS,
    )
