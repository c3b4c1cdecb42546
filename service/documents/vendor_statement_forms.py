"""The forms a vendor's statement is handed out in."""

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from service.documents.figures import figures_for
from service.documents.statement_csv import guarded
from service.documents.statement_html import layout_html
from service.documents.vendor_statement_json import TEST, VendorDocument, vendor_statement_json
from service.documents.vendor_statement_layout import laid_out
from service.ledger.money import format_nanos

HEADER = (
    *("statement", "period", "currency", "row", "month", "tier", "cause", "count"),
    *("output_tokens", "gross", "works", "platform_fee", "unmatched", "chain", "kept"),
    *("amount", "note"),
)


class VendorForm(StrEnum):
    """A form, named as files of it end."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"


MEDIA_TYPES = {
    VendorForm.JSON: "application/json",
    VendorForm.HTML: "text/html",
    VendorForm.PDF: "application/pdf",
    VendorForm.CSV: "text/csv",
}


def written(
    document: VendorDocument, form: VendorForm, *, locale: str | None, fonts: Path | None
) -> bytes:
    """Write a statement in a form; a locale counts for pages and PDF.

    Raises BadLocale, BadFonts, PdfRefused.
    """
    figures = figures_for(locale, document.statement.currency)
    match form:
        case VendorForm.JSON:
            said = vendor_statement_json(document)
            return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        case VendorForm.CSV:
            return vendor_statement_csv(document).encode()
        case VendorForm.HTML:
            return layout_html(laid_out(document, figures)).encode()
        case VendorForm.PDF:
            from service.documents.statement_pdf import printer_with

            return printer_with(fonts).print_layout(laid_out(document, figures)).content


def vendor_statement_csv(document: VendorDocument) -> str:
    """Return one table whose last amounts add up to the closing balance, RFC 4180, safe to open.

    Rows: opening, each line of sales and corrections with its due amount, each move. Chain parties
    are in the column of all of them. Each note of a test book says that it is one.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    said = document.statement
    lead = (document.number, str(said.period), said.currency)
    for *row, note in _rows(document):
        said_of_test = f"{TEST} {note}".strip() if document.is_test else note
        writer.writerow((*lead, *row, said_of_test))
    return out.getvalue()


def _rows(document: VendorDocument) -> Iterator[tuple[str, ...]]:
    said = document.statement
    yield ("opening", *[""] * 11, format_nanos(said.opening_nanos), "")
    for line in said.lines:
        parts = line.division
        yield (
            *(str(line.kind), str(line.month), str(line.tier), line.cause, str(line.count)),
            str(line.output_tokens),
            *(
                format_nanos(nanos)
                for nanos in (
                    parts.gross_nanos,
                    parts.works_nanos,
                    parts.fee_nanos,
                    parts.unmatched_nanos,
                    parts.chain_nanos,
                    parts.kept_nanos,
                    line.due_nanos,
                )
            ),
            "",
        )
    for move in said.moves:
        note = guarded(f"{move.source_id} {move.reference}".strip())
        yield (str(move.kind), *[""] * 11, format_nanos(move.nanos), note)
