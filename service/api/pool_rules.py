"""By which rules unmatched pools are released: announced to everybody, before they count."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.pool_rule import PoolRule
from service.store import pool_rules, pool_totals
from service.store.database import unit_of_work
from service.store.pool_rules import Fund, NewRule

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class RuleOrder(BaseModel):
    """A rule to be announced; what it leaves out are the settings."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "Pro rata, then the fund",
                    "text": "What nobody claimed goes to the works that earned that month.",
                    "valid_from": "2026-01",
                    "steps": ["same-vendor", "all-vendors"],
                }
            ]
        },
    )
    name: str
    text: str = Field(description="For those it concerns.")
    valid_from: str = Field(description="First month of sale it is for, YYYY-MM.")
    steps: list[str] = Field(
        max_length=10, description="In order: same-vendor, all-vendors, fund:NAME."
    )
    claim_window_days: int | None = None
    notice_days: int | None = None


class ShownRule(BaseModel):
    """A rule as announced."""

    name: str
    text: str
    valid_from: str
    steps: list[str]
    claim_window_days: int = Field(description="How long after a month its pool can be claimed.")
    notice_days: int = Field(description="How long before that it must have been announced.")
    announced_at: datetime


class ShownRate(BaseModel):
    """What a year of lying in a pool yields, from a day on."""

    currency: str
    valid_from: date
    annual_ppm: int
    source: str


class MonthTotal(BaseModel):
    """One month of sale over all vendors; null where fewer than three put something in."""

    month: str
    currency: str
    in_pools: str | None
    released: str | None


class PoolRules(BaseModel):
    """Rules, rates and totals, oldest first."""

    rules: list[ShownRule]
    rates: list[ShownRate]
    months: list[MonthTotal]


@router.get("/v1/pool-rules", summary="Rules and totals of unmatched pools", responses=problems())
def list_rules(context: Context) -> PoolRules:
    """Say by which rules pools are released, what interest they bear and what lies in them."""
    with unit_of_work(context.database) as session:
        funds = pool_rules.funds(session)
        rules = [_shown(one, funds) for one in pool_rules.rules(session)]
        rates = pool_rules.filed(session)
        months = pool_totals.by_month(session)
    return PoolRules(
        rules=rules,
        rates=[
            ShownRate(
                currency=one.currency,
                valid_from=one.valid_from,
                annual_ppm=one.annual_ppm,
                source=one.source,
            )
            for one in rates
        ],
        months=[
            MonthTotal(
                month=str(one.month),
                currency=one.currency,
                in_pools=_amount(one.in_pool_nanos),
                released=_amount(one.released_nanos),
            )
            for one in months
        ],
    )


@router.post(
    "/v1/pool-rules",
    summary="Announce a rule",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def announce(context: Context, person: Operator, order: RuleOrder) -> ShownRule:
    """Announce by which rule pools of a month and later ones are released; it stays as it is."""
    settings = context.settings
    window, notice = order.claim_window_days, order.notice_days
    new = NewRule(
        order.name,
        order.text,
        Period.parse(order.valid_from),
        tuple(order.steps),
        settings.claim_window_days if window is None else window,
        settings.pool_notice_days if notice is None else notice,
    )
    with unit_of_work(context.database) as session:
        made = pool_rules.announce(session, new, by=person.login, now=context.clock())
        return _shown(made, pool_rules.funds(session))


def _shown(one: PoolRule, funds: list[Fund]) -> ShownRule:
    return ShownRule(
        name=one.name,
        text=one.text,
        valid_from=str(one.valid_from),
        steps=pool_rules.said_steps(one.steps, funds),
        claim_window_days=one.claim_window_days,
        notice_days=one.notice_days,
        announced_at=one.announced_at,
    )


def _amount(nanos: int | None) -> str | None:
    return None if nanos is None else format_nanos(nanos)
