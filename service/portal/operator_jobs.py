"""Jobs of the console: what operators asked a worker to do, how far it is, what it came to."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.portal import pages
from service.store import console_jobs
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Below = Annotated[int | None, Query(ge=1, lt=2**63)]
NAMES = {
    JobKind.REHEARSE_CLOSE: "Dry run of a close",
    JobKind.REHEARSE_TERMS: "Effect of new terms",
    JobKind.SETTLE_AGAIN: "Settle quarantined sales",
    JobKind.MAKE_RUN: "Make a payout run",
    JobKind.CARRY_OUT: "Reserve a payout run",
    JobKind.VERIFY: "Check of the books",
}


@router.get("/operator/jobs")
def jobs_page(request: Request, context: Context, before: Below = None) -> Response:
    """List jobs, newest first."""
    with unit_of_work(context.database) as session:
        found = console_jobs.listing(session, before=before, limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_jobs.html",
        title="Jobs",
        jobs=shown,
        names=NAMES,
        before=before,
        more=shown[-1].job_id if len(found) > len(shown) else None,
    )


@router.get("/operator/jobs/{job_id}")
def job_page(request: Request, context: Context, job_id: int) -> Response:
    """Show how far a job is, by itself again and again until it has ended; then its result."""
    with unit_of_work(context.database) as session:
        job = console_jobs.get(session, job_id)
    return pages.render(
        request, "operator_job.html", title=NAMES[job.kind], job=job, name=NAMES[job.kind]
    )


@router.post("/operator/jobs/verify")
def check_books(context: Context, person: Operator) -> Response:
    """Ask for a check of all books."""
    with unit_of_work(context.database) as session:
        job = console_jobs.ask(session, JobKind.VERIFY, {}, by=person.login, now=context.clock())
    context.doorbell.ring()
    return pages.goto(f"/operator/jobs/{job}?done=asked")
