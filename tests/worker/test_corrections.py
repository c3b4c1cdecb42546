"""Whatever changes under a settled sale, the books become what they would have been: D10."""

from datetime import UTC, date, datetime

import pytest
from changed_facts import back_date, correct_contract, reattribute, refund, restate

from service.ledger.correction import RefundTooLarge
from service.ledger.sale_report import Outcome
from service.ledger.tiers import Tier
from service.store import (
    back_pay,
    corrections,
    findings,
    late_matches,
    parked_refunds,
    sale_versions,
    works,
)
from service.store.database import unit_of_work
from service.store.refunds import RefundConflict
from service.store.sale_versions import NothingRestated, RestatementConflict
from worker.explain_sale import explain_sale

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MILLION = 1_000_000
ALL = 1_000_000
GROSS = 6_000_000_000
EQUAL = {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333}


@pytest.fixture
def sold(town, texts):
    """One premium sale of a whole ode by three equal authors, settled."""
    town.registers("Ode", texts.ode, EQUAL)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    return town


def causes(town, sale):
    with unit_of_work(town.database) as session:
        return [str(one.cause) for one in corrections.of_sale(session, sale)]


def sale_id(town, name="one"):
    return town.tells("SELECT sale_id FROM sale WHERE external_id = :name", name=name)[0][0]


# Refunds before their sale


def test_a_refund_waits_for_a_sale_that_nobody_has_reported(town, texts):
    assert refund(town, "r1", "one", GROSS // 4) == (Outcome.PARKED, GROSS // 4)
    assert refund(town, "r1", "one", GROSS // 4) == (Outcome.DUPLICATE, GROSS // 4)
    town.works()
    town.registers("Ode", texts.ode, EQUAL)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    assert town.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 450_000_000}
    assert town.tells("SELECT count(*) FROM parked_refund") == [(0,)]
    assert refund(town, "r1", "one", GROSS // 4) == (Outcome.DUPLICATE, GROSS // 4)
    assert town.broken() == []


def test_a_parked_refund_of_the_whole_leaves_nothing(town, texts):
    assert refund(town, "r1", "one") == (Outcome.PARKED, None)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    assert town.balances() == {}
    assert town.broken() == []


def test_a_parked_refund_that_its_sale_refuses_stays_with_the_reason(town, texts):
    refund(town, "r1", "one", GROSS + 1)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    with unit_of_work(town.database) as session:
        (parked,) = parked_refunds.listing(session, limit=10)
    assert parked.refused == "refund of 6.000000001 asked, 6.00 left"
    assert town.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 600_000_000}


def test_a_parked_refund_is_one_of_its_own_sale(town):
    refund(town, "r1", "one", 5)
    with pytest.raises(RefundConflict):
        refund(town, "r1", "two", 5)
    with pytest.raises(RefundConflict):
        refund(town, "r1", "one", 6)
    assert refund(town, "r1", "one", 7, vendor="Borealis") == (Outcome.PARKED, 7)


# Restated sales


def test_a_restated_sale_stands_in_the_books_as_if_it_had_been_reported_so(sold, texts):
    assert restate(sold, "fix", "one", tokens=MILLION // 2) == (Outcome.CREATED, 2)
    sold.works()
    restated = sold.balances()
    assert restated["vendor:acme:receivable"] == 300_000_000
    assert causes(sold, sale_id(sold)) == ["restatement"]
    assert sold.broken() == []
    restate(sold, "back", "one", tokens=MILLION)
    sold.works()
    assert sold.balances()["vendor:acme:receivable"] == 600_000_000
    assert sold.broken() == []


def test_both_versions_of_a_restated_sale_are_visible(sold):
    restate(sold, "fix", "one", tier=Tier.ELITE, tokens=MILLION)
    with unit_of_work(sold.database) as session:
        told = [sale_versions.told(one) for one in sale_versions.of_sale(session, sale_id(sold))]
    assert told == ["1000000 premium tokens for 6.00", "1000000 elite tokens for 150.00"]


def test_a_sale_restated_to_another_tier_leaves_the_lines_of_the_first(sold):
    restate(sold, "fix", "one", tier=Tier.ELITE, tokens=MILLION)
    sold.works()
    (line,) = sold.balances("line").values()
    assert line == 150_000_000_000 * 15 // 100 * 9 // 10
    assert sold.broken() == []


def test_a_free_sale_restated_as_premium_is_attributed_then(town, texts):
    town.registers("Ode", texts.ode, EQUAL)
    town.sells("one", text=texts.ode, tier=Tier.FREE, tokens=MILLION, at=JANUARY)
    town.works()
    assert town.balances() == {}
    restate(town, "fix", "one", tokens=MILLION)
    town.works()
    assert list(town.balances("line").values()) == [540_000_000]
    assert town.broken() == []


def test_a_restatement_of_a_sale_not_settled_yet_waits_for_it(town, texts):
    town.registers("Ode", texts.ode, EQUAL)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    restate(town, "fix", "one", tokens=MILLION // 2)
    town.works()
    assert town.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 300_000_000}
    assert town.broken() == []


def test_a_restatement_is_one_thing_and_changes_something(sold):
    restate(sold, "fix", "one", tokens=5)
    assert restate(sold, "fix", "one", tokens=5) == (Outcome.DUPLICATE, 2)
    with pytest.raises(RestatementConflict):
        restate(sold, "fix", "one", tokens=6)
    with pytest.raises(NothingRestated):
        restate(sold, "fix again", "one", tokens=5)


def test_a_sale_is_not_restated_below_what_was_given_back(sold):
    refund(sold, "r1", "one", GROSS // 2 + 6_000)
    with pytest.raises(RefundTooLarge):
        restate(sold, "fix", "one", tokens=MILLION // 2)
    assert restate(sold, "fix", "one", tokens=MILLION // 2 + 1) == (Outcome.CREATED, 2)
    sold.works()
    assert sold.balances() == {}
    assert sold.broken() == []


def test_a_restatement_after_the_close_is_an_adjustment_of_the_next_statement(sold):
    sold.closes("2026-01")
    restate(sold, "fix", "one", tokens=MILLION // 2)
    sold.works()
    sold.closes("2026-02")
    before, after = sold.statement("Ada", "2026-01"), sold.statement("Ada", "2026-02")
    (line,) = after.lines
    assert (str(line.kind), str(line.month)) == ("adjustment", "2026-01")
    assert line.nanos == -(before.closing_nanos - before.closing_nanos // 2)
    assert sold.broken() == []


def test_explaining_shows_why_and_original_corrected_delta(sold):
    restate(sold, "fix", "one", tokens=MILLION // 2)
    sold.works()
    with unit_of_work(sold.database) as session:
        told = explain_sale(session, "acme/one")
    heading, columns, rows = told.tables[-1]
    assert heading == "Correction 1 in 2026-01, restatement: told wrong"
    assert columns == ("account", "original", "corrected", "delta", "nanos")
    assert ("vendor:acme:receivable", "0.60", "0.30", "-0.30", -300_000_000) in rows
    assert "Versions" in [table[0] for table in told.tables]


# Contracts


def test_a_corrected_contract_counts_for_the_sales_of_its_days_only(sold, texts):
    sold.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    sold.works()
    correct_contract(sold, day=date(2026, 2, 1), premium_ppm=150_000)
    sold.works()
    assert sold.balances("vendor:acme:receivable") == {
        "vendor:acme:receivable": 600_000_000 + 900_000_000
    }
    assert causes(sold, sale_id(sold, "one")) == []
    assert causes(sold, sale_id(sold, "two")) == ["contract"]
    assert sold.broken() == []


def test_a_contract_may_be_corrected_twice_and_back(sold):
    before = sold.balances()
    for premium_ppm in (200_000, 50_000, 100_000):
        correct_contract(sold, day=date(2026, 1, 1), premium_ppm=premium_ppm)
        sold.works()
        assert sold.broken() == []
    assert sold.balances() == before


def test_a_later_contract_goes_on_counting_from_its_own_day(sold, texts):
    sold.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    sold.works()
    correct_contract(sold, day=date(2026, 2, 1), premium_ppm=150_000)
    correct_contract(sold, day=date(2026, 1, 1), premium_ppm=50_000)
    sold.works()
    assert sold.balances("vendor:acme:receivable") == {
        "vendor:acme:receivable": 300_000_000 + 900_000_000
    }
    assert sold.broken() == []


# Splits


def test_a_back_dated_split_takes_from_the_old_holders_and_gives_to_the_new(sold):
    sold.closes("2026-01")
    earned = {name: sold.statement(name, "2026-01").closing_nanos for name in EQUAL}
    work = sold.tells("SELECT work_id FROM work")[0][0]
    back_date(sold, work, {"Ada": 500_000, "Dee": 500_000}, day=date(2026, 1, 10))
    sold.works()
    sold.closes("2026-02")
    after = {name: sold.statement(name, "2026-02") for name in (*EQUAL, "Dee")}
    assert {name: one.closing_nanos for name, one in after.items()} == {
        "Ada": 270_000_000,
        "Ben": 0,
        "Cleo": 0,
        "Dee": 270_000_000,
    }
    assert after["Ben"].opening_nanos == earned["Ben"]
    assert {str(line.kind) for one in after.values() for line in one.lines} == {"adjustment"}
    assert sold.broken() == []


def test_sales_of_before_the_back_dated_day_keep_their_split(sold):
    work = sold.tells("SELECT work_id FROM work")[0][0]
    before = sold.balances("line")
    back_date(sold, work, {"Dee": ALL}, day=date(2026, 1, 21))
    sold.works()
    assert sold.balances("line") == before
    assert causes(sold, sale_id(sold)) == []
    assert sold.broken() == []


# Attribution


def test_a_dismissed_finding_pays_the_work_once_its_sales_are_judged_anew(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    copy = village.registers("Copy", texts.ode + " The end.", {"Bo": ALL}, on=JANUARY)
    village.works()
    with unit_of_work(village.database) as session:
        works.withdraw(session, ode, now=FEBRUARY)
    sale = village.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=village.clock())
    village.works()
    with unit_of_work(village.database) as session:
        (found,) = findings.of_work(session, copy)
        findings.dismiss(session, found.finding_id, by="op", reason="No.", now=village.clock())
    reattribute(village, sale_id=sale)
    village.works()
    won = village.tells("SELECT work_ids FROM attribution ORDER BY attribution_id")
    assert won == [([],), ([copy],)]
    assert causes(village, sale) == ["attribution"]
    assert village.broken() == []


def test_judging_anew_with_nothing_new_says_nothing(sold):
    reattribute(sold, vendor_id=sold.tells("SELECT vendor_id FROM sale")[0][0])
    sold.works()
    assert causes(sold, sale_id(sold)) == []
    assert sold.tells("SELECT count(*) FROM attribution") == [(1,)]
    assert sold.tells("SELECT looked_at, corrected FROM correction_job") == [(1, 0)]


def test_an_approved_late_match_is_paid_out_of_the_unmatched_pool(village, texts):
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    village.works()
    village.closes("2026-01")
    assert village.balances("pool:unmatched") == {"pool:unmatched:acme:2026-01": 600_000_000}
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=datetime(2026, 3, 1, tzinfo=UTC))
    village.works()
    with unit_of_work(village.database) as session:
        (match,) = late_matches.listing(session, only_open=True, limit=10)
        decided = late_matches.approve(
            session,
            match.late_match_id,
            by="op",
            reason="Printed in 2019.",
            evidence="ISBN",
            now=village.clock(),
        )
        assert back_pay.grant(session, decided, by="op", now=village.clock()) == 1
    village.works()
    assert village.balances("pool:unmatched") == {}
    assert list(village.balances("line").values()) == [540_000_000]
    village.closes("2026-02")
    assert village.statement("Ada", "2026-02").closing_nanos == 540_000_000
    assert village.broken() == []


def test_a_split_back_dated_before_the_first_one_pays_late_claims_of_earlier_sales(village, texts):
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    village.works()
    march = datetime(2026, 3, 1, tzinfo=UTC)
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=march)
    village.works()
    with unit_of_work(village.database) as session:
        (match,) = late_matches.listing(session, only_open=True, limit=10)
        facts = {"by": "op", "reason": "Printed.", "evidence": "ISBN", "now": village.clock()}
        decided = late_matches.approve(session, match.late_match_id, **facts)
        back_pay.grant(session, decided, by="op", now=village.clock())
    village.works()
    back_date(village, ode, {"Ben": ALL}, day=date(2026, 2, 1))
    village.works()
    assert village.broken() == []
    village.closes("2026-01")
    assert village.statement("Ben", "2026-01").closing_nanos == 540_000_000
