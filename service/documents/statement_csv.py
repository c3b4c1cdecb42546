"""A statement for a spreadsheet: one table whose last column can be summed, safe to open."""

import csv
import io

from service.documents.statement_document import StatementDocument
from service.documents.statement_rows import HEADER, Cell, Exact, Words, statement_rows

_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for a formula, with the full-width forms (OWASP, *CSV Injection*)."""


def statement_csv(document: StatementDocument) -> str:
    """Return the statement as RFC 4180 CSV with a header, CRLF line ends and ISO currency codes.

    Text from people that a spreadsheet would run as a formula is led by an apostrophe; amounts are
    plain numbers and may begin with a minus.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows([_written(cell) for cell in row] for row in statement_rows(document))
    return out.getvalue()


def guarded(text: str) -> str:
    """Return text that no spreadsheet runs: an apostrophe leads what would be a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _written(cell: Cell) -> str:
    match cell:
        case Words(text):
            return guarded(text)
        case Exact(digits):
            return digits
        case _:
            return str(cell)
