"""Statements of vendors as documents for whoever asks: vendors get their own, operators all."""

from dataclasses import replace

from sqlmodel import Session

from service.documents.invoice import InvoiceParty
from service.documents.vendor_statement_json import VendorDocument
from service.settings import Settings
from service.store import mode, vendor_statements
from service.store.vendor_statements import IssuedVendorStatement, VendorStatementNotFound


def load(session: Session, number: str, *, vendor_id: int | None) -> VendorDocument:
    """Return a document, on request of one vendor; raise VendorStatementNotFound.

    None and others' are refused alike.
    """
    issued = vendor_statements.get(session, number)
    if vendor_id not in {None, issued.issue.vendor_id}:
        raise VendorStatementNotFound(number)
    is_test = mode.of_database(session) is mode.Mode.TEST
    return replace(document_of(issued), is_test=is_test)


def seller_of(settings: Settings) -> InvoiceParty:
    """Return who bills vendors: whoever pays holders."""
    address = tuple(one.strip() for one in settings.payer_address.split(";") if one.strip())
    return InvoiceParty(
        settings.payer_name, settings.payer_country, address, settings.payer_tax_number
    )


def document_of(issued: IssuedVendorStatement) -> VendorDocument:
    """Return an issued statement as a document."""
    issue = issued.issue
    return VendorDocument(
        issue.number,
        issued.vendor_name,
        issue.due_on,
        issue.issued_at,
        issued.statement,
        issue.digest,
    )
