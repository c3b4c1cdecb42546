"""What vendors owe, as it was stated: a vendor sees its own, an operator all."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.api.vendor_asker import VendorAsker
from service.api.vendor_documents import load
from service.documents.vendor_statement_json import vendor_statement_json
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import vendor_statements
from service.store.database import unit_of_work
from service.store.vendor_statements import VendorStatementSummary

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class VendorStatementRow(BaseModel):
    """One statement of a list; amounts are decimal strings.

    opening + charged + corrected + moved = closing: what is owed, below zero what is paid ahead.
    """

    number: str
    vendor_id: int
    vendor_name: str
    period: str
    currency: str
    opening_balance: str
    charged: str
    corrected: str
    moved: str
    closing_balance: str
    due_on: date
    issued_at: datetime


@router.get(
    "/v1/vendor-statements",
    summary="List what vendors owe by month",
    responses=problems(401, 403),
)
def list_vendor_statements(
    context: Context,
    vendor_id: VendorAsker,
    period: Annotated[str, Query(description="YYYY-MM; empty: all.")] = "",
    limit: Limit = 20,
    after: After = "",
) -> Page[VendorStatementRow]:
    """List your statements of closed months in order of issue; an operator sees all."""
    month = Period.parse(period) if period else None
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = vendor_statements.listing(
            session, vendor_id=vendor_id, period=month, after=number, limit=limit + 1
        )
    return paging.page_of(rows, limit, shown=_row, cursor=lambda row: row.vendor_statement_id)


def _row(one: VendorStatementSummary) -> VendorStatementRow:
    return VendorStatementRow(
        number=one.number,
        vendor_id=one.vendor_id,
        vendor_name=one.vendor_name,
        period=str(one.period),
        currency=one.currency,
        opening_balance=format_nanos(one.opening_nanos),
        charged=format_nanos(one.charged_nanos),
        corrected=format_nanos(one.corrected_nanos),
        moved=format_nanos(one.moved_nanos),
        closing_balance=format_nanos(one.closing_nanos),
        due_on=one.due_on,
        issued_at=one.issued_at,
    )


_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}},
}


@router.get(
    "/v1/vendor-statements/{vendor_statement}",
    summary="What a vendor owes for a month",
    response_class=JSONResponse,
    responses=_DOCUMENTED | problems(401, 403, 404),
)
def get_vendor_statement(
    context: Context, vendor_id: VendorAsker, vendor_statement: str
) -> JSONResponse:
    """Return a statement as issued: sales, where their gross went, corrections, what was paid."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_id)
    return JSONResponse(vendor_statement_json(document))
