"""What an invoice to a vendor says, as data for whoever writes it: EN 16931's terms in JSON."""

from service.documents.invoice import InvoiceParty
from service.documents.vendor_statement_json import VendorDocument
from service.ledger.money import floor_to_minor, format_nanos
from service.ledger.vendor_statement import LineKind, VendorLine

TAX_NOTE = (
    "No VAT is computed here: whether and where this is taxed depends on both parties; "
    "ask who does your taxes."
)


def vendor_invoice(document: VendorDocument, seller: InvoiceParty) -> dict[str, object]:
    """Return the data of an invoice over what a statement charges, less what it corrects.

    Amounts are exact; ``total`` is floored to the minor unit, in the vendor's favour, and what is
    below it stays owed. A total below zero is that of a credit note.
    """
    said = document.statement
    exact = said.charged_nanos + said.corrected_nanos
    total = floor_to_minor(exact, said.currency)
    mode: dict[str, object] = {"mode": "test"} if document.is_test else {}
    return mode | {
        "number": f"INV-{document.number}",
        "kind": "invoice" if total >= 0 else "credit-note",
        "issued_on": document.issued_at.date().isoformat(),
        "due_on": document.due_on.isoformat(),
        "period": {
            "from": said.period.first_day.isoformat(),
            "before": said.period.end.date().isoformat(),
        },
        "seller": {
            "name": seller.name,
            "country": seller.country,
            "address": list(seller.address),
            "tax_number": seller.tax_number,
        },
        "buyer": {"name": document.vendor_name, "vendor": said.vendor},
        "currency": said.currency,
        "lines": [_line(one) for one in said.lines if one.due_nanos],
        "exact_total": format_nanos(exact),
        "total": format_nanos(total),
        "tax_note": TAX_NOTE,
        "statement": document.number,
        "payment_reference": document.number,
    }


def _line(one: VendorLine) -> dict[str, object]:
    of_sales = one.kind is LineKind.SALES
    what = f"{one.count} sales" if of_sales else f"{one.count} corrections, {one.cause}"
    return {
        "description": f"IP pool and platform charges, {one.tier}, {one.month}: {what}",
        "month": str(one.month),
        "tier": str(one.tier),
        "amount": format_nanos(one.due_nanos),
    }
