"""What vendors say of sales they reported: refunds and restatements."""

from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import CallingVendor, Context
from service.api.documented import problems
from service.api.formats.native import MAX_TOKENS
from service.api.sales import SaleId
from service.ledger.money import format_nanos, parse_nanos
from service.ledger.sale_report import Outcome
from service.ledger.tiers import Tier, parse_tier
from service.store import parked_refunds, sale_versions, sales, terms
from service.store.database import unit_of_work
from service.store.refunds import NewRefund
from service.store.sale_versions import Restatement
from service.store.sales import StoredSale

router = APIRouter(tags=["sales"], route_class=StrictRoute)


class RefundOrder(BaseModel):
    """What you gave back for a sale."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"id": "refund-1", "amount": "0.50", "reason": "timeout"}]},
    )
    id: str = Field(description="Your own id of the refund, 1 to 200 characters.")
    amount: str | None = Field(default=None, description="Absent: all that is left.")
    reason: str = Field(default="", max_length=500)


class RefundAnswer(BaseModel):
    """What became of a refund."""

    id: str
    outcome: str = Field(description="created, duplicate, or parked until its sale is reported")
    sale: str
    amount: str | None = Field(description="None: all of a sale that is not reported yet.")
    currency: str | None


_REPEATED: dict[int | str, dict[str, Any]] = {
    200: {"model": RefundAnswer, "description": "Reported before"},
    202: {"model": RefundAnswer, "description": "Parked until its sale is reported"},
}
_REFUND_STATUS = {Outcome.CREATED: 201, Outcome.PARKED: 202, Outcome.DUPLICATE: 200}


@router.post(
    "/v1/sales/{sale:path}/refunds",
    summary="Report a refund",
    status_code=201,
    responses=_REPEATED | problems(400, 401, 403, 409, 413, 415),
)
def report_refund(
    context: Context,
    vendor_id: CallingVendor,
    sale: SaleId,
    order: Annotated[RefundOrder, Body()],
    response: Response,
) -> RefundAnswer:
    """Give back a sale, whole or in part; the journal follows once the sale is settled.

    A refund may come before its sale: it is parked under its id and taken up with the sale.
    """
    amount = parse_nanos(order.amount) if order.amount is not None else None
    refund = NewRefund(order.id, sale, amount, order.reason)
    with unit_of_work(context.database) as session:
        outcome, nanos = parked_refunds.report(session, vendor_id, refund, now=context.clock())
        known = sales.find_any(session, vendor_id, sale)
    if outcome is not Outcome.DUPLICATE:
        context.doorbell.ring()
    response.status_code = _REFUND_STATUS[outcome]
    return RefundAnswer(
        id=order.id,
        outcome=str(outcome),
        sale=sale,
        amount=None if nanos is None else format_nanos(nanos),
        currency=known.currency if known else None,
    )


class RestatementOrder(BaseModel):
    """What you now say of a sale; what is absent stays as it was."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"id": "fix-1", "output_tokens": 900, "reason": "counted twice"}]
        },
    )
    id: str = Field(description="Your own id of the restatement, 1 to 200 characters.")
    tier: str | None = Field(default=None)
    output_tokens: int | None = Field(default=None, ge=0, le=MAX_TOKENS)
    reason: str = Field(description="Why, 1 to 500 characters.")


class RestatementAnswer(BaseModel):
    """What became of a restatement, and what the sale is now."""

    id: str
    outcome: str = Field(description="created or duplicate")
    sale: str
    version: int
    tier: str
    output_tokens: int
    gross: str
    currency: str


_RESTATED: dict[int | str, dict[str, Any]] = {
    200: {"model": RestatementAnswer, "description": "Restated so before"}
}


@router.post(
    "/v1/sales/{sale:path}/restatements",
    summary="Restate a sale",
    status_code=201,
    responses=_RESTATED | problems(400, 401, 403, 404, 409, 413, 415),
)
def restate_sale(
    context: Context,
    vendor_id: CallingVendor,
    sale: SaleId,
    order: Annotated[RestatementOrder, Body()],
    response: Response,
) -> RestatementAnswer:
    """Say what a sale really was: its tier or its tokens. Both versions stay visible.

    The price is that of the rate card of the day of sale. The books are corrected by a further
    entry once the sale is settled.
    """
    with unit_of_work(context.database) as session:
        known = sales.find(session, vendor_id, sale)
        said = _restatement(session, known, order)
        outcome, version = sale_versions.restate(session, vendor_id, said, now=context.clock())
    if outcome is Outcome.CREATED:
        context.doorbell.ring()
    else:
        response.status_code = 200
    return RestatementAnswer(
        id=order.id,
        outcome=str(outcome),
        sale=sale,
        version=version,
        tier=str(said.tier),
        output_tokens=said.output_tokens,
        gross=format_nanos(said.gross_nanos),
        currency=known.currency,
    )


def _restatement(session: Session, known: StoredSale, order: RestatementOrder) -> Restatement:
    day = known.sold_at.astimezone(UTC).date()
    card = terms.of_vendors(session, [known.vendor_id])[known.vendor_id].rate_card_on(day)
    tier = Tier.numbered(known.tier) if order.tier is None else parse_tier(order.tier)
    tokens = known.output_tokens if order.output_tokens is None else order.output_tokens
    return Restatement(
        order.id,
        known.external_id,
        tier,
        tokens,
        known.tokens_estimated and order.output_tokens is None,
        card.gross_nanos(tier, tokens),
        order.reason,
    )
