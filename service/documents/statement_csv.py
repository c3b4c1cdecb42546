"""A statement for a spreadsheet: one table whose last column can be summed, safe to open."""

import csv
import io

from service.documents.statement_document import StatementDocument, payout_note, percent_of
from service.ledger.money import format_nanos
from service.ledger.statement import StatementLine

_HEADER = (
    "statement",
    "period",
    "currency",
    "row",
    "work_id",
    "work",
    "vendor",
    "tier",
    "month",
    "sales",
    "output_tokens",
    "credited",
    "share_percent",
    "amount",
    "note",
)
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for a formula, with the full-width forms (OWASP, *CSV Injection*)."""


def statement_csv(document: StatementDocument) -> str:
    """Return the statement as RFC 4180 CSV with a header, CRLF line ends and ISO currency codes.

    Rows in order: opening, earned and adjustment lines, payouts, closing, then held, payable and
    carried forward, which divide the closing balance. Text from people that a spreadsheet would run
    as a formula is led by an apostrophe; amounts are plain numbers and may begin with a minus.
    """
    statement = document.statement
    closing = statement.closing
    rows = [_balance(document, "opening", statement.opening_nanos)]
    rows += [_line(document, line) for line in statement.lines]
    rows += [
        _balance(document, f"payout {move.state}", move.nanos, payout_note(move))
        for move in statement.payouts
    ]
    rows += [
        _balance(document, "closing", statement.closing_nanos),
        _balance(document, "held", closing.held_nanos, document.held_reason),
        _balance(document, "payable", closing.payable_nanos),
        _balance(document, "carried forward", closing.carried_nanos, document.carried_reason),
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADER)
    writer.writerows(rows)
    return out.getvalue()


def guarded(text: str) -> str:
    """Return text that no spreadsheet runs: an apostrophe leads what would be a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _start(document: StatementDocument) -> list[str]:
    statement = document.statement
    return [guarded(document.number), str(statement.period), statement.currency]


def _balance(document: StatementDocument, name: str, nanos: int, note: str = "") -> list[str]:
    return [*_start(document), name, *[""] * 9, format_nanos(nanos), note]


def _line(document: StatementDocument, line: StatementLine) -> list[str]:
    return [
        *_start(document),
        str(line.kind),
        str(line.work_id),
        guarded(document.work_titles[line.work_id]),
        guarded(document.vendor_names[line.vendor]),
        str(line.tier),
        str(line.month),
        str(line.sales_count),
        str(line.output_tokens),
        format_nanos(line.credited_nanos),
        percent_of(line.share_ppm),
        format_nanos(line.nanos),
        "",
    ]
