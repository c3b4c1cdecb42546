"""An adjusted line on a statement: what was stated, what it stands at, and why."""

from datetime import UTC, date, datetime

import pytest
from changed_facts import back_date, refund

from service.api.statement_documents import load
from service.documents.statement_json import statement_json
from service.ledger.tiers import Tier
from service.store import statements
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000


@pytest.fixture
def stated(village, texts):
    """Close January, in which Ada and Ben earn 0.27 USD each of one sale of their work."""
    village.ode = village.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000})
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def adjustments(town, holder, month="2026-02"):
    with unit_of_work(town.database) as session:
        (number,) = (
            row.number
            for row in statements.listing(session)
            if row.holder_name == holder and str(row.period) == month
        )
        told = statement_json(load(session, number))
    names = ("month", "stated_before", "amount", "stands_at", "reasons")
    return [tuple(line[name] for name in names) for line in told["adjustments"]]


def test_a_refund_says_what_was_stated_and_its_reason(stated):
    refund(stated, "r1", "one")
    stated.works()
    stated.closes("2026-02")
    ((month, before, amount, after, reasons),) = adjustments(stated, "Ada")
    assert (month, before, amount, after) == ("2026-01", "0.27", "-0.27", "0.00")
    assert len(reasons) == 1
    assert reasons[0].startswith("refunds of 1 sale")


def test_a_late_sale_says_so(stated, texts):
    stated.sells("late", text=texts.ode, tier=Tier.PREMIUM, tokens=2 * MILLION, at=JANUARY)
    stated.works()
    stated.closes("2026-02")
    assert adjustments(stated, "Ada") == [
        ("2026-01", "0.27", "0.54", "0.81", ["1 sale reported after the month was closed"])
    ]


def test_a_back_dated_split_moves_the_line_to_the_right_holders(stated):
    back_date(stated, stated.ode, {"Ada": 750_000, "Ben": 250_000}, day=date(2026, 1, 10))
    stated.works()
    stated.closes("2026-02")
    old, new = sorted(adjustments(stated, "Ada"), key=lambda line: line[2])
    assert old[:4] == ("2026-01", "0.27", "-0.27", "0.00")
    assert new[:4] == ("2026-01", "0.00", "0.405", "0.405")
    assert old[4][0].startswith("other rights of 1 sale")


def test_a_second_adjustment_starts_from_what_the_first_left(stated):
    refund(stated, "r1", "one", MILLION * 600)
    stated.works()
    stated.closes("2026-02")
    refund(stated, "r2", "one", MILLION * 600)
    stated.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    stated.works()
    stated.closes("2026-03")
    ((_, before, amount, after, _),) = adjustments(stated, "Ada", "2026-03")
    ((_, _, first, between, _),) = adjustments(stated, "Ada")
    assert before == between
    assert first == amount == "-0.027"
    assert (between, after) == ("0.243", "0.216")


def test_a_statement_without_adjustments_asks_for_none(stated):
    assert adjustments(stated, "Ada", "2026-01") == []
    assert stated.tells("SELECT count(*) FROM adjustment_reason") == [(0,)]
