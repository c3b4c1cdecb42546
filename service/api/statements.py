"""Statements as they were issued: creators see their own, operators all."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.documents.statement_csv import statement_csv
from service.documents.statement_document import StatementDocument
from service.documents.statement_json import statement_json
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import statements
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.statements import StatementNotFound, StatementSummary

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class StatementRow(BaseModel):
    """One statement of a list; amounts are decimal strings."""

    number: str
    holder_id: int
    holder_name: str
    period: str
    currency: str
    opening_balance: str
    earned: str
    paid_out: str
    closing_balance: str
    held: str
    payable: str
    carried_forward: str


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
    return paging.page_of(rows, limit, shown=_row, cursor=lambda row: row.statement_id)


def _row(one: StatementSummary) -> StatementRow:
    return StatementRow(
        number=one.number,
        holder_id=one.holder_id,
        holder_name=one.holder_name,
        period=str(one.period),
        currency=one.currency,
        opening_balance=format_nanos(one.opening_nanos),
        earned=format_nanos(one.earned_nanos),
        paid_out=format_nanos(one.paid_nanos),
        closing_balance=format_nanos(one.closing_nanos),
        held=format_nanos(one.held_nanos),
        payable=format_nanos(one.payable_nanos),
        carried_forward=format_nanos(one.carried_nanos),
    )


def _document(context: Context, person: Person, number: str) -> StatementDocument:
    """Return a statement the person may see; raise StatementNotFound for none and others' alike."""
    with unit_of_work(context.database) as session:
        issued = statements.get(session, number)
    if person.party_id is not None and issued.statement.holder_id != person.party_id:
        raise StatementNotFound(number)
    return StatementDocument(
        number=issued.number,
        holder_name=issued.holder_name,
        issued_at=issued.issued_at,
        statement=issued.statement,
        work_titles=issued.work_titles,
        vendor_names=issued.vendor_names,
    )


_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "RFC 4180"}
}


@router.get(
    "/v1/statements/{number}.csv",
    summary="One statement as CSV",
    response_class=Response,
    responses=_CSV | problems(401, 403, 404),
)
def get_statement_csv(context: Context, person: CreatorOrOperator, number: str) -> Response:
    """Return a statement as a table for spreadsheets."""
    document = _document(context, person, number)
    disposition = f'attachment; filename="{document.number}.csv"'
    return Response(
        statement_csv(document),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


@router.get("/v1/statements/{number}", summary="One statement", responses=problems(401, 403, 404))
def get_statement(context: Context, person: CreatorOrOperator, number: str) -> JSONResponse:
    """Return a statement as issued, with its lines; amounts are decimal strings."""
    return JSONResponse(statement_json(_document(context, person, number)))
