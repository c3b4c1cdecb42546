"""Bills beside reports: what a vendor was billed for and has not reported, and what to accrue."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import focus_csv, paging
from service.api.bill_comparison import compare_bill
from service.api.body import StrictRoute, media_type
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.api.vendor_asker import VendorAsker, VendorNamed, vendor_of
from service.ledger.money import format_nanos
from service.ledger.reconciliation import Compared
from service.store import reconciliations
from service.store.database import unit_of_work
from service.store.reconciliations import StoredReconciliation

router = APIRouter(tags=["sales"], route_class=StrictRoute)
_CSV = "text/csv"
_BODY = {"requestBody": {"required": True, "content": {_CSV: {"schema": {"type": "string"}}}}}


class ShownReconciliation(BaseModel):
    """A bill beside reports, as it stood then."""

    reconciliation_id: int
    vendor: str
    first_day: date
    last_day: date
    rows_read: int
    rows_ignored: int = Field(description="Of other charges, other units, and input tokens.")
    made_by: str
    made_at: datetime
    missing_tokens: str
    surplus_tokens: str
    accrual_due: str = Field(description="What would be owed for what is missing; not posted.")
    decision: str = Field(description="none, approved or dismissed")
    reason: str | None


def _shown(one: StoredReconciliation) -> ShownReconciliation:
    decision = {None: "none", True: "approved", False: "dismissed"}[one.approved]
    return ShownReconciliation(
        reconciliation_id=one.reconciliation_id,
        vendor=one.vendor,
        first_day=one.first_day,
        last_day=one.last_day,
        rows_read=one.row_count,
        rows_ignored=one.ignored_count,
        made_by=one.made_by,
        made_at=one.made_at,
        missing_tokens=str(one.missing_tokens),
        surplus_tokens=str(one.surplus_tokens),
        accrual_due=format_nanos(one.due_nanos),
        decision=decision,
        reason=one.reason,
    )


class ReconciliationRow(BaseModel):
    """One day and model."""

    day: date
    model: str
    currency: str
    billed_tokens: str
    reported_tokens: str
    missing_tokens: str
    surplus_tokens: str
    billed: str
    reported: str = Field(description="Gross of what was reported.")
    price_above_tier: bool = Field(description="A token was billed above what it is reported at.")
    tier: str | None = Field(description="That missing tokens would be accrued at.")
    accrual_gross: str
    accrual_due: str


def _row(one: Compared) -> ReconciliationRow:
    return ReconciliationRow(
        day=one.key.day,
        model=one.key.model,
        currency=one.key.currency,
        billed_tokens=str(one.billed_tokens),
        reported_tokens=str(one.reported_tokens),
        missing_tokens=str(one.missing_tokens),
        surplus_tokens=str(one.surplus_tokens),
        billed=format_nanos(one.billed_nanos),
        reported=format_nanos(one.reported_nanos),
        price_above_tier=one.price_above_tier,
        tier=str(one.tier) if one.tier else None,
        accrual_gross=format_nanos(one.accrual_gross_nanos),
        accrual_due=format_nanos(one.accrual_due_nanos),
    )


async def _bill(request: Request) -> bytes:
    media_type(request, (_CSV,))
    return await request.body()


@router.post(
    "/v1/reconciliations",
    summary="Reconcile a bill with reports",
    status_code=201,
    responses=problems(401, 403, 408, 413, 415),
    openapi_extra=_BODY,
)
def reconcile(
    context: Context,
    vendor_id: VendorAsker,
    raw: Annotated[bytes, Depends(_bill)],
    vendor: VendorNamed = "",
) -> ShownReconciliation:
    """Compare a FOCUS bill (CSV) with what was reported, by day and model, and keep the result.

    An operator names the vendor. What is missing is proposed as an accrual.
    """
    bill = focus_csv.read(raw)
    with unit_of_work(context.database) as session:
        whose = vendor_of(session, vendor_id, vendor)
        by = "operator" if vendor_id is None else f"vendor {vendor_id}"
        number = compare_bill(session, whose, bill, raw, by=by, now=context.clock())
        return _shown(reconciliations.get(session, number, whose))


@router.get("/v1/reconciliations", summary="List reconciliations", responses=problems(401, 403))
def list_reconciliations(
    context: Context, vendor_id: VendorAsker, limit: Limit = 20, after: After = ""
) -> Page[ShownReconciliation]:
    """List bills that were compared, in order; an operator sees all."""
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = reconciliations.listing(session, vendor_id, after=number, limit=limit + 1)
    return paging.page_of(rows, limit, shown=_shown, cursor=lambda one: one.reconciliation_id)


@router.get(
    "/v1/reconciliations/{reconciliation_id}/rows",
    summary="Days and models of a reconciliation",
    responses=problems(401, 403, 404),
)
def list_rows(
    context: Context,
    vendor_id: VendorAsker,
    reconciliation_id: Number,
    limit: Limit = 20,
    after: After = "",
) -> Page[ReconciliationRow]:
    """List billed, reported, missing and surplus tokens by day and model."""
    begun = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = _rows(session, reconciliation_id, vendor_id, after=begun, limit=limit + 1)
    return paging.page_of(rows, limit, shown=lambda one: _row(one[1]), cursor=lambda one: one[0])


def _rows(
    session: Session, number: int, vendor_id: int | None, *, after: int, limit: int
) -> list[tuple[int, Compared]]:
    reconciliations.get(session, number, vendor_id)
    found = reconciliations.rows_of(session, number, after=min(after, 2**31 - 1), limit=limit)
    return list(enumerate(found, start=after + 1))


class AccrualDecision(BaseModel):
    """What an operator decides of a proposed accrual."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"approved": False, "reason": "Reported meanwhile."}]},
    )
    approved: bool
    reason: str = Field(min_length=1, max_length=500)


@router.post(
    "/v1/reconciliations/{reconciliation_id}/accrual",
    summary="Approve or dismiss a proposed accrual",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def decide_accrual(
    context: Context, person: Operator, reconciliation_id: Number, decision: AccrualDecision
) -> ShownReconciliation:
    """Keep what was decided, once and with its reason. Nothing is posted by it."""
    with unit_of_work(context.database) as session:
        reconciliations.decide(
            session,
            reconciliation_id,
            approved=decision.approved,
            reason=decision.reason,
            by=person.login,
            now=context.clock(),
        )
        return _shown(reconciliations.get(session, reconciliation_id, None))
