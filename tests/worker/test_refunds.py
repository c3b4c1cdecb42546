from datetime import UTC, datetime
from itertools import permutations

import pytest

from service.ledger.correction import RefundTooLarge
from service.ledger.sale_report import Outcome
from service.ledger.tiers import Tier
from service.store.refunds import RefundConflict

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
GROSS = 6_000_000_000


@pytest.fixture
def sold(town, texts):
    """One premium sale of a whole ode by three equal authors."""
    town.registers("Ode", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    return town


def test_a_part_takes_its_part_from_every_leg(sold):
    sold.works()
    assert sold.refunds("r1", "one", GROSS // 4) == (Outcome.CREATED, GROSS // 4)
    sold.works()
    assert sold.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 450_000_000}
    assert sold.balances("platform") == {"platform:fee": 45_000_000}
    assert list(sold.balances("line").values()) == [405_000_000]
    assert sold.broken() == []


@pytest.mark.parametrize("parts", list(permutations((1, 2_500_000_001, GROSS - 2_500_000_002))))
def test_parts_that_reach_the_whole_leave_nothing_anywhere(sold, parts):
    sold.works()
    for number, nanos in enumerate(parts):
        sold.refunds(f"r{number}", "one", nanos)
        sold.works()
    assert sold.balances() == {}
    assert sold.broken() == []


def test_a_refund_of_a_sale_not_settled_yet_waits_for_it(sold):
    sold.refunds("r1", "one")
    sold.works()
    assert sold.balances() == {}
    assert sold.broken() == []


def test_the_same_refund_again_is_a_duplicate_and_another_one_a_conflict(sold):
    sold.refunds("r1", "one", 1_000)
    assert sold.refunds("r1", "one", 1_000) == (Outcome.DUPLICATE, 1_000)
    with pytest.raises(RefundConflict):
        sold.refunds("r1", "one", 2_000)


def test_refunds_together_never_pass_the_gross(sold):
    sold.refunds("r1", "one", GROSS - 5)
    with pytest.raises(RefundTooLarge) as refused:
        sold.refunds("r2", "one", 6)
    assert refused.value.facts == {"asked": "0.000000006", "left": "0.000000005"}


def test_a_refund_after_the_close_is_an_adjustment_of_the_next_statement(sold):
    sold.works()
    sold.closes("2026-01")
    before = sold.statement("Ada", "2026-01").closing_nanos
    sold.refunds("r1", "one")
    sold.works()
    sold.closes("2026-02")
    ada = sold.statement("Ada", "2026-02")
    (line,) = ada.lines
    assert (str(line.kind), str(line.month), line.sales_count) == ("adjustment", "2026-01", 0)
    assert (ada.opening_nanos, line.nanos, ada.closing_nanos) == (before, -before, 0)
    assert [sold.statement(name, "2026-02").closing_nanos for name in ("Ben", "Cleo")] == [0, 0]
    assert sold.balances() == {}
    assert sold.broken() == []
