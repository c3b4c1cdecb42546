"""Charts: heights in proportion, ticks round numbers, the table tells everything."""

import pytest

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.portal.chart import charts, tick_step
from service.store.earnings import Earning

DECEMBER, JANUARY = Period(202512), Period(202601)


def earned(period, tier, nanos, *, currency="USD", estimated=False):
    return Earning(1, "Acme", tier, currency, period, nanos, nanos, estimated)


@pytest.mark.parametrize(
    ("highest", "step"),
    [(0, 1), (5, 1), (6, 2), (11, 5), (26, 10), (4_900_000_000, 1_000_000_000)],
)
def test_at_most_five_round_steps_reach_the_highest(highest, step):
    assert tick_step(highest) == step


def test_nothing_earned_draws_nothing():
    assert charts([]) == []
    assert charts([earned(JANUARY, Tier.FREE, 0)]) == []


def test_bars_are_stacked_cheapest_first_in_proportion():
    (chart,) = charts(
        [
            earned(DECEMBER, Tier.PREMIUM, 2_000_000_000),
            earned(JANUARY, Tier.ELITE, 3_000_000_000, estimated=True),
            earned(JANUARY, Tier.PREMIUM, 1_000_000_000, estimated=True),
        ]
    )
    assert [tick.label for tick in chart.ticks] == ["0.00", "1.00", "2.00", "3.00", "4.00"]
    assert [tick.top for tick in chart.ticks] == [200, 150, 100, 50, 0]
    december, january = chart.bars
    assert (december.name, december.year, december.estimated) == ("Dec", "2025", False)
    assert (january.name, january.year, january.estimated) == ("Jan", "2026", True)
    assert [(s.tier, s.top, s.height) for s in january.segments] == [
        (Tier.PREMIUM, 150, 50),
        (Tier.ELITE, 0, 150),
    ]
    assert january.nanos == 4_000_000_000
    assert chart.tiers == (Tier.PREMIUM, Tier.ELITE)


def test_what_was_taken_back_is_in_the_table_and_not_in_the_drawing():
    (chart,) = charts([earned(JANUARY, Tier.PREMIUM, -5)])
    assert chart.bars[0].segments == ()
    assert chart.bars[0].sums == {Tier.PREMIUM: -5}


def test_each_currency_has_its_own_chart():
    two = charts([earned(JANUARY, Tier.ELITE, 1), earned(JANUARY, Tier.ELITE, 1, currency="EUR")])
    assert [chart.currency for chart in two] == ["EUR", "USD"]


def test_only_the_last_twelve_months_are_drawn():
    many = [earned(Period(202400 + month), Tier.ELITE, month) for month in range(1, 13)]
    (chart,) = charts([*many, earned(JANUARY, Tier.ELITE, 7)])
    assert [str(bar.period) for bar in chart.bars][:2] == ["2024-02", "2024-03"]
    assert len(chart.bars) == 12
