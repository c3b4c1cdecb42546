"""A year's payouts of a payee by tax rule: what was paid and what was withheld of it."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.api.payees import check_own
from service.ledger.money import format_nanos
from service.ledger.tax import NO_ADVICE
from service.store import tax_summaries
from service.store.database import unit_of_work
from service.store.tax_summaries import TaxSummary

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class TaxSummaryRow(BaseModel):
    """Payouts of one year under one rule, less what came back; amounts are decimal strings."""

    year: int
    rule: str = Field(description="Empty where none was on file.")
    source: str
    ppm: int
    currency: str
    payouts: int
    gross: str
    tax: str
    fee: str
    net: str


class TaxSummaryList(BaseModel):
    """A year of a payee."""

    data: list[TaxSummaryRow]
    note: str


@router.get(
    "/v1/payees/{payee_id}/tax-summaries/{year}",
    summary="Sum a year's payouts by tax rule",
    responses=problems(401, 403, 404),
)
def get_tax_summary(
    context: Context,
    person: CreatorOrOperator,
    payee_id: Number,
    year: Annotated[int, Path(ge=2000, le=9999)],
) -> TaxSummaryList:
    """Return what a payee was paid in a year, and what was withheld of it, by rule."""
    with unit_of_work(context.database) as session:
        check_own(session, person, payee_id)
        rows = tax_summaries.of_year(session, year, payee_id=payee_id)
    return TaxSummaryList(data=[_summary(one) for one in rows], note=NO_ADVICE)


def _summary(one: TaxSummary) -> TaxSummaryRow:
    return TaxSummaryRow(
        year=one.year,
        rule=one.rule,
        source=one.source,
        ppm=one.ppm,
        currency=one.currency,
        payouts=one.payout_count,
        gross=format_nanos(one.gross_nanos),
        tax=format_nanos(one.tax_nanos),
        fee=format_nanos(one.fee_nanos),
        net=format_nanos(one.net_nanos),
    )
