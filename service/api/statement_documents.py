"""Statements as documents for whoever asks: creators get their own, operators all."""

from dataclasses import replace

from fastapi import Request, Response
from sqlmodel import Session

from service.api.doors import WebContext
from service.api.negotiation import etag_of, has_already
from service.documents.statement_document import LineChange, Replacement, StatementDocument
from service.documents.statement_html import STYLE_SOURCE
from service.documents.statement_reasons import change_reasons
from service.documents.vendor_statement_json import TEST
from service.ledger.period import Period
from service.ledger.statement import LineKind
from service.store import adjustment_reasons, mode, parties, printed_names, reissues, statements
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.printed_names import HOLDER, VENDOR, WORK, Subject
from service.store.reissues import DocumentNumber
from service.store.statements import IssuedStatement, StatementNotFound


def document_for(context: WebContext, person: Person, number: str) -> StatementDocument:
    """Return a document the person may see; raise StatementNotFound for none and others' alike."""
    with unit_of_work(context.database) as session:
        document = load(session, number)
    if person.party_id is not None and document.statement.holder_id != person.party_id:
        raise StatementNotFound(number)
    return document


def load(session: Session, number: str) -> StatementDocument:
    """Return a document by its number, as it was issued; raise StatementNotFound.

    The number of a statement is that of its first document; ``-R1`` follows for the next.
    """
    wanted = DocumentNumber.parse(number)
    issued = statements.get(session, wanted.statement)
    document = _named(session, issued, wanted.revision)
    if mode.of_database(session) is mode.Mode.TEST:
        document = replace(document, holder_name=f"{document.holder_name} ({TEST})")
    if not wanted.revision:
        return document
    reissue = reissues.get(session, issued.statement_id, wanted)
    replaced = Replacement(str(reissue.replaces), reissue.reason, issued.issued_at)
    return replace(
        document, number=str(wanted), issued_at=reissue.reissued_at, replacement=replaced
    )


def newest_number(session: Session, number: str) -> str:
    """Return the number of the newest document of the statement that a document is of."""
    statement = DocumentNumber.parse(number).statement
    of = statements.get(session, statement).statement_id
    return str(DocumentNumber(statement, reissues.newest_of(session, [of]).get(of, 0)))


def _named(session: Session, issued: IssuedStatement, revision: int) -> StatementDocument:
    """Make a document with the names that were printed; one never kept is as it is now."""
    names = printed_names.printed(session, issued.statement_id, revision=revision)
    vendors = parties.vendor_ids(session)
    titles = {
        work_id: names.get(Subject(WORK, work_id), title)
        for work_id, title in issued.work_titles.items()
    }
    vendor_names = {
        slug: names.get(Subject(VENDOR, vendors[slug]), name)
        for slug, name in issued.vendor_names.items()
    }
    holder = Subject(HOLDER, issued.statement.holder_id)
    return replace(
        document_of(issued),
        holder_name=names.get(holder, issued.holder_name),
        work_titles=titles,
        vendor_names=vendor_names,
        changes=_changes(session, issued),
    )


def _changes(session: Session, issued: IssuedStatement) -> dict[tuple[int, Period], LineChange]:
    """Return what adjusted lines were before and why they are not; nothing is asked without any."""
    adjusted = [line for line in issued.statement.lines if line.kind is LineKind.ADJUSTMENT]
    if not adjusted:
        return {}
    stored = adjustment_reasons.of_statement(session, issued.statement_id)
    found = {}
    for line in adjusted:
        change = stored[line.line_id, line.month]
        causes = ((one.cause, one.sales, one.reasons) for one in change.causes)
        reasons = change_reasons(line, causes)
        found[line.line_id, line.month] = LineChange(change.before_nanos, reasons)
    return found


def answered(request: Request, content: bytes, media_type: str, *, is_page: bool) -> Response:
    """Answer with a form of a statement, or 304 where the client has these bytes already."""
    etag = etag_of(content)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if has_already(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if is_page:
        headers["Content-Security-Policy"] = f"default-src 'none'; style-src {STYLE_SOURCE}"
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Response(content, media_type=media_type + charset, headers=headers)


def document_of(issued: IssuedStatement) -> StatementDocument:
    """Return an issued statement as a document with the names of now."""
    return StatementDocument(
        number=issued.number,
        holder_name=issued.holder_name,
        issued_at=issued.issued_at,
        statement=issued.statement,
        work_titles=issued.work_titles,
        vendor_names=issued.vendor_names,
    )
