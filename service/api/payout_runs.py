"""Payout runs: operators read what a run pays and approve exactly that."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.ledger.money import format_nanos
from service.store import approvals, payout_runs
from service.store.database import unit_of_work
from service.store.payout_runs import PayoutRun, RunApproval, RunItem

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class RunRow(BaseModel):
    """A list of transfers; ``digest`` is over every statement, payee, account and figure."""

    run_id: int
    period: str
    day: date = Field(description="Of the rules, fees and rates it was computed by.")
    digest: str
    payouts: int
    made_by: str
    made_at: datetime


class RunItemRow(BaseModel):
    """One transfer; amounts are decimal strings. gross = tax + fee + net; paid is in ``to``."""

    statement: str
    part: int = Field(description="0: the holder's own; else the number of an assignment.")
    payee_id: int
    method: str
    currency: str
    gross: str
    tax: str
    fee: str
    paid: str
    to: str


class ShownApproval(BaseModel):
    """One operator's approval."""

    approved_by: str
    approved_at: datetime


class ShownRun(RunRow):
    """A run with who approved it, and how many operators beside its maker must."""

    needed: int
    approvals: list[ShownApproval]


class RunApprovalOrder(BaseModel):
    """What is approved."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"digest": "0" * 64}]}
    )
    digest: str = Field(description="Of the run, as it was read.")


@router.get("/v1/payout-runs", summary="List payout runs", responses=problems(401, 403))
def list_runs(
    context: Context, _person: Operator, limit: Limit = 20, after: After = ""
) -> Page[RunRow]:
    """List runs in order."""
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = payout_runs.listing(session, after=number, limit=limit + 1)
    return paging.page_of(
        rows, limit, shown=lambda run: RunRow(**_facts(run)), cursor=lambda run: run.run_id
    )


@router.get(
    "/v1/payout-runs/{run_id}", summary="Get a payout run", responses=problems(401, 403, 404)
)
def get_run(context: Context, _person: Operator, run_id: Number) -> ShownRun:
    """Return a run with its approvals."""
    return _shown(context, run_id)


@router.get(
    "/v1/payout-runs/{run_id}/items",
    summary="List what a payout run pays",
    responses=problems(401, 403, 404),
)
def list_run_items(
    context: Context, _person: Operator, run_id: Number, limit: Limit = 20, after: After = ""
) -> Page[RunItemRow]:
    """List the transfers of a run."""
    seen = paging.number_of(after)
    with unit_of_work(context.database) as session:
        payout_runs.get(session, run_id)
        # parts of a statement stand together: the cursor counts, the order never changes
        rows = payout_runs.items(session, run_id, skip=seen, limit=limit + 1)
    page = paging.page_of(rows, limit, shown=_item, cursor=lambda _item: seen + limit)
    return Page[RunItemRow](data=page.data, has_more=page.has_more, next=page.next)


@router.post(
    "/v1/payout-runs/{run_id}/approvals",
    summary="Approve a payout run",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def approve_run(
    context: Context, person: Operator, run_id: Number, order: Annotated[RunApprovalOrder, Body()]
) -> ShownRun:
    """Approve, in your own name, what a run of another operator pays."""
    digest = approvals.parse_digest(order.digest)
    with unit_of_work(context.database) as session:
        payout_runs.approve(session, run_id, digest, by=person.login, now=context.clock())
    return _shown(context, run_id)


def _shown(context: Context, run_id: int) -> ShownRun:
    with unit_of_work(context.database) as session:
        run = payout_runs.get(session, run_id)
        given = payout_runs.approvals(session, run_id)
    return ShownRun(
        **_facts(run),
        needed=context.settings.payout_approvals,
        approvals=[_approval(one) for one in given],
    )


def _approval(one: RunApproval) -> ShownApproval:
    return ShownApproval(approved_by=one.approved_by, approved_at=one.approved_at)


def _facts(run: PayoutRun) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "period": str(run.period),
        "day": run.day,
        "digest": run.digest,
        "payouts": run.item_count,
        "made_by": run.made_by,
        "made_at": run.made_at,
    }


def _item(item: RunItem) -> RunItemRow:
    return RunItemRow(
        statement=item.statement,
        part=item.part,
        payee_id=item.payee_id,
        method=item.method,
        currency=item.currency,
        gross=format_nanos(item.gross_nanos),
        tax=format_nanos(item.tax_nanos),
        fee=format_nanos(item.fee_nanos),
        paid=format_nanos(item.paid_nanos),
        to=item.to_currency,
    )
