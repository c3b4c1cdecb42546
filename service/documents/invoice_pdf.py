"""A self-billing invoice as PDF/A-3 with its Factur-X XML inside."""

import json
from datetime import UTC, datetime, time
from pathlib import Path

import typst
from facturx import generate_from_binary

from service.documents.invoice import Invoice, InvoiceInvalid, InvoiceParty, factur_x

_TEMPLATE = Path(__file__).with_name("templates") / "invoice.typ"


def invoice_pdf(one: Invoice) -> bytes:
    """Return the invoice to read, with the XML that machines read embedded.

    Raises InvoiceInvalid.
    """
    xml = factur_x(one)
    said = {
        "title": one.title,
        "seller": _lines(one.seller),
        "buyer": _lines(one.buyer),
        "rows": [
            ["Date of issue", one.issued_on.isoformat()],
            *([["Credits invoice", "{} of {}".format(*one.credits)]] if one.credits else []),
            ["Royalties of statement", one.statement],
            ["Payment reference", one.payment_reference],
            ["VAT", "0.00, not subject to VAT"],
            ["Total", f"{one.total} {one.currency}"],
        ],
        "notes": list(one.notes),
    }
    try:
        page = typst.compile(
            str(_TEMPLATE),
            root=str(_TEMPLATE.parent),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"invoice": json.dumps(said, ensure_ascii=False)},
            pdf_standards=["a-3b"],
            timestamp=datetime.combine(one.issued_on, time(), UTC),
        )
    except typst.TypstError as error:
        raise InvoiceInvalid(one.number, error.message) from None
    assert isinstance(page, bytes)
    return bytes(generate_from_binary(page, xml, flavor="factur-x", level="basic", lang="en"))


def _lines(party: InvoiceParty) -> list[str]:
    return [part for part in (party.name, *party.address, party.country, party.tax_number) if part]
