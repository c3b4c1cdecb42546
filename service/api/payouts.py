"""Payouts as they stand: creators see their own, operators all."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.ledger.money import format_nanos
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.store import payouts
from service.store.database import unit_of_work
from service.store.payouts import StoredPayout

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class PayoutRow(BaseModel):
    """One transfer for one statement; amounts are decimal strings.

    amount = tax + fee + net in ``currency``; ``paid`` is in ``paid_currency``, by ``rate`` of
    ``rate_on`` where that is another.
    """

    payout_id: int
    statement: str
    holder_id: int
    holder_name: str
    currency: str
    amount: str
    payee_id: int
    tax: str
    tax_rule: str
    tax_ppm: int
    fee: str
    net: str
    paid: str
    paid_currency: str
    rate: str | None
    rate_on: str | None
    rate_source: str | None
    state: PayoutState
    reference: str
    at: str


@router.get("/v1/payouts", summary="List payouts", responses=problems(401, 403))
def list_payouts(
    context: Context,
    person: CreatorOrOperator,
    period: Annotated[str, Query(description="YYYY-MM of the statements; empty: all.")] = "",
    limit: Limit = 20,
    after: After = "",
) -> Page[PayoutRow]:
    """List your payouts with the last step each has taken; an operator sees all."""
    month = Period.parse(period) if period else None
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = payouts.listing(
            session, holder_id=person.party_id, period=month, after=number, limit=limit + 1
        )
    return paging.page_of(rows, limit, shown=_row, cursor=lambda row: row.payout_id)


def _row(one: StoredPayout) -> PayoutRow:
    return PayoutRow(
        payout_id=one.payout_id,
        statement=one.number,
        holder_id=one.holder_id,
        holder_name=one.holder_name,
        currency=one.currency,
        amount=format_nanos(one.amount_nanos),
        payee_id=one.payee_id,
        tax=format_nanos(one.transfer.tax_nanos),
        tax_rule=one.transfer.tax_rule,
        tax_ppm=one.tax_ppm if one.transfer.tax_nanos else 0,
        fee=format_nanos(one.transfer.fee_nanos),
        net=format_nanos(one.transfer.net_nanos),
        paid=format_nanos(one.transfer.paid_nanos),
        paid_currency=one.transfer.to_currency,
        rate=str(one.rate) if one.rate else None,
        rate_on=one.rate.day.isoformat() if one.rate else None,
        rate_source=one.rate.origin if one.rate else None,
        state=one.state,
        reference=one.reference,
        at=one.taken_at.isoformat().replace("+00:00", "Z"),
    )
