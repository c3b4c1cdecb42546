"""What a vendor sold and owes for, by day or month, tier and model: drawn, and as a table."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.portal import pages
from service.portal.chart import charts
from service.portal.vendor_person import VendorPerson, day_of, vendor_of
from service.portal.vendor_series import Curve, curves
from service.store import vendor_series
from service.store.database import unit_of_work
from service.store.vendor_series import Point, RangeTooLong, SeriesOrder, Step

router = APIRouter()
_MOST_POINTS = 2_000
_SHOWN_DAYS = 30


@dataclass(frozen=True, slots=True)
class _Owed:
    """A month's due of one tier, as a drawing takes it."""

    tier: Tier
    currency: str
    period: Period
    nanos: int
    estimated: bool


@router.get("/vendor/usage")
def usage_page(
    request: Request,
    person: VendorPerson,
    context: Context,
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    by: Annotated[str, Query(max_length=10)] = "day",
    tier: Annotated[str, Query(max_length=20)] = "",
    model: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the last thirty days unless other days are asked for."""
    last = day_of(until) or context.clock().date()
    first = day_of(since) or last - timedelta(days=_SHOWN_DAYS - 1)
    asked = {"since": str(first), "until": str(last), "by": by, "tier": tier, "model": model}
    step = Step.MONTH if by == Step.MONTH else Step.DAY
    only = Tier(tier) if tier in {*Tier} else None
    order = SeriesOrder(vendor_of(person), first, last, step, only, model.strip() or None)
    errors, points = _errors(since, until), list[Point]()
    try:
        with unit_of_work(context.database) as session:
            points = vendor_series.series(session, order, after=0, limit=_MOST_POINTS + 1)
    except RangeTooLong as refusal:
        errors["until"] = f"{refusal.sentence[0].upper()}{refusal.sentence[1:]}."
    return pages.render(
        request,
        "vendor_usage.html",
        title="Usage",
        status=422 if errors else 200,
        asked=asked,
        errors=errors,
        points=points[:_MOST_POINTS],
        is_cut=len(points) > _MOST_POINTS,
        tiers=[("", "all"), *((str(one), str(one)) for one in Tier)],
        steps=[(str(one), str(one)) for one in Step],
        charts=charts(_owed(points)) if step is Step.MONTH else [],
        curves=_curves(points, first, last) if step is Step.DAY else [],
        query=urlencode(asked),
    )


def _errors(since: str, until: str) -> dict[str, str]:
    typed = {"since": since, "until": until}
    return {
        name: "Must be a day like 2026-01-31."
        for name, said in typed.items()
        if said.strip() and day_of(said) is None
    }


def _owed(points: list[Point]) -> list[_Owed]:
    return [
        _Owed(
            one.tier,
            one.currency,
            Period(one.start.year * 100 + one.start.month),
            one.due_nanos,
            one.settled_count < one.sales_count,
        )
        for one in points
    ]


def _curves(points: list[Point], first: date, last: date) -> list[Curve]:
    return curves(
        [(one.start, one.tier, one.currency, one.due_nanos) for one in points], first, last
    )
