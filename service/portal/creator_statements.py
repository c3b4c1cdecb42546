"""A creator's statements: the list, the page, and the same as CSV, JSON and a file to keep."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.documents.statement_csv import statement_csv
from service.documents.statement_document import StatementDocument
from service.documents.statement_html import statement_html, statement_section
from service.documents.statement_json import statement_json
from service.portal import pages
from service.store import statements
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.statements import StatementNotFound

router = APIRouter()


def document_for(context: WebContext, person: Person, number: str) -> StatementDocument:
    """Return a creator's own statement; raise StatementNotFound for anybody else's."""
    with unit_of_work(context.database) as session:
        issued = statements.get(session, number)
    if issued.statement.holder_id != person.party_id:
        raise StatementNotFound(number)
    return StatementDocument(
        issued.number,
        issued.holder_name,
        issued.issued_at,
        issued.statement,
        issued.work_titles,
        issued.vendor_names,
    )


def _saved_as(document: StatementDocument, ending: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="statement-{document.number}.{ending}"',
        "Cache-Control": "private, no-cache",
    }


@router.get("/statements")
def statements_page(request: Request, person: Creator, context: Context) -> Response:
    """List the creator's statements, newest first."""
    with unit_of_work(context.database) as session:
        issued = statements.listing(session, holder_id=person.party_id)
    return pages.render(request, "statements.html", title="Statements", statements=issued[::-1])


@router.get("/statements/{number}.csv")
def as_csv(person: Creator, context: Context, number: str) -> Response:
    """Hand out a statement for a spreadsheet."""
    document = document_for(context, person, number)
    return Response(
        statement_csv(document),
        media_type="text/csv; charset=utf-8",
        headers=_saved_as(document, "csv"),
    )


@router.get("/statements/{number}.json")
def as_json(person: Creator, context: Context, number: str) -> Response:
    """Hand out a statement for a program."""
    document = document_for(context, person, number)
    return JSONResponse(statement_json(document), headers=_saved_as(document, "json"))


@router.get("/statements/{number}.html")
def as_file(person: Creator, context: Context, number: str) -> Response:
    """Hand out a statement as one file that needs nothing else."""
    document = document_for(context, person, number)
    return Response(
        statement_html(document),
        media_type="text/html; charset=utf-8",
        headers=_saved_as(document, "html"),
    )


@router.get("/statements/{number}")
def statement_page(request: Request, person: Creator, context: Context, number: str) -> Response:
    """Show one statement."""
    document = document_for(context, person, number)
    return pages.render(
        request,
        "statement.html",
        title=f"Statement {document.number}",
        document=document,
        section=statement_section(document),
    )
