"""Unmatched pools: operators see who would gain and approve; the rules are everybody's to read."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.pool_release import PoolPlan
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
from service.store.pool_gains import Gains
from service.store.pools import StoredPool

router = APIRouter(tags=["ledger"], route_class=StrictRoute)
Vendor = Annotated[str, Path(description="Public id or name of the vendor.")]
Month = Annotated[str, Path(description="YYYY-MM of the sales.")]
Currency = Annotated[str, Query(description="ISO 4217 code.")]


class PoolRow(BaseModel):
    """One pool; the amount is a decimal string."""

    vendor: str
    month: str
    currency: str
    balance: str
    rule: str | None = Field(description="By which it is released; null where none counts.")
    window_end: datetime | None = Field(description="Until then it can be claimed.")
    state: str = Field(description="collecting, claimable, due, released, or without a rule.")


class PoolList(BaseModel):
    """All pools by month, vendor and currency."""

    data: list[PoolRow]


class WorkGain(BaseModel):
    """What a work would be credited."""

    work_id: int
    title: str
    nanos: int


class HolderGain(BaseModel):
    """What a holder would earn by it, through all upstream shares."""

    holder_id: int
    name: str
    nanos: int


class Accrued(BaseModel):
    """Interest of one month: balance x annual ppm / 12, rounded down."""

    month: str
    balance: str
    annual_ppm: int
    interest: str


class PoolApproval(BaseModel):
    """One operator's approval."""

    approved_by: str
    digest: str
    approved_at: datetime


class SimulatedRelease(BaseModel):
    """What the release of a pool would post now, who would gain, and who approved it."""

    vendor: str
    month: str
    currency: str
    rule: str
    by: str = Field(description="The step of the rule that finds somebody.")
    window_end: datetime
    principal: str
    interest: str
    fee: str
    given: str
    accruals: list[Accrued]
    works: list[WorkGain]
    holders: list[HolderGain]
    digest: str
    approvals_needed: int
    approvals: list[PoolApproval]


class ApprovalOrder(BaseModel):
    """What is approved."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"digest": "0" * 64}]}
    )
    digest: str = Field(description="Of the release, as its simulation shows it.")
    currency: str = Field(default="USD", description="ISO 4217 code.")


@router.get("/v1/pools", summary="List unmatched pools", responses=problems(401, 403))
def list_pools(context: Context, _person: Operator) -> PoolList:
    """List what no work claimed, by vendor and month of sale."""
    with unit_of_work(context.database) as session:
        found = pool_plans.states(session, now=context.clock())
    return PoolList(
        data=[
            PoolRow(
                vendor=one.stored.key.vendor,
                month=str(one.stored.key.month),
                currency=one.stored.key.currency,
                balance=one.balance,
                rule=one.rule,
                window_end=one.window_end,
                state=one.state,
            )
            for one in found
        ]
    )


@router.get(
    "/v1/pools/{vendor}/{month}",
    summary="Who would gain by a pool's release",
    responses=problems(401, 403, 404, 409),
)
def simulate(
    context: Context,
    _person: Operator,
    vendor: Vendor,
    month: Month,
    currency: Currency = "USD",
    rule: Annotated[str, Query(description="Name of another rule; empty: the month's.")] = "",
) -> SimulatedRelease:
    """Simulate the release of a pool: exact nanos by work and holder; nothing is posted."""
    with unit_of_work(context.database) as session:
        stored = pools.named(session, vendor, Period.parse(month), currency)
        other = pool_rules.named(session, rule) if rule else None
        into = pool_plans.month_of_release(session, context.clock())
        plan = pool_plans.planned(session, stored, into=into, rule=other)
        return _shown(session, context, stored, plan)


@router.post(
    "/v1/pools/{vendor}/{month}/approvals",
    summary="Approve a pool's release",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def approve_release(
    context: Context,
    person: Operator,
    vendor: Vendor,
    month: Month,
    order: Annotated[ApprovalOrder, Body()],
) -> SimulatedRelease:
    """Approve, in your own name, what the release of a pool posts; a worker posts it then."""
    with unit_of_work(context.database) as session:
        digest = approvals.parse_digest(order.digest)
        stored = pools.named(session, vendor, Period.parse(month), order.currency)
        into = pool_plans.month_of_release(session, context.clock())
        plan = pool_plans.planned(session, stored, into=into)
        pool_approvals.approve(session, stored, plan, digest, by=person.login, now=context.clock())
        shown = _shown(session, context, stored, plan)
    context.doorbell.ring()
    return shown


def _shown(
    session: Session, context: Context, stored: StoredPool, plan: PoolPlan
) -> SimulatedRelease:
    gains = pool_gains.gains(session, stored, plan)
    said = plan.parts
    return SimulatedRelease(
        vendor=plan.pool.vendor,
        month=str(plan.pool.month),
        currency=plan.pool.currency,
        rule=plan.rule.name,
        by=str(plan.step.method),
        window_end=plan.rule.window_end(plan.pool.month),
        principal=format_nanos(said.principal_nanos),
        interest=format_nanos(said.interest_nanos),
        fee=format_nanos(said.fee_nanos),
        given=format_nanos(sum(said.by_name.values())),
        accruals=[
            Accrued(
                month=str(one.month),
                balance=format_nanos(one.balance_nanos),
                annual_ppm=one.annual_ppm,
                interest=format_nanos(one.nanos),
            )
            for one in plan.content.accruals
        ],
        works=_works(session, gains),
        holders=_holders(session, gains),
        digest=plan.digest,
        approvals_needed=context.settings.pool_approvals,
        approvals=[
            PoolApproval(
                approved_by=one.approved_by, digest=one.digest, approved_at=one.approved_at
            )
            for one in pool_approvals.listing(session, stored)
        ],
    )


def _works(session: Session, gains: Gains) -> list[WorkGain]:
    titles = works.titles(session, list(gains.by_work))
    return [
        WorkGain(work_id=work, title=titles[work], nanos=nanos)
        for work, nanos in sorted(gains.by_work.items())
    ]


def _holders(session: Session, gains: Gains) -> list[HolderGain]:
    names = parties.names(session, list(gains.by_holder))
    return [
        HolderGain(holder_id=holder, name=names[holder], nanos=nanos)
        for holder, nanos in gains.by_holder.items()
    ]
