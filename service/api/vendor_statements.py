"""What vendors owe, as it was stated: a vendor sees its own, an operator all."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.negotiation import preferred
from service.api.paging import After, Limit, Page
from service.api.statement_documents import answered
from service.api.vendor_asker import VendorAsker
from service.api.vendor_documents import load, seller_of
from service.documents.vendor_invoice import vendor_invoice
from service.documents.vendor_statement_forms import MEDIA_TYPES, VendorForm, written
from service.documents.vendor_statement_json import VendorDocument
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import vendor_statements
from service.store.database import unit_of_work
from service.store.mode import Mode
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


class InvoiceSeller(BaseModel):
    """Who bills: the platform, as its settings say."""

    name: str
    country: str
    address: list[str]
    tax_number: str


class InvoiceLine(BaseModel):
    """One line; the amount is exact."""

    description: str
    month: str
    tier: str
    amount: str


class VendorInvoice(BaseModel):
    """Data of an invoice; ``total`` is floored to the minor unit, the rest stays owed."""

    mode: Mode = Field(default=Mode.LIVE, description="test: not for payment")
    number: str
    kind: str = Field(description="invoice, or credit-note for a total below zero")
    issued_on: date
    due_on: date
    period: dict[str, date] = Field(description="from, and before which day")
    seller: InvoiceSeller
    buyer: dict[str, str] = Field(description="name, and the vendor's public id")
    currency: str
    lines: list[InvoiceLine]
    exact_total: str
    total: str
    tax_note: str
    statement: str
    payment_reference: str


Locale = Annotated[
    str,
    Query(description="Figures of pages and PDF as this locale writes them, like `de` or `pt-BR`."),
]


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
    200: {
        "content": {
            media_type: {"schema": {"type": "object" if form is VendorForm.JSON else "string"}}
            for form, media_type in MEDIA_TYPES.items()
        },
        "description": "The statement as JSON, a page, PDF/UA-1, or RFC 4180.",
    },
    304: {"description": "The client has it already: see If-None-Match."},
}


@router.get(
    "/v1/vendor-statements/{vendor_statement}/invoice",
    summary="Data of an invoice to a vendor",
    responses=problems(401, 403, 404),
)
def get_vendor_invoice(
    context: Context, vendor_id: VendorAsker, vendor_statement: str
) -> VendorInvoice:
    """Return number, parties, lines, tax note and due day, for whoever writes the invoice."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_id)
    data: dict[str, Any] = vendor_invoice(document, seller_of(context.settings))
    return VendorInvoice(**data)


@router.get(
    "/v1/vendor-statements/{vendor_statement}.{form}",
    summary="What a vendor owes for a month, in a form",
    response_class=Response,
    responses=_DOCUMENTED | problems(401, 403, 404),
)
def get_vendor_statement_in_form(
    request: Request,
    context: Context,
    vendor_id: VendorAsker,
    vendor_statement: str,
    form: VendorForm,
    locale: Locale = "",
) -> Response:
    """Return a statement as a file: json, html, pdf or csv."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_id)
    answer = _answer(request, context, document, form, locale)
    answer.headers["Content-Disposition"] = f'attachment; filename="{document.number}.{form}"'
    return answer


@router.get(
    "/v1/vendor-statements/{vendor_statement}",
    summary="What a vendor owes for a month",
    response_class=Response,
    responses=_DOCUMENTED | problems(401, 403, 404, 406),
)
def get_vendor_statement(
    request: Request,
    context: Context,
    vendor_id: VendorAsker,
    vendor_statement: str,
    locale: Locale = "",
) -> Response:
    """Return a statement as issued: sales, where their gross went, corrections, what was paid.

    In the form the header Accept asks for; JSON without one.
    """
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_id)
    wanted = preferred(request.headers.get("accept", ""), [*MEDIA_TYPES.values()])
    form = next(form for form, media_type in MEDIA_TYPES.items() if media_type == wanted)
    answer = _answer(request, context, document, form, locale)
    answer.headers["Vary"] = "Accept"
    return answer


def _answer(
    request: Request, context: WebContext, document: VendorDocument, form: VendorForm, locale: str
) -> Response:
    content = written(document, form, locale=locale or None, fonts=context.settings.fonts)
    is_page = form is VendorForm.HTML
    return answered(request, content, MEDIA_TYPES[form], is_page=is_page)
