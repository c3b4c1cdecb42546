"""Operators approve what a close issues; only then is it posted."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.ledger.period import Period
from service.store import approvals
from service.store.database import unit_of_work

router = APIRouter(tags=["ledger"], route_class=StrictRoute)
PeriodName = Annotated[str, Path(description="YYYY-MM")]


class ApprovalOrder(BaseModel):
    """What is approved."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"digest": "0" * 64}]}
    )
    digest: str = Field(description="Of the statements, as `wellspring close --dry-run` shows it.")


class ShownApproval(BaseModel):
    """One operator's approval."""

    approved_by: str
    digest: str
    approved_at: datetime
    void_at: datetime | None = Field(description="Since when the close issues something else.")


class ApprovalList(BaseModel):
    """The approvals of a month, oldest first, and how many it needs of one digest."""

    needed: int
    data: list[ShownApproval]


@router.get(
    "/v1/periods/{period}/approvals",
    summary="Who approved a close",
    responses=problems(401, 403),
)
def list_approvals(context: Context, _person: Operator, period: PeriodName) -> ApprovalList:
    """List the approvals of a month's close."""
    return _listed(context, Period.parse(period))


@router.post(
    "/v1/periods/{period}/approvals",
    summary="Approve a close",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def approve_close(
    context: Context,
    person: Operator,
    period: PeriodName,
    order: Annotated[ApprovalOrder, Body()],
) -> ApprovalList:
    """Approve, in your own name, what the close of a closing month issues."""
    month = Period.parse(period)
    with unit_of_work(context.database) as session:
        digest = approvals.parse_digest(order.digest)
        approvals.approve(session, month, digest, by=person.login, now=context.clock())
    context.doorbell.ring()
    return _listed(context, month)


def _listed(context: Context, month: Period) -> ApprovalList:
    with unit_of_work(context.database) as session:
        given = approvals.listing(session, month)
    return ApprovalList(
        needed=context.settings.close_approvals,
        data=[
            ShownApproval(
                approved_by=one.approved_by,
                digest=one.digest,
                approved_at=one.approved_at,
                void_at=one.void_at,
            )
            for one in given
        ],
    )
