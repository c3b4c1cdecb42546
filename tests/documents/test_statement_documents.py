"""A statement as JSON, CSV and HTML: the same exact figures, no title smuggles anything in."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from stated import a_document

from service.documents.figures import percent_of
from service.documents.statement_csv import guarded, statement_csv
from service.documents.statement_html import STYLE_SOURCE, statement_html, statement_section
from service.documents.statement_json import statement_json
from service.ledger.statement import Closing, PayoutMove


def test_json_says_every_amount_as_an_exact_decimal_string():
    assert statement_json(a_document()) == {
        "schema": "urn:wellspring:statement:1",
        "number": "2026-01-H7-USD",
        "holder": {"holder_id": 7, "name": "Ada"},
        "period": "2026-01",
        "currency": "USD",
        "issued_at": "2026-02-03T04:05:06Z",
        "opening_balance": "0.0045",
        "lines": [
            {
                "line_id": 11,
                "work": {"work_id": 1, "title": "Ode"},
                "vendor": {"id": "acme", "name": "Acme"},
                "tier": "elite",
                "month": "2026-01",
                "sales_count": 2,
                "output_tokens": 1500000,
                "credited": "12.15",
                "upstream_received": "0.00",
                "from_pool": "0.00",
                "upstream_paid": "0.00",
                "share_ppm": 600000,
                "share_percent": "60",
                "amount": "7.29",
            }
        ],
        "earned": "7.29",
        "adjustments": [
            {
                "line_id": 12,
                "work": {"work_id": 2, "title": "Essay"},
                "vendor": {"id": "borealis", "name": "Borealis"},
                "tier": "high-speed",
                "month": "2025-12",
                "sales_count": 0,
                "output_tokens": 0,
                "credited": "-0.000000003",
                "upstream_received": "0.00",
                "from_pool": "0.00",
                "upstream_paid": "0.00",
                "share_ppm": 333333,
                "share_percent": "33.3333",
                "amount": "-0.000000001",
                "stated_before": "0.000000005",
                "stands_at": "0.000000004",
                "reasons": ["refunds of 2 sales: not as ordered"],
            }
        ],
        "adjusted": "-0.000000001",
        "moves": [],
        "moved": "0.00",
        "payouts": [],
        "paid_out": "0.00",
        "closing_balance": "7.294499999",
        "held": {
            "amount": "2.00",
            "reason": "Not yet backed by the vendor's receipts: payable once the vendor has paid.",
            "parts": [],
        },
        "holdback": {
            "opening": "0.00",
            "taken": "0.00",
            "released": "0.00",
            "amount": "0.00",
            "next_release": None,
        },
        "payable": {"amount": "5.29"},
        "carried_forward": {
            "amount": "0.004499999",
            "reason": "Less than 0.01 USD, the smallest amount a bank moves: kept for next time.",
            "looked_at_again": "The statement of 2026-02, after 2026-03-01, looks again.",
        },
        "advance": {"opening": "0.00", "paid": "0.00", "recouped": "0.00", "closing": "0.00"},
        "how_to_ask": (
            "Until 2026-05-04 (UTC) you may dispute any line of statement 2026-01-H7-USD: write to "
            "the operator, or use POST /v1/statements/2026-01-H7-USD/lines/LINE/dispute, with the "
            "number of the line (the first is 1, adjustments count on), the reason and the amount "
            "you expected. An operator answers with a reason. A statement is never changed: what "
            "was wrong is corrected by a further line of a later one."
        ),
    }


def test_json_is_json():
    assert json.loads(json.dumps(statement_json(a_document())))["payable"] == {"amount": "5.29"}


def test_csv_is_one_table_with_the_amount_last_but_one():
    assert statement_csv(a_document()) == (
        "statement,period,currency,row,work_id,work,vendor,tier,month,sales,output_tokens,credited,"
        "upstream_received,from_pool,upstream_paid,share_percent,amount,note\r\n"
        "2026-01-H7-USD,2026-01,USD,opening,,,,,,,,,,,,,0.0045,\r\n"
        "2026-01-H7-USD,2026-01,USD,earned,1,Ode,Acme,elite,2026-01,2,1500000,12.15,0.00,0.00,0.00,60,7.29,\r\n"
        "2026-01-H7-USD,2026-01,USD,adjustment,2,Essay,Borealis,high-speed,2025-12,0,0,"
        "-0.000000003,0.00,0.00,0.00,33.3333,-0.000000001,"
        '"Stated before 0.000000005, stands at 0.000000004. refunds of 2 sales: not as ordered"'
        "\r\n"
        "2026-01-H7-USD,2026-01,USD,closing,,,,,,,,,,,,,7.294499999,\r\n"
        "2026-01-H7-USD,2026-01,USD,held,,,,,,,,,,,,,2.00,"
        "Not yet backed by the vendor's receipts: payable once the vendor has paid.\r\n"
        "2026-01-H7-USD,2026-01,USD,payable,,,,,,,,,,,,,5.29,\r\n"
        "2026-01-H7-USD,2026-01,USD,carried forward,,,,,,,,,,,,,0.004499999,"
        '"Less than 0.01 USD, the smallest amount a bank moves: kept for next time."\r\n'
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("Ode = joy", "Ode = joy"),
        ("", ""),
    ],
)
def test_no_text_of_a_person_is_run_by_a_spreadsheet(text, cell):
    assert guarded(text) == cell


def test_a_title_with_quotes_and_commas_stays_one_guarded_cell():
    row = statement_csv(a_document(title='=1,"2"')).splitlines()[2]
    assert row == (
        '2026-01-H7-USD,2026-01,USD,earned,1,"\'=1,""2""",Acme,elite,2026-01,2,1500000,12.15,0.00,0.00,0.00,60,7.29,'
    )


def test_html_shows_a_title_as_text_and_never_as_markup():
    page = statement_html(a_document(title="<script>alert('x')</script>"))
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "<script" not in page


def test_html_is_a_complete_page_that_asks_no_other_host():
    page = statement_html(a_document())
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.rstrip().endswith("</html>")
    assert "http:" not in page
    assert "https:" not in page
    assert STYLE_SOURCE.startswith("'sha256-")


def test_the_section_for_the_portal_has_no_style_of_its_own():
    section = statement_section(a_document())
    assert "<style" not in section
    assert "style=" not in section


@pytest.mark.parametrize(
    "shown",
    [
        '<div><dt>Opening balance</dt><dd>0.0045 <abbr class="currency">USD</abbr></dd></div>',
        '<td class="number">60 %</td><td class="number">7.29</td>',
        '<td class="nowrap">2025-12</td>',
        '<span class="label held">held</span>',
        "Not yet backed by the vendor&#39;s receipts: payable once the vendor has paid.",
        '<span class="label payable">payable</span></dt><dd>5.29 <abbr class="currency">USD</abbr>',
        '<time datetime="2026-02-03T04:05:06Z">2026-02-03 04:05 UTC</time>',
        "Until 2026-05-04 (UTC) you may dispute any line of statement 2026-01-H7-USD",
    ],
)
def test_html_shows(shown):
    assert shown in statement_section(a_document())


def test_every_form_says_what_was_paid_out_and_what_came_back():
    paid = (
        PayoutMove("2025-11-H7-USD", "reserved", -4_000_000_000, datetime(2026, 1, 5, tzinfo=UTC)),
        PayoutMove("2025-11-H7-USD", "returned", 1_500_000_000, datetime(2026, 1, 9, tzinfo=UTC)),
    )
    document = a_document(payouts=paid, closing=Closing(0, 4_790_000_000, 4_499_999))
    told = statement_json(document)
    assert (told["paid_out"], told["closing_balance"]) == ("2.50", "4.794499999")
    assert [(one["state"], one["amount"]) for one in told["payouts"]] == [
        ("reserved", "-4.00"),
        ("returned", "1.50"),
    ]
    rows = list(csv.reader(io.StringIO(statement_csv(document))))
    (reserved,) = (row for row in rows if row[3] == "payout reserved")
    assert reserved[-2:] == ["-4.00", "Paid out of statement 2025-11-H7-USD on 2026-01-05."]
    amounts = [Decimal(row[-2]) for row in rows[1:]]
    closing = [row[3] for row in rows[1:]].index("closing")
    assert sum(amounts[:closing]) == amounts[closing]
    page = statement_html(document)
    assert "Paid out of statement 2025-11-H7-USD on 2026-01-05." in page
    assert "came back on 2026-01-09: it is yours again." in page


def test_a_statement_without_lines_says_so():
    nothing = a_document(lines=(), opening=5_000_000, closing=Closing(0, 0, 5_000_000))
    assert "No work earned anything in this period." in statement_section(nothing)
    assert "Adjustments" not in statement_section(nothing)


@pytest.mark.parametrize(
    ("carried", "reason"),
    [
        (0, ""),
        (-1, "Refunds took back more than was left: later earnings make it good first."),
        (9_999_999, "Less than 0.01 USD, the smallest amount a bank moves: kept for next time."),
        (10_000_000, "Below the smallest amount that is paid out: kept until it is reached."),
    ],
)
def test_what_is_carried_forward_says_why(carried, reason):
    document = a_document(lines=(), opening=carried, closing=Closing(0, 0, carried))
    assert document.carried_reason == reason


@pytest.mark.parametrize(
    ("ppm", "percent"),
    [(1_000_000, "100"), (600_000, "60"), (333_333, "33.3333"), (100_500, "10.05"), (1, "0.0001")],
)
def test_a_share_is_an_exact_percentage(ppm, percent):
    assert percent_of(ppm) == percent
