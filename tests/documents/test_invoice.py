"""Self-billing invoices: Factur-X, profile BASIC, in a PDF that people read."""

import io
from dataclasses import replace
from datetime import date

import pytest
from facturx import get_facturx_xml_from_pdf, get_level, xml_check_xsd
from lxml import etree
from pypdf import PdfReader

from service.documents.invoice import Invoice, InvoiceInvalid, InvoiceParty, factur_x
from service.documents.invoice_pdf import invoice_pdf

ADA = InvoiceParty("Ada \u00c4rger", "DE", ("1 Harbour Road", "20457 Hamburg"), "DE 12/345")
US = InvoiceParty("Wellspring", "IE", ("Quay 1", "Dublin"))
NOTES = ("Self-billing.", "Tax withheld: 11.02 USD (rule jp, 204200 ppm).")
ONE = Invoice(
    *("2026-P7-0001", date(2026, 2, 11), ADA, US, "USD", 53_999_595_256),
    *("2026-01-H7-USD", "WS-PAYOUT-1", NOTES),
)


def texts(xml, tag):
    return [node.text for node in etree.fromstring(xml).iter(f"{{*}}{tag}") if node.text]


def test_it_passes_the_check_of_its_profile():
    made = factur_x(ONE)
    assert xml_check_xsd(made, flavor="factur-x", level="basic")
    assert get_level(etree.fromstring(made)) == "basic"
    with pytest.raises(Exception, match="Expected is one of"):
        xml_check_xsd(made.replace(b"SellerTradeParty", b"Seller"), "factur-x", "basic")


def test_it_says_who_bills_whom_for_what():
    made = factur_x(ONE)
    assert texts(made, "TypeCode")[0] == "389"
    assert texts(made, "Name") == [
        "Royalties, statement 2026-01-H7-USD",
        "Ada \u00c4rger",
        "Wellspring",
    ]
    assert texts(made, "DateTimeString") == ["20260211"]
    totals = ("ChargeAmount", "LineTotalAmount", "GrandTotalAmount", "DuePayableAmount")
    assert {text for tag in totals for text in texts(made, tag)} == {"53.99"}  # cut to the cent
    assert texts(made, "Content") == list(NOTES)
    assert texts(made, "PaymentReference") == ["WS-PAYOUT-1"]


def test_a_credit_note_names_the_invoice_it_takes_back():
    note = replace(ONE, number="2026-P7-0002", credits=("2026-P7-0001", date(2026, 2, 11)))
    made = factur_x(note)
    assert xml_check_xsd(made, flavor="factur-x", level="basic")
    assert texts(made, "TypeCode")[0] == "261"
    assert texts(made, "IssuerAssignedID") == ["2026-P7-0001"]
    assert texts(made, "DateTimeString") == ["20260211", "20260211"]
    assert texts(made, "DuePayableAmount") == ["53.99"]
    pages = PdfReader(io.BytesIO(invoice_pdf(note))).pages
    assert "Self-billing credit note 2026-P7-0002" in (read := pages[0].extract_text())
    assert "2026-P7-0001 of 2026-02-11" in read


def test_what_is_no_invoice_is_not_issued():
    nowhere = Invoice(
        *("", date(2026, 2, 11), ADA, InvoiceParty("Wellspring", "not a country"), "USD", 10**9),
        *("s", "p"),
    )
    with pytest.raises(InvoiceInvalid, match="have a name and a country"):
        factur_x(nowhere)


def test_the_pdf_carries_the_xml_and_tells_the_same():
    made = invoice_pdf(ONE)
    name, xml = get_facturx_xml_from_pdf(made)
    assert (name, xml) == ("factur-x.xml", factur_x(ONE))
    read = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    for told in ("2026-P7-0001", "Ada \u00c4rger", "20457 Hamburg", "53.99 USD", NOTES[1]):
        assert told in read
