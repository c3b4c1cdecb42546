"""Statements as they were issued: creators see their own, operators all."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.negotiation import preferred
from service.api.paging import After, Limit, Page
from service.api.statement_documents import answered, document_for
from service.documents.statement_document import StatementDocument
from service.documents.statement_forms import MEDIA_TYPES, Form, written
from service.documents.statement_json import STATEMENT_SCHEMA
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import reissues, statements
from service.store.database import unit_of_work
from service.store.reissues import DocumentNumber
from service.store.statements import StatementSummary

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class StatementRow(BaseModel):
    """One statement of a list; amounts are decimal strings.

    opening + earned + moved - paid_out = closing = held + holdback + payable + carried_forward.
    ``newest_document`` is its number, or that of the document that was last issued instead of it.
    """

    number: str
    holder_id: int
    holder_name: str
    period: str
    currency: str
    opening_balance: str
    earned: str
    moved: str
    paid_out: str
    closing_balance: str
    held: str
    holdback: str
    payable: str
    carried_forward: str
    newest_document: str


@router.get("/v1/statements", summary="List statements", responses=problems(401, 403))
def list_statements(
    context: Context,
    person: CreatorOrOperator,
    period: Annotated[str, Query(description="YYYY-MM; empty: all.")] = "",
    limit: Limit = 20,
    after: After = "",
) -> Page[StatementRow]:
    """List your statements in order of issue; an operator sees all."""
    month = Period.parse(period) if period else None
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = statements.listing(
            session, holder_id=person.party_id, period=month, after=number, limit=limit + 1
        )
        newest = reissues.newest_of(session, [row.statement_id for row in rows])

    def shown(one: StatementSummary) -> StatementRow:
        return _row(one, DocumentNumber(one.number, newest.get(one.statement_id, 0)))

    return paging.page_of(rows, limit, shown=shown, cursor=lambda row: row.statement_id)


def _row(one: StatementSummary, newest: DocumentNumber) -> StatementRow:
    return StatementRow(
        number=one.number,
        holder_id=one.holder_id,
        holder_name=one.holder_name,
        period=str(one.period),
        currency=one.currency,
        opening_balance=format_nanos(one.opening_nanos),
        earned=format_nanos(one.earned_nanos),
        moved=format_nanos(one.moved_nanos),
        paid_out=format_nanos(one.paid_nanos),
        closing_balance=format_nanos(one.closing_nanos),
        held=format_nanos(one.held_nanos),
        holdback=format_nanos(one.holdback_nanos),
        payable=format_nanos(one.payable_nanos),
        carried_forward=format_nanos(one.carried_nanos),
        newest_document=str(newest),
    )


Locale = Annotated[
    str,
    Query(description="Figures of pages and PDF as this locale writes them, like `de` or `pt-BR`."),
]
_FORMS = ("JSON: see GET /v1/schemas/statement-1.json", "a page", "PDF/UA-1", "RFC 4180", "XLSX")
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "object" if form is Form.JSON else "string"}}
            for form, media_type in MEDIA_TYPES.items()
        },
        "description": "; ".join(_FORMS),
    },
    304: {"description": "The client has it already: see If-None-Match."},
}


@router.get(
    "/v1/statements/{number}.{form}",
    summary="One statement in a form",
    response_class=Response,
    responses=_DOCUMENTED | problems(401, 403, 404),
)
def get_statement_in_form(
    request: Request,
    context: Context,
    person: CreatorOrOperator,
    number: str,
    form: Form,
    locale: Locale = "",
) -> Response:
    """Return a statement as a file: json, html, pdf, csv or xlsx."""
    document = document_for(context, person, number)
    answer = _answer(request, context, document, form, locale)
    answer.headers["Content-Disposition"] = f'attachment; filename="{document.number}.{form}"'
    return answer


@router.get(
    "/v1/statements/{number}",
    summary="One statement",
    response_class=Response,
    responses=_DOCUMENTED | problems(401, 403, 404, 406),
)
def get_statement(
    request: Request,
    context: Context,
    person: CreatorOrOperator,
    number: str,
    locale: Locale = "",
) -> Response:
    """Return a statement as issued, in the form the header Accept asks for; JSON without one."""
    document = document_for(context, person, number)
    wanted = preferred(request.headers.get("accept", ""), [*MEDIA_TYPES.values()])
    form = next(form for form, media_type in MEDIA_TYPES.items() if media_type == wanted)
    answer = _answer(request, context, document, form, locale)
    answer.headers["Vary"] = "Accept"
    return answer


@router.get(
    "/v1/schemas/statement-1.json",
    summary="Schema of a statement as JSON",
    response_class=Response,
    responses={200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}},
)
def get_statement_schema() -> Response:
    """Return the JSON Schema (2020-12) of a statement; members may be added to it, none removed."""
    return Response(STATEMENT_SCHEMA, media_type="application/schema+json")


def _answer(
    request: Request, context: WebContext, document: StatementDocument, form: Form, locale: str
) -> Response:
    """Answer with a form of a statement, or 304 where the client has these bytes already."""
    made = written(document, form, locale=locale or None, fonts=context.settings.fonts)
    return answered(request, made.content, MEDIA_TYPES[form], is_page=form is Form.HTML)
