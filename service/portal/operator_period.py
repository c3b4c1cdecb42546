"""One period: its dry run, who approved exactly which result, its close and its seal."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.portal import pages
from service.store import approvals, console_jobs, period_seals, periods, work_batches
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator/periods/{period}")
def period_page(request: Request, context: Context, period: str) -> Response:
    """Show a period with its newest dry run."""
    return _page(request, context, Period.parse(period))


@router.post("/operator/periods/{period}/rehearsal")
def rehearse_close(context: Context, person: Operator, period: str) -> Response:
    """Ask for a dry run; it goes on when its page is left."""
    facts = {"period": str(Period.parse(period))}
    with unit_of_work(context.database) as session:
        job = console_jobs.ask(
            session, JobKind.REHEARSE_CLOSE, facts, by=person.login, now=context.clock()
        )
    context.doorbell.ring()
    return pages.goto(f"/operator/jobs/{job}?done=asked")


@router.post("/operator/periods/{period}/approval")
def approve_close(
    request: Request,
    context: Context,
    person: Operator,
    period: str,
    digest: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Approve, in one's own name, what has this digest and nothing else."""
    month = Period.parse(period)
    try:
        with unit_of_work(context.database) as session:
            read = approvals.parse_digest(digest)
            approvals.approve(session, month, read, by=person.login, now=context.clock())
    except LedgerError as refusal:
        return _page(request, context, month, error=refusal.sentence)
    context.doorbell.ring()
    return pages.goto(f"/operator/periods/{month}?done=approved")


def _page(request: Request, context: WebContext, month: Period, *, error: str = "") -> Response:
    needed = context.settings.close_approvals
    with unit_of_work(context.database) as session:
        state = periods.state(session, month)
        job = console_jobs.newest(session, JobKind.REHEARSE_CLOSE, {"period": str(month)})
        given = approvals.listing(session, month)
        seal = period_seals.find(session, month)
        waiting = work_batches.unsettled_count(session, month.number)
    digest = job.result["digest"] if job and job.result else ""
    valid = [one for one in given if one.digest == digest and one.void_at is None]
    return pages.render(
        request,
        "operator_period.html",
        title=f"Period {month}",
        status=409 if error else 200,
        period=month,
        state=state,
        waiting=waiting,
        is_running=context.clock() < month.end,
        job=job,
        digest=digest,
        needed=needed,
        given=given,
        valid=len(valid),
        seal=seal,
        error=error,
    )
