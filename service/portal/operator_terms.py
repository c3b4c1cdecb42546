"""New terms of a vendor: typed, seen in their effect on a month, and only then made to count."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.contract import BadContract, Contract
from service.ledger.contract_form import steps_from_json, steps_to_json
from service.ledger.errors import LedgerError
from service.ledger.money import check_currency, format_nanos, parse_nanos
from service.ledger.period import Period
from service.ledger.tiers import RateCard, Tier
from service.portal import pages
from service.portal.field_errors import errors_of
from service.store import console_jobs, parties, periods, terms
from service.store.console_jobs import ConsoleJob, JobKind
from service.store.database import unit_of_work
from service.store.text_rules import BadText, check_text

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

_MILLION = 1_000_000
JobNumber = Annotated[int | None, Query(ge=1, lt=2**63)]
Short = Annotated[str, Form(max_length=200)]


@router.get("/operator/vendors/{vendor}/terms")
def terms_page(request: Request, context: Context, vendor: str, job: JobNumber = None) -> Response:
    """Show the form of a contract, at first with the steps that count; or the effect of a new."""
    return _page(request, context, vendor, "contract", job_id=job)


@router.get("/operator/vendors/{vendor}/prices")
def prices_page(request: Request, context: Context, vendor: str, job: JobNumber = None) -> Response:
    """Show the form of a rate card, or the effect of a new one."""
    return _page(request, context, vendor, "card", job_id=job)


@router.post("/operator/vendors/{vendor}/terms")
def preview_contract(
    request: Request,
    context: Context,
    person: Operator,
    vendor: str,
    valid_from: Short = "",
    currency: Short = "",
    month: Short = "",
    steps: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Read a contract and ask for its effect on a month; nothing counts yet."""
    typed = {"valid_from": valid_from, "currency": currency, "month": month, "steps": steps}
    try:
        facts = _common(typed)
        read = steps_from_json(_json(steps))
        Contract(0, vendor, date.fromisoformat(valid_from), currency, read)
        facts |= {"steps": steps_to_json(read)}
    except LedgerError as refusal:
        return _page(
            request, context, vendor, "contract", typed=typed, errors=_errors(refusal, typed)
        )
    return _asked(context, person.login, vendor, facts)


@router.post("/operator/vendors/{vendor}/prices")
async def preview_prices(
    request: Request, context: Context, person: Operator, vendor: str
) -> Response:
    """Read a rate card and ask for its effect on a month; nothing counts yet."""
    form = await request.form()
    names = ("valid_from", "currency", "month", *Tier)
    typed = {str(name): str(form.get(str(name), ""))[:200] for name in names}
    try:
        facts = _common(typed)
        facts |= {"nanos_per_token": {str(tier): _price(typed, tier) for tier in Tier}}
    except LedgerError as refusal:
        errors = _errors(refusal, typed)
        return _page(request, context, vendor, "card", typed=typed, errors=errors)
    return _asked(context, person.login, vendor, facts)


def _common(typed: Mapping[str, str]) -> dict[str, object]:
    try:
        date.fromisoformat(typed["valid_from"])
    except ValueError:
        raise BadText("valid_from", "must be a day, YYYY-MM-DD") from None
    try:
        check_currency(typed["currency"])
    except LedgerError:
        raise BadText("currency", "must be three capitals of ISO 4217") from None
    try:
        month = Period.parse(typed["month"])
    except LedgerError:
        raise BadText("month", "must be a month, YYYY-MM") from None
    return {
        "valid_from": typed["valid_from"],
        "currency": typed["currency"],
        "month": str(month),
    }


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadContract("steps", f"are no JSON: {error}") from None


def _price(typed: Mapping[str, str], tier: Tier) -> int:
    try:
        per_million = parse_nanos(typed[str(tier)])
    except LedgerError as refusal:
        raise BadText(str(tier), refusal.sentence) from None
    nanos, rest = divmod(per_million, _MILLION)
    if rest or nanos < 0:
        raise BadText(str(tier), "must be a whole number of nanos a token, 0.001 of a million")
    return nanos


def _errors(refusal: LedgerError, typed: Mapping[str, str]) -> dict[str, str]:
    if isinstance(refusal, BadContract):
        return {"steps": f"{refusal.sentence[0].upper()}{refusal.sentence[1:]}."}
    return errors_of([refusal], typed)


def _asked(context: WebContext, login: str, vendor: str, facts: dict[str, object]) -> Response:
    with unit_of_work(context.database) as session:
        party = parties.vendor_named(session, vendor)
        facts |= {"vendor": party.slug, "vendor_id": party.party_id}
        job = console_jobs.ask(
            session, JobKind.REHEARSE_TERMS, facts, by=login, now=context.clock()
        )
    context.doorbell.ring()
    kind = "terms" if "steps" in facts else "prices"
    return pages.goto(f"/operator/vendors/{party.slug}/{kind}?job={job}")


@router.post("/operator/vendors/{vendor}/terms/{job_id}")
def count_terms(
    request: Request,
    context: Context,
    person: Operator,
    vendor: str,
    job_id: int,
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Let exactly the terms count whose effect was shown."""
    kind = "contract"
    try:
        with unit_of_work(context.database) as session:
            job = console_jobs.get(session, job_id)
            kind = "contract" if "steps" in job.facts else "card"
            if job.result is None or job.facts.get("vendor") != vendor:
                raise BadText("form", "these terms were not tried yet")
            check_text(reason, place="reason", max_chars=500)
            _count(session, context, job, reason=reason, by=person.login)
    except LedgerError as refusal:
        errors = _errors(refusal, {"reason": reason})
        return _page(request, context, vendor, kind, job_id=job_id, reason=reason, errors=errors)
    context.doorbell.ring()
    return pages.goto(f"/operator/vendors/{vendor}?done=terms")


def _count(session: Session, context: WebContext, job: ConsoleJob, *, reason: str, by: str) -> None:
    facts = job.facts
    party = parties.vendor_named(session, facts["vendor"])
    day = date.fromisoformat(facts["valid_from"])
    if "steps" in facts:
        steps = steps_from_json(facts["steps"])
        contract = Contract(0, facts["vendor"], day, facts["currency"], steps)
        terms.correct_contract(session, party, contract, reason=reason, by=by, now=context.clock())
    else:
        prices = {Tier(name): nanos for name, nanos in facts["nanos_per_token"].items()}
        terms.add_rate_card(session, party, RateCard(day, facts["currency"], prices))


def _page(
    request: Request,
    context: WebContext,
    vendor: str,
    kind: str,
    *,
    job_id: int | None = None,
    typed: Mapping[str, str] | None = None,
    reason: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    now = context.clock()
    with unit_of_work(context.database) as session:
        party = parties.vendor_named(session, vendor)
        number = party.party_id or 0
        held = terms.of_vendors(session, [number])[number]
        job = console_jobs.get(session, job_id) if job_id else None
        months = [month for month, state, _ in periods.listing(session)][::-1]
    running = Period.of(now)
    last = next((month for month in months if month.number < running.number), running)
    if job and job.kind is not JobKind.REHEARSE_TERMS:
        raise console_jobs.ConsoleJobNotFound(job.job_id)
    return pages.render(
        request,
        "operator_terms.html",
        title=f"New terms of {party.name}",
        status=422 if errors else 200,
        vendor=party,
        kind=kind,
        typed=typed or _begun(held, kind, last),
        tiers=tuple(Tier),
        job=job,
        reason=reason,
        errors=errors or {},
        today=now.date(),
    )


def _begun(held: terms.Terms, kind: str, last: Period) -> dict[str, str]:
    begun = {"valid_from": "", "currency": "USD", "month": str(last), "steps": ""}
    if kind == "contract" and held.contracts:
        newest = held.contracts[-1]
        steps = json.dumps(steps_to_json(newest.steps), indent=2)
        return begun | {"currency": newest.currency, "steps": steps}
    if held.rate_cards:
        card = held.rate_cards[-1]
        prices = {str(t): format_nanos(n * _MILLION) for t, n in card.nanos_per_token.items()}
        return begun | {"currency": card.currency} | prices
    return begun | {str(tier): "" for tier in Tier}
