"""Explaining an amount: every division with its exact value, and the statement's own arithmetic."""

from datetime import UTC, datetime

import pytest
from changed_facts import refund

from service.ledger.tiers import Tier
from service.store import parties, statements
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from service.store.statements import StatementNotFound
from worker import receipts
from worker.explain_line import explain_line
from worker.explain_sale import explain_sale
from worker.explain_statement import explain_statement

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
THIRDS = {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333}
DIVISIONS = "Every division, and what it rounded"


@pytest.fixture
def sold(town, texts):
    """One premium sale of 7 tokens, 42,000 nanos, whose works are wholly one of three holders."""
    town.registers("Ode", texts.ode, THIRDS)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=7, at=JANUARY)
    town.works()
    return town


def explained(town, explain, name):
    with unit_of_work(town.database) as session:
        return explain(session, name)


def table(told, heading):
    (rows,) = [rows for title, _, rows in told.tables if title.startswith(heading)]
    return rows


def test_a_sale_says_what_every_division_rounded(sold):
    rows = table(explained(sold, explain_sale, "acme/one"), DIVISIONS)
    assert ("ip-pool: claim", "rounded down", "4200", 4_200, "none") in rows
    assert ("ip-pool: work:1", "fee", "420", 420, "none") in rows
    assert ("production", "data-centre", "5250", 5_250, "none") in rows
    by_division = {}
    for division, _, exact, nanos, _ in rows:
        by_division.setdefault(division, []).append((exact, nanos))
    assert sum(nanos for _, nanos in by_division["production"]) == 35_000


def test_a_refunded_sale_says_what_every_account_must_hold(sold):
    refund(sold, "r1", "one", 1)
    sold.works()
    rows = table(explained(sold, explain_sale, "acme/one"), "Target: whole less 0.000000001")
    assert ("line:1", "-0.00000378", "-377991/100", -3_780, "-9/100") in rows
    assert sum(row[3] for row in rows) == 0
    assert all(row[4] != "none" for row in rows)


def test_a_line_says_who_stands_off_the_exact_fraction_by_how_much(sold):
    sold.closes("2026-01")
    rows = table(explained(sold, explain_line, 1), "allocate(0.00000378")
    off = {name: (exact, nanos, rounding) for name, _, _, exact, nanos, rounding in rows}
    assert off["Ada"] == ("31500063/25000", 1_260, "-63/25000")
    assert off["Ben"] == ("62999937/50000", 1_260, "+63/50000")


def test_a_statement_says_what_is_held_for_want_of_whose_receipts(sold, texts):
    sold.sells("two", text=texts.ode, tier=Tier.ELITE, at=JANUARY, vendor="Borealis")
    sold.works()
    with unit_of_work(sold.database) as session:
        borealis = parties.vendor_named(session, "Borealis")
    receipt = NewReceipt(borealis.party_id, 11_250_000_000, "USD", "")
    receipts.add(sold.database, borealis, receipt, now=JANUARY)
    sold.closes("2026-01")
    with unit_of_work(sold.database) as session:
        number = next(one.number for one in statements.listing(session) if one.holder_name == "Ada")
    told = explained(sold, explain_statement, number)
    assert told.facts["payable"] == (
        "3.37: 3.37500675 that is not held, rounded down to whole 0.01 USD"
    )
    assert table(told, "Held") == [
        ("acme", "2026-01", "0.00000126", "0.00", 1_260),
        ("borealis", "2026-01", "6.7500135", "3.37500675", 3_375_006_750),
        ("sum", "", "", "", 3_375_008_010),
    ]


def test_a_statement_that_is_not_there_is_named(sold, wellspring):
    with pytest.raises(StatementNotFound):
        explained(sold, explain_statement, "2026-01-H1-USD")
    code, _, err = wellspring("explain", "statement", "2026-01-H1-USD")
    assert (code, "no statement '2026-01-H1-USD'" in err) == (1, True)
