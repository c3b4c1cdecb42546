"""A statement as XLSX and CSV: the same rows, the same totals, nothing that is run."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stated import EARNED, LATE, a_document

from service.documents.statement_csv import statement_csv
from service.documents.statement_json import statement_json
from service.documents.statement_xlsx import as_double, statement_xlsx
from service.ledger.money import format_nanos
from service.ledger.statement import Closing


def the_lines(document) -> list[dict]:
    """Open a workbook and read its sheet of lines, a dict a row."""
    sheet = openpyxl.load_workbook(io.BytesIO(statement_xlsx(document)))["Lines"]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def exact(cell: object) -> Decimal:
    """Return a cell as the decimal it shows, whether kept as number or as text."""
    return Decimal(cell if isinstance(cell, str) else repr(cell))


HUGE = a_document(
    opening=9_007_199_254_740_993_123,
    closing=Closing(0, 0, 9_007_199_254_740_993_123 + 7_289_999_999),
)


@pytest.mark.parametrize("document", [a_document(), HUGE], ids=["usual", "of 19 digits"])
def test_csv_and_xlsx_hold_the_same_rows_and_totals(document):
    from_csv = list(csv.DictReader(io.StringIO(statement_csv(document))))
    from_xlsx = the_lines(document)
    assert [row["row"] for row in from_xlsx] == [row["row"] for row in from_csv]
    for ours, theirs in zip(from_xlsx, from_csv, strict=True):
        assert exact(ours["amount"]) == Decimal(theirs["amount"])
        assert (ours["note"] or "") == theirs["note"]
        assert str(ours["work_id"] or "") == theirs["work_id"]
    closing = [row["row"] for row in from_csv].index("closing")
    total = sum(exact(row["amount"]) for row in from_xlsx[:closing])
    assert total == Decimal(statement_json(document)["closing_balance"])
    assert total == exact(from_xlsx[closing]["amount"])


def test_numbers_are_numbers_where_a_spreadsheet_keeps_every_digit_and_text_where_not():
    (opening, earned, late, closing, *_) = the_lines(HUGE)
    assert opening["amount"] == "9007199254.740993123"
    assert closing["amount"] == "9007199262.030993122"
    assert (earned["amount"], earned["credited"], earned["share_percent"]) == (7.29, 12.15, 60)
    assert (earned["sales"], earned["output_tokens"]) == (2, 1_500_000)
    assert (late["amount"], late["share_percent"]) == (-1e-09, 33.3333)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_double_is_taken_only_where_it_shows_the_exact_amount(nanos):
    digits = format_nanos(nanos)
    double = as_double(digits)
    significant = len(str(abs(nanos)).rstrip("0"))
    assert (double is None) == (significant > 15)
    if double is not None:
        assert Decimal(repr(double)) == Decimal(digits)
        assert float(f"{double:.16G}") == double  # as the file has it


@pytest.mark.parametrize(
    "title", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "{=1}", "http://x", "=1\u200b"]
)
def test_no_cell_is_a_formula_or_a_link_whatever_a_title_says(title):
    document = a_document(title=title)
    book = openpyxl.load_workbook(io.BytesIO(statement_xlsx(document)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert [cell.hyperlink for cell in cells if cell.hyperlink] == []
    (found,) = (cell for cell in cells if cell.value == title)
    assert found.quotePrefix, "editing the cell runs nothing either"


def test_the_summary_says_state_and_reason_of_each_amount():
    book = openpyxl.load_workbook(io.BytesIO(statement_xlsx(a_document())))
    rows = list(book["Statement"].iter_rows(values_only=True))
    assert ("Earned in 2026-01", 7.29, "USD", "settled") in [row[:4] for row in rows]
    reason = "Not yet backed by the vendor's receipts: payable once the vendor has paid."
    assert ("Held", 2, "USD", "held", reason) in rows
    assert book.properties.title == "Statement 2026-01-H7-USD"


def test_the_same_statement_gives_the_same_bytes():
    assert statement_xlsx(a_document()) == statement_xlsx(a_document())
    assert statement_xlsx(a_document()) != statement_xlsx(a_document(lines=(LATE, EARNED)))
