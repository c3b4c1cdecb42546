"""What an operator looks at first: does anything wait, is anything stuck."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, require_role
from service.ledger.period import Period
from service.portal import pages
from service.store import (
    embeddings,
    findings,
    periods,
    quarantined,
    seals,
    statements,
    webhook_states,
    widespread,
    work_batches,
)
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Below = Annotated[int | None, Query(ge=1, lt=2**63)]


@router.get("/operator")
def health(request: Request, context: Context) -> Response:
    """Show what waits."""
    with unit_of_work(context.database) as session:
        waiting = work_batches.waiting(session)
        unembedded = embeddings.unembedded_count(session)
        unsealed = seals.unsealed_count(session)
        quarantined_count = quarantined.count(session)
        open_findings = findings.open_count(session)
        widespread_works = widespread.count(session)
        hooks = webhook_states.standing(session)
        known = periods.listing(session)
    now = context.clock()
    oldest = waiting.oldest_reported_at
    return pages.render(
        request,
        "operator_health.html",
        title="Health",
        waiting=waiting,
        waited_seconds=int((now - oldest).total_seconds()) if oldest else 0,
        unembedded=unembedded,
        unsealed=unsealed,
        quarantined=quarantined_count,
        open_findings=open_findings,
        widespread_works=widespread_works,
        webhooks=hooks,
        periods=known[-6:][::-1],
        now=now,
    )


@router.get("/operator/quarantine")
def quarantine_page(request: Request, context: Context, before: Below = None) -> Response:
    """List the sales that could not be settled, with reason and facts."""
    with unit_of_work(context.database) as session:
        found = quarantined.page(session, before=before, limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_quarantine.html",
        title="Quarantine",
        sales=shown,
        before=before,
        more=shown[-1].sale_id if len(found) > len(shown) else None,
    )


@router.get("/operator/statements")
def statements_page(
    request: Request,
    context: Context,
    period: str = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """List all statements in order of issue, on request of one period."""
    chosen = Period.parse(period) if period else None
    with unit_of_work(context.database) as session:
        found = statements.listing(session, period=chosen, after=after, limit=pages.PAGE_SIZE + 1)
        known = [each for each, state, _ in periods.listing(session) if state == periods.CLOSED]
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_statements.html",
        title="Statements",
        statements=shown,
        period=chosen,
        periods=known[::-1],
        after=after,
        more=shown[-1].statement_id if len(found) > len(shown) else None,
    )
