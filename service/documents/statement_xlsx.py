"""A statement as a workbook (XLSX): the table of the CSV, and a sheet to read.

A spreadsheet calculates in doubles and keeps 15 significant digits. A number that has more is
written as text, so that what is read is what is stored; all others are numbers.
"""

import io
from decimal import Decimal
from typing import Any

import xlsxwriter

from service.documents.figures import PlainFigures
from service.documents.statement_document import StatementDocument
from service.documents.statement_layout import Fact, Layout, laid_out
from service.documents.statement_rows import HEADER, Cell, Exact, Words, statement_rows

_SIGNIFICANT_DIGITS = 15
_WIDTHS = {"statement": 20, "work": 36, "vendor": 20, "credited": 18, "amount": 18, "note": 60}
_AMOUNT = "#,##0.00#######"
_COUNT = "#,##0"
_PERCENT = "0.####"
_PLAIN = PlainFigures()


def statement_xlsx(document: StatementDocument) -> bytes:
    """Return the workbook; the same bytes for the same statement.

    Text is written as text and marked as quoted, so that no cell is run as a formula, not even when
    it is edited.
    """
    out = io.BytesIO()
    layout = laid_out(document, _PLAIN)
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties(
            {
                "title": f"Statement {document.number}",
                "created": document.issued_at.replace(tzinfo=None),
            }
        )
        sheets = _Formats(book)
        _write_summary(book.add_worksheet("Statement"), layout, sheets)
        _write_lines(book.add_worksheet("Lines"), document, sheets)
    return out.getvalue()


def as_double(digits: str) -> float | None:
    """Return a decimal as the double a workbook keeps it in, None where that loses a digit."""
    exact = Decimal(digits)
    if len(exact.normalize().as_tuple().digits) > _SIGNIFICANT_DIGITS:
        return None
    double = float(exact)
    return double if float(f"{double:.16G}") == double else None


class _Formats:
    """How cells look; text is quoted."""

    def __init__(self, book: Any) -> None:
        self.text = book.add_format({"num_format": "@", "quote_prefix": True})
        self.long = book.add_format({"num_format": "@", "quote_prefix": True, "align": "right"})
        self.strong = book.add_format({"bold": True})
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.amount = book.add_format({"num_format": _AMOUNT})
        self.count = book.add_format({"num_format": _COUNT})
        self.percent = book.add_format({"num_format": _PERCENT})


def _write_lines(sheet: Any, document: StatementDocument, formats: _Formats) -> None:
    for column, name in enumerate(HEADER):
        sheet.set_column(column, column, _WIDTHS.get(name, 13))
        sheet.write_string(0, column, name, formats.head)
    last = 0
    for last, row in enumerate(statement_rows(document), start=1):
        for column, cell in enumerate(row):
            if cell not in {"", Words("")}:
                _write(sheet, (last, column), cell, formats)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(HEADER) - 1)


def _write(sheet: Any, at: tuple[int, int], cell: Cell, formats: _Formats) -> None:
    match cell:
        case Words(text):
            sheet.write_string(*at, text, formats.text)
        case Exact(digits):
            is_share = HEADER[at[1]] == "share_percent"
            shown = formats.percent if is_share else formats.amount
            _write_number(sheet, at, digits, shown, formats)
        case int():
            named = HEADER[at[1]] == "work_id"
            shown = None if named else formats.count
            _write_number(sheet, at, str(cell), shown, formats)
        case str():
            sheet.write_string(*at, cell)


def _write_number(
    sheet: Any, at: tuple[int, int], digits: str, shown: Any, formats: _Formats
) -> None:
    double = as_double(digits)
    if double is None:
        sheet.write_string(*at, digits, formats.long)
    else:
        sheet.write_number(*at, double, shown)


def _write_summary(sheet: Any, layout: Layout, formats: _Formats) -> None:
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 3, 12)
    sheet.set_column(4, 4, 80)
    sheet.write_string(0, 0, f"Statement {layout.number}", formats.strong)
    row = 1
    for term, said in (*layout.head, ("Issued", f"{layout.issued_at:%Y-%m-%d %H:%M} UTC")):
        sheet.write_string(row, 0, term)
        sheet.write_string(row, 1, said, formats.text)
        row += 1
    for section in layout.sections:
        if section.facts:
            sheet.write_string(row + 1, 0, section.heading, formats.strong)
            row += 2
        for fact in section.facts:
            _write_fact(sheet, row, fact, layout.currency, formats)
            row += 1


def _write_fact(sheet: Any, row: int, fact: Fact, currency: str, formats: _Formats) -> None:
    sheet.write_string(row, 0, fact.term, formats.strong if fact.is_total else None)
    _write_number(sheet, (row, 1), fact.amount, formats.amount, formats)
    sheet.write_string(row, 2, currency)
    sheet.write_string(row, 3, fact.label)
    sheet.write_string(row, 4, fact.reason)
