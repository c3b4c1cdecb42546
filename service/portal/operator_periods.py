"""Periods: their states, and closing one after a page that says what will happen."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, require_role
from service.api.doors import WebContext
from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.portal import pages
from service.store import closing, periods, work_batches
from service.store.database import unit_of_work
from service.store.periods import EarlierPeriodOpen

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator/periods")
def periods_page(request: Request, context: Context) -> Response:
    """List all periods, newest first."""
    with unit_of_work(context.database) as session:
        known = periods.listing(session)[::-1]
        waiting = {
            period: work_batches.closing_count(session, period.number)
            for period, state, _ in known
            if state == periods.CLOSING
        }
    return pages.render(
        request,
        "operator_periods.html",
        title="Periods",
        periods=known,
        waiting=waiting,
        running=Period.of(context.clock()),
    )


@router.get("/operator/periods/{period}/close")
def closing_page(request: Request, context: Context, period: str) -> Response:
    """Say what a close does before it is begun."""
    return _confirmation(request, context, Period.parse(period), error="")


@router.post("/operator/periods/{period}/close")
def close(
    request: Request,
    context: Context,
    period: str,
    early: Annotated[str, Form()] = "",
) -> Response:
    """Begin the close; the worker finishes it. A refusal shows the page again with the reason."""
    chosen = Period.parse(period)
    try:
        with unit_of_work(context.database) as session:
            closing.begin(session, chosen, early=early == "yes", now=context.clock())
    except (PeriodRunning, PeriodClosed, EarlierPeriodOpen) as refusal:
        sentence = refusal.sentence.replace(" (--early)", "")
        return _confirmation(request, context, chosen, error=sentence)
    context.doorbell.ring()
    return pages.goto("/operator/periods?done=closing")


def _confirmation(request: Request, context: WebContext, period: Period, *, error: str) -> Response:
    with unit_of_work(context.database) as session:
        state = periods.state(session, period)
        waiting = work_batches.waiting(session)
    return pages.render(
        request,
        "operator_close.html",
        title=f"Close {period}",
        status=409 if error else 200,
        period=period,
        state=state,
        waiting=waiting,
        is_running=context.clock() < period.end,
        error=error,
    )
