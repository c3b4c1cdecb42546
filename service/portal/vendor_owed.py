"""What a vendor owes: statements as issued and in every form, ageing, what was received."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from service.api.dependencies import Context
from service.api.vendor_documents import load, seller_of
from service.documents.figures import figures_for
from service.documents.statement_html import layout_section
from service.documents.vendor_invoice import vendor_invoice
from service.documents.vendor_statement_forms import MEDIA_TYPES, VendorForm, written
from service.documents.vendor_statement_layout import laid_out
from service.ledger.ageing import BUCKETS, Aged, aged
from service.portal import pages
from service.portal.vendor_person import VendorPerson, vendor_of
from service.store import parties, receipts, vendor_statements, write_offs
from service.store.database import unit_of_work

router = APIRouter()
_MOST_RECEIPTS, _MOST_STATEMENTS = 50, 1_000
Locale = Annotated[str, Query(max_length=35)]


def debts(session: Session, vendor_id: int) -> dict[str, Aged]:
    """Return what is open of closed months, by currency."""
    slugs = {number: slug for slug, number in parties.vendor_ids(session).items()}
    slug = slugs[vendor_id]
    return {
        currency: aged(
            receipts.received(session, vendor_id, currency),
            write_offs.written_off(session, vendor_id, currency),
            receipts.owed(session, vendor_id, slug, currency),
        )
        for currency in receipts.currencies_owed(session, slug)
    }


def age_names() -> list[str]:
    """Say how old each part of a debt is, the newest first."""
    starts = [0, *(days + 1 for days in BUCKETS)]
    ends = [*map(str, BUCKETS), ""]
    return [
        f"{start} to {end} days" if end else f"more than {start - 1} days"
        for start, end in zip(starts, ends, strict=True)
    ]


@router.get("/vendor/owed")
def owed_page(request: Request, person: VendorPerson, context: Context) -> Response:
    """Show what is open by age, the statements and what was received."""
    vendor_id, today = vendor_of(person), context.clock().date()
    with unit_of_work(context.database) as session:
        open_debts = debts(session, vendor_id)
        issued = vendor_statements.listing(session, vendor_id=vendor_id, limit=_MOST_STATEMENTS)
        paid = receipts.newest(session, vendor_id, limit=_MOST_RECEIPTS)
    return pages.render(
        request,
        "vendor_owed.html",
        title="What you owe",
        debts=open_debts,
        today=today,
        ages=age_names(),
        statements=issued[::-1],
        receipts=paid,
        most_receipts=_MOST_RECEIPTS,
    )


@router.get("/vendor/statements/{vendor_statement}/invoice.json")
def invoice(person: VendorPerson, context: Context, vendor_statement: str) -> Response:
    """Hand out the data of an invoice, for whoever writes it."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_of(person))
    said: dict[str, Any] = vendor_invoice(document, seller_of(context.settings))
    return JSONResponse(said, headers=_saved_as(f"invoice-data-{document.number}.json"))


@router.get("/vendor/statements/{vendor_statement}.{form}")
def as_file(
    person: VendorPerson,
    context: Context,
    vendor_statement: str,
    form: VendorForm,
    locale: Locale = "",
) -> Response:
    """Hand out a statement as a file to keep: html, pdf, csv or json."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_of(person))
    content = written(document, form, locale=locale or None, fonts=context.settings.fonts)
    media_type = MEDIA_TYPES[form]
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = _saved_as(f"statement-{document.number}.{form}")
    return Response(content, media_type=media_type + charset, headers=headers)


@router.get("/vendor/statements/{vendor_statement}")
def statement_page(
    request: Request,
    person: VendorPerson,
    context: Context,
    vendor_statement: str,
    locale: Locale = "",
) -> Response:
    """Show one statement."""
    with unit_of_work(context.database) as session:
        document = load(session, vendor_statement, vendor_id=vendor_of(person))
    figures = figures_for(locale or None, document.statement.currency)
    return pages.render(
        request,
        "vendor_statement.html",
        title=f"Statement {document.number}",
        document=document,
        section=layout_section(laid_out(document, figures)),
    )


def _saved_as(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-cache",
    }
