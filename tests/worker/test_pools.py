"""Unmatched pools: who would gain is told first, and exactly that is posted, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pytest
from changed_facts import back_date, refund
from pool_facts import announce, fund, gained, pays, pool, rate, release, simulate

from service.ledger.pool_release import NobodyGains, NothingInPool
from service.ledger.pool_rule import NoRule
from service.ledger.tiers import Tier
from service.store import pool_basis, pool_releases
from service.store.database import unit_of_work
from service.store.periods import NotClosed
from service.store.pool_approvals import PoolApprovalsMissing, PoolChanged
from service.store.pool_plans import PoolUnsettled, WindowOpen
from service.store.pools import PoolReleased
from worker import pools
from worker.explain_pool import explain_pool

JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
MARCH = datetime(2026, 3, 20, tzinfo=UTC)
ALL, MILLION, CENT = 1_000_000, 1_000_000, 10_000_000


@pytest.fixture
def sold(village, texts):
    """January of Acme: 0.54 to the ode, 1.08 to the essay, 0.60 that nothing claims."""
    announce(village, "same-vendor")
    village.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    village.registers("Essay", texts.essay, {"Bo": ALL})
    for name, text, tokens in (("ode", texts.ode, 1), ("essay", texts.essay, 2), ("none", None, 1)):
        village.sells(name, text=text, tier=Tier.PREMIUM, tokens=tokens * MILLION, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def lines(town):
    """What lies on lines, by title of the work."""
    titles = dict(town.tells("SELECT line_id, title FROM line JOIN work USING (work_id)"))
    return {
        titles[int(name.removeprefix("line:"))]: nanos
        for name, nanos in town.balances("line").items()
    }


def test_a_pool_goes_to_what_earned_from_the_same_vendor_less_the_fee_on_releases(sold):
    assert sold.balances("pool") == {"pool:unmatched:acme:2026-01": 60 * CENT}
    told = simulate(sold)
    said = told.plan.parts
    assert (said.principal_nanos, said.interest_nanos, said.fee_nanos) == (60 * CENT, 0, 6 * CENT)
    assert gained(sold, told) == {"Ada": 108_000_000, "Ben": 72_000_000, "Bo": 360_000_000}
    assert sorted(told.gains.by_work.values()) == [18 * CENT, 36 * CENT]
    assert sold.balances("line") == {}
    release(sold, digest=told.plan.digest)
    assert sold.balances("pool") == {}
    assert lines(sold) == {"Ode": 18 * CENT, "Essay": 36 * CENT}
    assert sold.broken() == []


def test_the_next_close_passes_it_on_as_an_adjustment_of_the_month_of_sale(sold):
    gains = gained(sold, simulate(sold))
    release(sold)
    sold.closes("2026-02")
    sold.closes("2026-03", early=True)
    for name, nanos in gains.items():
        (line,) = sold.statement(name, "2026-03").lines
        assert (str(line.kind), str(line.month), line.sales_count) == ("adjustment", "2026-01", 0)
        assert line.nanos == nanos
    assert sold.balances("line") == {}
    assert sold.broken() == []


def test_over_all_vendors_what_another_vendor_sold_counts_too(village, texts):
    """Acme sold nothing of Bo's: by its own sales the ode has all, by everybody's a third."""
    announce(village, "all-vendors")
    announce(village, "same-vendor", name="Own", since="2026-02")
    village.registers("Ode", texts.ode, {"Ada": ALL})
    village.registers("Essay", texts.essay, {"Bo": ALL})
    village.sells("ode", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY)
    village.sells("none", text=None, tier=Tier.PREMIUM, at=JANUARY)
    village.sells(
        "e", text=texts.essay, tier=Tier.PREMIUM, tokens=2 * MILLION, at=JANUARY, vendor="Borealis"
    )
    village.works()
    village.closes("2026-01")
    assert gained(village, simulate(village, rule="Own")) == {"Ada": 54 * CENT}
    assert gained(village, simulate(village)) == {"Ada": 18 * CENT, "Bo": 36 * CENT}
    release(village)
    village.closes("2026-02")
    village.closes("2026-03", early=True)
    (line,) = village.statement("Bo", "2026-03").lines
    assert (line.vendor, line.nanos) == ("acme", 36 * CENT)
    assert village.broken() == []


def test_where_nobody_earned_the_next_step_of_the_rule_takes_the_pool(village):
    fund(village)
    announce(village, "same-vendor", "all-vendors", "fund:Writers' Fund")
    announce(village, "same-vendor", name="Alone", since="2026-02")
    village.sells("none", text=None, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.closes("2026-01")
    with pytest.raises(NobodyGains):
        simulate(village, rule="Alone")
    told = simulate(village)
    assert (str(told.plan.step.method), gained(village, told)) == (
        "fund",
        {"Writers' Fund": 54 * CENT},
    )
    release(village)
    village.closes("2026-02")
    village.closes("2026-03", early=True)
    assert village.statement("Writers' Fund", "2026-03").earned_nanos == 54 * CENT
    assert village.broken() == []


def test_a_fund_earns_from_no_sale_whatever_is_said(village):
    fund(village)
    said = "Writers' Fund takes what unmatched pools give to nobody else. It helps writers in need."
    village.sells("copy", text=said, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    assert village.balances("line") == {}
    assert village.balances("pool") == {"pool:unmatched:acme:2026-01": 60 * CENT}


def test_a_pool_is_released_once_and_by_one(sold):
    digest = simulate(sold).plan.digest

    def once(_):
        try:
            release(sold, digest=digest)
        except PoolReleased:
            return 0
        return 1

    with ThreadPoolExecutor(4) as hands:
        assert sum(hands.map(once, range(4))) == 1
    assert lines(sold) == {"Ode": 18 * CENT, "Essay": 36 * CENT}
    with pytest.raises(PoolReleased, match="the pool of acme of 2026-01 in USD was released"):
        simulate(sold)
    assert sold.broken() == []


def test_a_pool_waits_for_its_window_its_month_and_what_may_change_it(sold, texts):
    digest = simulate(sold).plan.digest
    sold.clock.now = datetime(2026, 2, 10, 23, 59, tzinfo=UTC)
    with pytest.raises(WindowOpen, match="can be claimed before 2026-02-11"):
        release(sold, digest=digest)
    sold.clock.now = datetime(2026, 3, 10, tzinfo=UTC)
    sold.sells("late", text=None, tier=Tier.PREMIUM, at=JANUARY)
    with pytest.raises(PoolUnsettled, match="1 reports of sales that are not settled"):
        release(sold)
    sold.works()
    with pytest.raises(PoolChanged, match="simulate it again"):
        release(sold, digest=digest)
    sold.sells("now", text=None, tier=Tier.PREMIUM, at=FEBRUARY)
    sold.sells("ode now", text=texts.ode, tier=Tier.PREMIUM, at=FEBRUARY)
    sold.works()
    sold.clock.now = datetime(2026, 3, 12, tzinfo=UTC)
    with pytest.raises(NotClosed):
        release(sold, "2026-02")
    release(sold)
    assert sold.broken() == []


def test_a_rule_counts_only_where_it_was_announced_before_its_notice(village, texts):
    """January can be claimed before 11 February: five days before is in time, a second less not."""
    village.registers("Ode", texts.ode, {"Ada": ALL})
    for name, text in (("ode", texts.ode), ("none", None)):
        village.sells(name, text=text, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.closes("2026-01")
    announce(village, "all-vendors", at=datetime(2026, 2, 6, 0, 0, 1, tzinfo=UTC))
    announce(village, "same-vendor", name="Later months", since="2026-02")
    with pytest.raises(NoRule):
        simulate(village)
    announce(village, "all-vendors", name="In time", at=datetime(2026, 2, 6, tzinfo=UTC))
    assert simulate(village).plan.rule.name == "In time"


def test_two_operators_approve_exactly_what_is_posted(sold):
    digest = simulate(sold).plan.digest
    with pytest.raises(PoolApprovalsMissing, match="0 of 2 operators"):
        release(sold, digest=digest, needed=2)
    for who in ("op", "op", "opal"):
        with unit_of_work(sold.database) as session:
            pools.approve(session, pool(sold), bytes.fromhex(digest), by=who, now=sold.clock())
    sold.sells("late", text=None, tier=Tier.PREMIUM, at=JANUARY)
    sold.works()
    with pytest.raises(PoolChanged):
        release(sold, digest=digest, needed=2)
    with pytest.raises(PoolApprovalsMissing, match="0 of 2"):
        release(sold, needed=2)
    refund(sold, "r", "late")
    sold.works()
    release(sold, digest=digest, needed=2)
    assert lines(sold) == {"Ode": 18 * CENT, "Essay": 36 * CENT}


def test_interest_is_added_month_by_month_by_the_rate_on_file(sold):
    """12 % a year on 0.60: 0.006 for February, and 0.003 for March at half the rate."""
    rate(sold, 120_000, date(2026, 1, 1))
    rate(sold, 60_000, date(2026, 2, 15))
    sold.closes("2026-02")
    sold.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    sold.closes("2026-03")
    told = simulate(sold)
    assert [(str(a.month), a.annual_ppm, a.nanos) for a in told.plan.content.accruals] == [
        ("2026-02", 120_000, 6_000_000),
        ("2026-03", 60_000, 3_000_000),
    ]
    assert told.plan.parts.fee_nanos == 6 * CENT
    assert gained(sold, told) == {"Ada": 109_800_000, "Ben": 73_200_000, "Bo": 366_000_000}
    release(sold)
    assert sold.balances("platform:interest") == {"platform:interest": 9_000_000}
    assert sold.balances("pool") == {}
    sold.closes("2026-04", early=True)
    assert sold.statement("Bo", "2026-04").earned_nanos == 366_000_000
    assert sold.broken() == []


def test_a_vendor_who_paid_all_has_backed_a_release_and_its_interest_too(sold):
    rate(sold, 120_000, date(2026, 1, 1))
    pays(sold, 240 * CENT)
    sold.closes("2026-02")
    release(sold)
    sold.closes("2026-03", early=True)
    assert {a: n for a, n in sold.balances("holder").items() if a.endswith("held")} == {}
    bo = sold.statement("Bo", "2026-03")
    closing = bo.closing
    assert (closing.held_nanos, closing.payable_nanos, closing.carried_nanos) == (
        0, 144 * CENT, 4_000_000,
    )  # fmt: skip
    assert sold.broken() == []


def test_nobody_is_paid_of_a_release_what_the_vendor_has_not_paid(sold):
    pays(sold, 120 * CENT)
    sold.closes("2026-02")
    release(sold)
    sold.closes("2026-03", early=True)
    balances = sold.balances("holder")
    payable = sum(n for a, n in balances.items() if a.endswith("payable"))
    assert payable <= 120 * CENT
    assert sum(balances.values()) == 216 * CENT
    assert sold.broken() == []


def test_a_refund_after_the_release_is_taken_from_those_who_got_it(sold):
    """Half of the sale without text is given back: half of what it gave to everybody."""
    release(sold)
    sold.closes("2026-02")
    refund(sold, "r", "none", 3_000_000_000)
    sold.works()
    assert sold.balances("pool") == {"pool:unmatched:acme:2026-01": -30 * CENT}
    sold.closes("2026-03", early=True)
    assert sold.balances("pool") == {}
    earned = {name: sold.statement(name, "2026-03").earned_nanos for name in ("Ada", "Ben", "Bo")}
    assert earned == {"Ada": 54_000_000, "Ben": 36_000_000, "Bo": 180_000_000}
    assert sold.broken() == []


def test_what_comes_after_the_release_goes_to_the_same_lines(sold):
    release(sold)
    sold.closes("2026-02")
    sold.sells("late", text=None, tier=Tier.PREMIUM, tokens=500_000, at=JANUARY)
    sold.works()
    sold.closes("2026-03", early=True)
    assert sold.balances("pool") == {}
    assert sold.statement("Bo", "2026-03").earned_nanos == (36 + 18) * CENT
    assert sold.broken() == []


def test_a_split_back_dated_after_the_release_moves_what_the_pool_gave_its_work(sold):
    """From 1 January on the ode was Dee's: its 0.54 of sales and its 0.18 of the pool are too."""
    release(sold)
    sold.closes("2026-02")
    sold.closes("2026-03", early=True)
    ((ode,),) = sold.tells("SELECT work_id FROM work WHERE title = 'Ode'")
    back_date(sold, ode, {"Dee": ALL}, day=date(2026, 1, 1))
    sold.works()
    sold.clock.now = datetime(2026, 4, 20, tzinfo=UTC)
    sold.closes("2026-04", early=True)
    earned = {n: sold.statement(n, "2026-04").earned_nanos for n in ("Ada", "Ben", "Dee")}
    assert earned == {"Ada": -432_000_000, "Ben": -288_000_000, "Dee": 720_000_000}
    assert sold.statement("Bo", "2026-04").earned_nanos == 0
    assert sold.broken() == []
    sold.clock.now = datetime(2026, 5, 20, tzinfo=UTC)
    sold.closes("2026-05", early=True)
    assert sold.tells("SELECT count(*) FROM pool_step") == [(2,)]
    for name in ("ode", "essay", "none"):
        refund(sold, name, name)
    sold.works()
    sold.clock.now = datetime(2026, 6, 20, tzinfo=UTC)
    sold.closes("2026-06", early=True)
    assert sold.balances() == {}
    assert sold.broken() == []


def test_a_split_back_dated_into_the_month_divides_what_the_pool_gave_by_its_days(sold):
    release(sold)
    sold.closes("2026-02")
    ((ode,),) = sold.tells("SELECT work_id FROM work WHERE title = 'Ode'")
    back_date(sold, ode, {"Dee": ALL}, day=date(2026, 1, 21))
    sold.works()
    sold.closes("2026-03", early=True)
    assert sold.statement("Ada", "2026-03").earned_nanos == 108_000_000  # sold on the 20th
    assert sold.broken() == []


def test_when_everything_is_given_back_nobody_has_anything_of_it(sold):
    rate(sold, 120_001, date(2026, 1, 1))
    sold.closes("2026-02")
    release(sold)
    for at, part in enumerate((1_234_567_891, 1, None)):
        refund(sold, f"r{at}", "none", part)
    for name in ("ode", "essay"):
        refund(sold, name, name)
    sold.works()
    sold.closes("2026-03", early=True)
    assert sold.balances() == {}
    assert sold.broken() == []


def test_an_empty_pool_is_not_released(sold):
    refund(sold, "r", "none")
    sold.works()
    with pytest.raises(NothingInPool):
        release(sold)


def test_every_figure_of_a_release_is_explained_and_can_be_made_again(sold, wellspring):
    rate(sold, 123_457, date(2026, 1, 1))
    sold.sells("odd", text=None, tier=Tier.PREMIUM, tokens=1, at=JANUARY)
    sold.works()
    sold.closes("2026-02")
    told = release(sold)
    with unit_of_work(sold.database) as session:
        said = explain_pool(session, pool(sold))
        again = pool_basis.planned_again(session, pool_releases.get(session, 1))
    assert (again.digest, again.parts) == (told.digest, told.parts)
    interest, _, works, _, posted = (rows for _, _, rows in said.tables)
    assert interest == [("2026-02", "0.60", 123_457, "6172850", 6_172_850, "none")]
    assert [row[3] for row in works] == [row[3] for row in posted]
    assert sum(row[3] for row in works) == 546_173_390
    code, out, _ = wellspring("explain", "pool", "Acme", "2026-01")
    assert (code, told.digest in out.replace("\n", "")) == (0, True)
    assert "Of that, from unmatched pools" in wellspring("explain", "line", 1)[1]


def test_a_pool_that_is_not_released_has_nothing_to_explain(sold, wellspring):
    code, _, err = wellspring("explain", "pool", "Acme", "2026-01")
    assert (code, "is not released: `pools simulate` says" in " ".join(err.split())) == (1, True)


TAMPERING = [
    ("UPDATE pool_part SET nanos = nanos + 1", "releases of pools are what was posted"),
    ("UPDATE pool_weight SET credited_nanos = 1", "each pool stays divided as it was released"),
    ("UPDATE pool_fee_basis SET nanos = nanos + 1", "each pool stays divided as it was released"),
    ("DELETE FROM journal_entry WHERE kind = 21", "releases of pools are what was posted"),
    (
        "UPDATE pool_step SET fee_nanos = fee_nanos + 1",
        "a pool is divided whole, and nothing is taken out that was not in it",
    ),
]


@pytest.mark.parametrize(("statement", "invariant"), TAMPERING)
def test_verify_finds_what_was_changed_of_a_release(sold, urls, statement, invariant):
    rate(sold, 120_000, date(2026, 1, 1))
    sold.closes("2026-02")
    release(sold)
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement).rowcount > 0
    assert invariant in {fact.partition(": ")[0] for fact in sold.broken()}
