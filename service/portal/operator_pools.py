"""Unmatched pools: what lies in each, who would gain by its release, and who approved that."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.portal import pages
from service.store import (
    approvals,
    parties,
    pool_approvals,
    pool_gains,
    pool_plans,
    pool_rules,
    pools,
    works,
)
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator/pools")
def pools_page(request: Request, context: Context) -> Response:
    """List pools with rule, window and state, and the rules that were announced."""
    with unit_of_work(context.database) as session:
        states = pool_plans.states(session, now=context.clock())
        funds = pool_rules.funds(session)
        rules = [(r, pool_rules.said_steps(r.steps, funds)) for r in pool_rules.rules(session)]
    return pages.render(
        request, "operator_pools.html", title="Unmatched pools", states=states, rules=rules
    )


@router.get("/operator/pools/{vendor}/{month}/{currency}")
def pool_page(
    request: Request, context: Context, vendor: str, month: str, currency: str
) -> Response:
    """Show what the release of a pool would post now, to the nano."""
    return _page(request, context, vendor, month, currency)


@router.post("/operator/pools/{vendor}/{month}/{currency}")
def approve_release(
    request: Request,
    context: Context,
    person: Operator,
    vendor: str,
    month: str,
    currency: str,
    digest: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Approve what was shown; if the release posts something else by now, nothing is approved."""
    now = context.clock()
    try:
        with unit_of_work(context.database) as session:
            read = approvals.parse_digest(digest)
            stored = pools.named(session, vendor, Period.parse(month), currency)
            into = pool_plans.month_of_release(session, now)
            plan = pool_plans.planned(session, stored, into=into)
            pool_approvals.approve(session, stored, plan, read, by=person.login, now=now)
    except LedgerError as refusal:
        return _page(request, context, vendor, month, currency, error=refusal.sentence)
    context.doorbell.ring()
    return pages.goto(f"/operator/pools/{vendor}/{month}/{currency}?done=approved")


def _page(
    request: Request,
    context: WebContext,
    vendor: str,
    month: str,
    currency: str,
    *,
    error: str = "",
) -> Response:
    plan, gains, refusal = None, None, ""
    with unit_of_work(context.database) as session:
        stored = pools.named(session, vendor, Period.parse(month), currency)
        given = pool_approvals.listing(session, stored)
        try:
            into = pool_plans.month_of_release(session, context.clock())
            plan = pool_plans.planned(session, stored, into=into)
            gains = pool_gains.gains(session, stored, plan)
        except LedgerError as why:
            refusal = why.sentence
        titles = works.titles(session, list(gains.by_work)) if gains else {}
        names = parties.names(session, list(gains.by_holder)) if gains else {}
    return pages.render(
        request,
        "operator_pool.html",
        title=f"Pool of {stored.vendor_name}, {month}",
        status=409 if error else 200,
        stored=stored,
        plan=plan,
        gains=gains,
        titles=titles,
        names=names,
        refusal=refusal,
        given=given,
        needed=context.settings.pool_approvals,
        error=error,
    )
