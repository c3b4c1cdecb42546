"""Payouts: runs that are made, approved by others and reserved; what the bank did with each."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger import payee as payee_rules
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.portal import pages
from service.portal.operator_desk import BankTaken, Desk
from service.store import approvals, console_jobs, parties, payees, payout_runs, payouts, periods
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

MOST_BYTES = 8 << 20


@router.get("/operator/payouts")
def payouts_page(request: Request, context: Context) -> Response:
    """List runs, and the payees that cannot be paid with the reason."""
    return _page(request, context)


def _page(
    request: Request, context: WebContext, *, taken: BankTaken | None = None, dry_run: bool = False
) -> Response:
    now = context.clock()
    with unit_of_work(context.database) as session:
        runs = payout_runs.listing(session)[::-1]
        closed = [month for month, state, _ in periods.listing(session) if state == periods.CLOSED]
        waiting = payees.waiting(session, now=now)
        names = parties.names(session, [one.payee_id for one in waiting])
    return pages.render(
        request,
        "operator_payouts.html",
        title="Payouts",
        runs=runs,
        closed=closed[::-1],
        waiting=[
            (one.payee_id, names[one.payee_id], payee_rules.obstacles(one, now=now))
            for one in waiting
        ],
        taken=taken,
        dry_run=dry_run,
    )


@router.post("/operator/payouts/runs")
def make_run(
    context: Context, person: Operator, period: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """Ask for a run of all that a closed month's statements let be paid now."""
    facts = {"period": str(Period.parse(period))}
    return _asked(context, person.login, JobKind.MAKE_RUN, facts)


def _asked(context: WebContext, login: str, kind: JobKind, facts: Mapping[str, object]) -> Response:
    with unit_of_work(context.database) as session:
        job = console_jobs.ask(session, kind, facts, by=login, now=context.clock())
    context.doorbell.ring()
    return pages.goto(f"/operator/jobs/{job}?done=asked")


@router.get("/operator/payouts/runs/{run_id}")
def run_page(
    request: Request,
    context: Context,
    run_id: int,
    skip: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """Show a run: every transfer, its digest, who approved it, and what became of it."""
    return _run(request, context, run_id, skip=skip)


@router.post("/operator/payouts/runs/{run_id}/approval")
def approve_run(
    request: Request,
    context: Context,
    person: Operator,
    run_id: int,
    digest: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Approve exactly what a run of another operator pays."""
    try:
        with unit_of_work(context.database) as session:
            read = approvals.parse_digest(digest)
            payout_runs.approve(session, run_id, read, by=person.login, now=context.clock())
    except LedgerError as refusal:
        return _run(request, context, run_id, error=refusal.sentence)
    return pages.goto(f"/operator/payouts/runs/{run_id}?done=approved")


@router.post("/operator/payouts/runs/{run_id}/reservation")
def reserve_run(context: Context, person: Operator, run_id: int) -> Response:
    """Ask for the reservation of what an approved run says."""
    return _asked(context, person.login, JobKind.CARRY_OUT, {"run_id": run_id})


@router.post("/operator/payouts/runs/{run_id}/files/{at}")
def write_bank_file(
    request: Request, context: Context, person: Operator, desk: Desk, run_id: int, at: int
) -> Response:
    """Hand out one of the bank's files of a run; its payouts are sent from then on."""
    try:
        files = desk.files_for_bank(run_id, by=person.login)
    except LedgerError as refusal:
        return _run(request, context, run_id, error=refusal.sentence)
    if not 0 <= at < len(files):
        return _run(request, context, run_id, error="this run has no such file for the bank")
    name = f'attachment; filename="{files[at].name}"'
    return Response(
        files[at].content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


def _run(
    request: Request, context: WebContext, run_id: int, *, skip: int = 0, error: str = ""
) -> Response:
    with unit_of_work(context.database) as session:
        run = payout_runs.get(session, run_id)
        given = payout_runs.approvals(session, run_id)
        items = payout_runs.items(session, run_id, skip=skip, limit=pages.PAGE_SIZE + 1)
        whole = payout_runs.items(session, run_id)
        made = payouts.listing(session, run_id=run_id, limit=100_000)
    sums: dict[str, int] = {}
    for one in whole:
        sums[one.to_currency] = sums.get(one.to_currency, 0) + one.paid_nanos
    needed = context.settings.payout_approvals
    more = f"?skip={skip + pages.PAGE_SIZE}" if len(items) > pages.PAGE_SIZE else ""
    return pages.render(
        request,
        "operator_run.html",
        title=f"Payout run {run_id}",
        status=409 if error else 200,
        run=run,
        items=items[: pages.PAGE_SIZE],
        sums=sorted(sums.items()),
        given=given,
        needed=needed,
        enough=len({one.approved_by for one in given} - {run.made_by}) >= needed,
        payouts=made,
        skip=skip,
        more=more,
        error=error,
    )


@router.post("/operator/payouts/bank")
async def take_from_bank(
    request: Request,
    context: Context,
    person: Operator,
    desk: Desk,
    answer: Annotated[UploadFile, File()],
    decision: Annotated[str, Form(max_length=20)] = "try",
) -> Response:
    """Take what the bank says, or first say what it would come to; each line is taken once."""
    content = await answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        taken = BankTaken(0, 0, 0, [f"the file is larger than {MOST_BYTES >> 20} MiB"])
        return _page(request, context, taken=taken)
    dry_run = decision != "take"
    taken = desk.take_from_bank(content, by=person.login, dry_run=dry_run)
    return _page(request, context, taken=taken, dry_run=dry_run)
