"""A creator's statements: the list, the page, and the same as files to keep."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.api.statement_documents import document_for, newest_number
from service.documents.figures import figures_for
from service.documents.statement_forms import MEDIA_TYPES, Form, written
from service.documents.statement_html import statement_section
from service.ledger.line_dispute import last_day
from service.portal import pages
from service.store import statements
from service.store.database import unit_of_work
from service.store.reissues import DocumentNumber
from service.store.statements import StatementNotFound

router = APIRouter()


@router.get("/statements")
def statements_page(request: Request, person: Creator, context: Context) -> Response:
    """List the creator's statements, newest first."""
    with unit_of_work(context.database) as session:
        issued = statements.listing(session, holder_id=person.party_id)
    return pages.render(request, "statements.html", title="Statements", statements=issued[::-1])


@router.get("/statements/{number}/proof.json")
def proof(person: Creator, context: Context, number: str) -> Response:
    """Hand out the file that proves the statement of a sealed month."""
    statement = DocumentNumber.parse(number).statement
    document_for(context, person, statement)
    content = None
    if context.proofs is not None:
        with unit_of_work(context.database) as session:
            content = context.proofs.of_statement(session, statement)
    if content is None:
        raise StatementNotFound(f"{number}/proof.json")
    headers = {
        "Content-Disposition": f'attachment; filename="{statement}.proof.json"',
        "Cache-Control": "private, no-cache",
    }
    return Response(content, media_type="application/json", headers=headers)


@router.get("/statements/{number}.{form}")
def as_file(
    person: Creator, context: Context, number: str, form: Form, locale: str = ""
) -> Response:
    """Hand out a statement as a file to keep: html, pdf, csv, xlsx or json."""
    document = document_for(context, person, number)
    made = written(document, form, locale=locale or None, fonts=context.settings.fonts)
    media_type = MEDIA_TYPES[form]
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = {
        "Content-Disposition": f'attachment; filename="statement-{document.number}.{form}"',
        "Cache-Control": "private, no-cache",
    }
    return Response(made.content, media_type=media_type + charset, headers=headers)


@router.get("/statements/{number}")
def statement_page(
    request: Request, person: Creator, context: Context, number: str, locale: str = ""
) -> Response:
    """Show one statement."""
    document = document_for(context, person, number)
    with unit_of_work(context.database) as session:
        newest = newest_number(session, number)
    return pages.render(
        request,
        "statement.html",
        title=f"Statement {document.number}",
        document=document,
        newest=newest,
        last_day=last_day(document.issued_at),
        section=statement_section(
            document, figures_for(locale or None, document.statement.currency)
        ),
    )
