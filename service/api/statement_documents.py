"""Statements as documents for whoever asks: creators get their own, operators all."""

from service.api.doors import WebContext
from service.documents.statement_document import StatementDocument
from service.store import statements
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.statements import IssuedStatement, StatementNotFound


def document_for(context: WebContext, person: Person, number: str) -> StatementDocument:
    """Return a statement the person may see; raise StatementNotFound for none and others' alike."""
    with unit_of_work(context.database) as session:
        issued = statements.get(session, number)
    if person.party_id is not None and issued.statement.holder_id != person.party_id:
        raise StatementNotFound(number)
    return document_of(issued)


def document_of(issued: IssuedStatement) -> StatementDocument:
    """Return an issued statement as the document every form is made from."""
    return StatementDocument(
        number=issued.number,
        holder_name=issued.holder_name,
        issued_at=issued.issued_at,
        statement=issued.statement,
        work_titles=issued.work_titles,
        vendor_names=issued.vendor_names,
    )
