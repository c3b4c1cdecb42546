from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.ledger.tiers import Tier
from service.store import closing, parties, rights, statements
from service.store.database import only_one, unit_of_work
from service.store.periods import EarlierPeriodOpen
from worker import correcting, drain

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def sold(town, texts):
    """An ode by Ada, sold once in January and once in February, all settled."""
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for name, at in (("january", JANUARY), ("february", FEBRUARY)):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=at)
    town.works()
    return town


def test_each_month_states_its_own_sales_and_the_next_opens_where_it_closed(sold):
    sold.closes("2026-01")
    sold.closes("2026-02")
    january, february = (sold.statement("Ada", month) for month in ("2026-01", "2026-02"))
    assert (january.opening_nanos, january.closing_nanos) == (0, 540_000_000)
    assert (february.opening_nanos, february.closing_nanos) == (540_000_000, 1_080_000_000)
    assert sold.broken() == []


def test_a_closed_month_cannot_be_closed_again(sold):
    sold.closes("2026-01")
    with pytest.raises(PeriodClosed):
        sold.closes("2026-01")


def test_a_running_month_needs_to_be_closed_early_on_purpose(sold):
    with pytest.raises(PeriodRunning):
        sold.closes("2026-03")
    sold.closes("2026-01")
    sold.closes("2026-02")
    sold.closes("2026-03", early=True)
    assert sold.broken() == []


def test_a_month_that_has_not_begun_is_never_closed(sold):
    with pytest.raises(PeriodRunning):
        sold.closes("2026-04", early=True)


def test_months_close_in_order(sold):
    with pytest.raises(EarlierPeriodOpen) as refused:
        sold.closes("2026-02")
    assert refused.value.facts == {"period": "2026-02", "earlier": "2026-01"}


def test_a_late_sale_becomes_an_adjustment_of_the_open_month(sold, texts):
    sold.closes("2026-01")
    before = sold.statement("Ada", "2026-01")
    sold.sells("late", text=texts.ode, tier=Tier.PREMIUM, tokens=500_000, at=JANUARY)
    sold.works()
    sold.closes("2026-02")
    assert sold.statement("Ada", "2026-01") == before
    earned, adjustment = sold.statement("Ada", "2026-02").lines
    assert (str(earned.kind), str(earned.month), earned.nanos) == ("earned", "2026-02", 540_000_000)
    assert (str(adjustment.kind), str(adjustment.month)) == ("adjustment", "2026-01")
    assert (adjustment.sales_count, adjustment.nanos) == (1, 270_000_000)
    assert sold.broken() == []


def test_a_late_sale_that_waits_holds_no_close_up(sold, texts):
    sold.closes("2026-01")
    sold.sells("late", text=texts.ode, tier=Tier.PREMIUM, tokens=500_000, at=JANUARY)
    sold.closes("2026-02")
    assert sold.statement("Ada", "2026-02").closing_nanos == 1_080_000_000
    sold.closes("2026-03", early=True)
    assert sold.statement("Ada", "2026-03").closing_nanos == 1_350_000_000
    assert sold.broken() == []


def test_what_waited_when_the_close_began_settles_into_it_and_what_came_after_is_late(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("before", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    with unit_of_work(town.database) as session:
        closing.begin(session, Period(202601), early=False, now=town.clock())
    town.sells("after", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    drain.finish_closing(town.place, drain.silent)
    assert town.statement("Ada", "2026-01").closing_nanos == 540_000_000
    town.closes("2026-02")
    assert town.statement("Ada", "2026-02").closing_nanos == 1_080_000_000
    assert town.broken() == []


def test_two_workers_that_finish_one_close_issue_one_statement_each(sold):
    with unit_of_work(sold.database) as session:
        closing.begin(session, Period(202601), early=False, now=sold.clock())
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(drain.finish_closing, sold.place, drain.silent) for _ in range(4)]:
            done.result()
    with unit_of_work(sold.database) as session:
        assert len(statements.listing(session)) == 1
    assert sold.broken() == []


def test_a_month_is_sealed_while_another_worker_corrects_sales(sold):
    with only_one(sold.database, correcting._WORKING_OFF) as alone:
        assert alone
        sold.closes("2026-01")
        assert sold.tells("SELECT period FROM period_seal") == [(202601,)]


def test_a_changed_split_pays_each_sale_by_its_day(town, texts):
    work = town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    with unit_of_work(town.database) as session:
        ben = parties.add_holder(session, "Ben", now=town.clock()).party_id
        rights.change_split(session, work, {ben: 1_000_000}, day=FEBRUARY.date(), now=town.clock())
    for name, at in (("january", JANUARY), ("february", FEBRUARY)):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=at)
    town.works()
    town.closes("2026-01")
    town.closes("2026-02")
    assert town.statement("Ada", "2026-02").lines == ()
    assert town.statement("Ben", "2026-02").closing_nanos == 540_000_000
    assert town.broken() == []
