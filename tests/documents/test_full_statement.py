"""A statement of everything there can be: each amount stands in each form, and they add up."""

import csv
import html as entities
import io
import json
import re
from decimal import Decimal

import openpyxl
import pypdf
import pytest
from stated import a_document, a_full_one
from test_statement_schema import STRICT

from service.documents.statement_csv import statement_csv
from service.documents.statement_html import statement_html
from service.documents.statement_json import statement_json
from service.documents.statement_pdf import StatementPrinter
from service.documents.statement_xlsx import statement_xlsx
from service.ledger.statement import Closing

FULL = a_full_one()
SAID = [
    "Opening balance 12.00 USD",
    "Earned in 2026-01 settled 7.29 USD",
    "Adjustments to earlier months settled -0.000000001 USD",
    "Advance settled Advance 3 of Acme, 2026-01-09. 20.00 USD",
    "Recouped from earnings settled Advance 3 of Acme, 2026-01-09. -5.00 USD",
    "Made up to the guarantee settled Advance 2 of Borealis, 2026-01-09. 0.70 USD",
    "Paid out paid Paid out of statement 2025-12-H7-USD on 2026-01-05. -10.00 USD",
    "Closing balance 24.989999999 USD",
    "Of it from derived works, USD Of it from the pool, USD Passed upstream, USD Your share",
    "12.15 2.15 0.000000003 0.000000001 60 % 7.29",
    "this is no tax advice",
    "2025-12-H7-USD Ada's heir 10.00 jp-treaty valid from 2025-04-01, 10 % of gross 1.00 0.25 8.75",
    "1 USD = 149.23 JPY, ECB, 2026-01-04 1305.00 JPY",
    "Not earned back before 1.00 USD Paid early 20.00 USD Recouped from earnings -5.00 USD",
    "Still to be earned back 16.00 USD",
    "Kept before 0.90 USD Released -0.50 USD Taken 0.40 USD Kept now held 0.80 USD",
    "payable once the vendor has paid. 3.00 USD",
    "held until that is decided (dispute 7, claim 9). 2.00 USD",
    "held until it is (proposal 3). 1.00 USD",
    "The next part is released with the statement of 2026-04. 0.80 USD",
    "Payable payable 17.00 USD",
    "kept until it is reached. The statement of 2026-02, after 2026-03-01, looks again. 1.189",
]


def words(page: str) -> str:
    bare = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(entities.unescape(bare).split())


def test_the_page_says_each_part_in_the_order_of_the_money():
    page = words(statement_html(FULL))
    places = [page.find(sentence) for sentence in SAID]
    assert [sentence for sentence, at in zip(SAID, places, strict=True) if at < 0] == []
    assert places == sorted(places)


def test_the_pdf_says_the_same_in_the_same_order():
    content = StatementPrinter().print(FULL).content
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())
    order = [
        "Advance (settled) Advance 3 of Acme, 2026-01-09. 20.00",
        "Closing balance 24.989999999",
        "60 % 7.29",
        "10.00 jp-treaty",
        "1305.00 JPY",
        "Still to be earned back 16.00",
        "Kept now (held) 0.80",
        "(dispute 7, claim 9). 2.00",
        "Payable (payable) 17.00",
    ]
    places = [said.find(sentence) for sentence in order]
    assert min(places) > 0, order[places.index(min(places))]
    assert places == sorted(places)


def test_json_has_each_part_by_name_and_the_schema_knows_them_all():
    told = statement_json(FULL)
    STRICT.validate(json.loads(json.dumps(told)))
    assert (told["moved"], [one["kind"] for one in told["moves"]]) == (
        "15.70",
        ["advance", "recoupment", "guarantee"],
    )
    assert [(one["why"], one["amount"], one["causes"]) for one in told["held"]["parts"]] == [
        ("not-backed", "3.00", []),
        ("contested", "2.00", ["dispute 7", "claim 9"]),
        ("unconfirmed", "1.00", ["proposal 3"]),
    ]
    assert told["holdback"]["next_release"] == "2026-04"
    (payout,) = told["payouts"]
    assert payout["tax"] == {
        "rule": "jp-treaty",
        "rate_percent": "10",
        "valid_from": "2025-04-01",
        "valid_until": None,
        "basis": "10.00",
        "amount": "1.00",
    }
    assert payout["paid"] == {"amount": "1305.00", "currency": "JPY"}
    assert payout["exchange"] == {
        "from": "USD",
        "to": "JPY",
        "rate": "149.23",
        "day": "2026-01-04",
        "origin": "ECB",
    }


def test_what_json_says_adds_up():
    told = {
        key: Decimal(value["amount"] if isinstance(value, dict) else value)
        for key, value in statement_json(FULL).items()
        if key.endswith(("balance", "ed", "back", "able", "out", "forward", "held"))
    }
    before = told["opening_balance"] + told["earned"] + told["adjusted"] + told["moved"]
    assert before - told["paid_out"] == told["closing_balance"]
    divided = told["held"] + told["holdback"] + told["payable"] + told["carried_forward"]
    assert divided == told["closing_balance"]


def test_csv_and_xlsx_add_up_to_the_same():
    rows = list(csv.DictReader(io.StringIO(statement_csv(FULL))))
    names = [row["row"] for row in rows]
    amounts = [Decimal(row["amount"]) for row in rows]
    closing = names.index("closing")
    assert sum(amounts[:closing]) == amounts[closing] == Decimal("24.989999999")
    assert names[closing + 1 :] == [
        *("held", "holdback", "payable", "carried forward"),
        "advance not earned back",
    ]
    assert sum(amounts[closing + 1 : closing + 5]) == amounts[closing]
    assert (rows[1]["upstream_received"], rows[1]["from_pool"]) == ("2.15", "0.000000003")
    notes = {row["row"]: row["note"] for row in rows}
    assert notes["payout reserved"].endswith(
        "Tax 1.00 (jp-treaty valid from 2025-04-01, 10 % of gross). Fee 0.25. "
        "1305.00 JPY at 1 USD = 149.23 JPY."
    )
    assert "(not-backed 3.00, contested 2.00, unconfirmed 1.00)" in notes["held"]
    book = openpyxl.load_workbook(io.BytesIO(statement_xlsx(FULL)))
    head, *sheet = book["Lines"].iter_rows(values_only=True)
    at = head.index("amount")
    assert [Decimal(repr(row[at])) for row in sheet] == amounts


@pytest.mark.parametrize("form", [statement_html, statement_csv])
def test_a_statement_without_them_has_no_empty_parts(form):
    said = form(a_document())
    assert "dvance" not in said
    assert "Kept" not in said
    nothing = form(a_document(lines=(), opening=0, closing=Closing(0, 0, 0)))
    assert "looks again" not in nothing
