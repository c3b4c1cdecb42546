"""Back-pay takes from the pool of the sale's own month, never more than is in it, nor too late."""

from datetime import UTC, datetime

import pytest
from pool_facts import announce, pool, release, simulate

from service.ledger.tiers import Tier
from service.store import back_pay, late_matches
from service.store.database import unit_of_work
from service.store.pool_plans import PoolUnsettled
from service.store.pools import PoolReleased

JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
MARCH, MAY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
ALL, MILLION, CENT = 1_000_000, 1_000_000, 10_000_000
SAID = {"by": "op", "reason": "Printed in 2019."}


@pytest.fixture
def sold(village, texts):
    """An output of January and February that draws on an ode nobody has registered."""
    announce(village, "same-vendor", window=60)
    village.registers("Essay", texts.essay, {"Bo": ALL})
    for month, at in (("january", JANUARY), ("february", FEBRUARY)):
        village.sells(f"ode {month}", text=texts.ode, tier=Tier.PREMIUM, at=at)
        village.sells(f"none {month}", text=None, tier=Tier.PREMIUM, at=at)
        village.sells(f"essay {month}", text=texts.essay, tier=Tier.PREMIUM, at=at)
    village.works()
    village.closes("2026-01")
    village.closes("2026-02")
    return village


def registers_the_ode(town, texts):
    town.registers("Ode", texts.ode, {"Ada": ALL}, on=MARCH)
    town.works()


@pytest.fixture
def late(sold, texts):
    """The ode comes in March."""
    registers_the_ode(sold, texts)
    return sold


def grant(town):
    with unit_of_work(town.database) as session:
        (match,) = late_matches.listing(session, only_open=True, limit=10)
        decided = late_matches.approve(
            session, match.late_match_id, evidence="ISBN", now=town.clock(), **SAID
        )
        return back_pay.grant(session, decided, by="op", now=town.clock())


def test_each_sale_is_paid_out_of_the_pool_of_its_own_month(late):
    assert late.balances("pool") == {
        "pool:unmatched:acme:2026-01": 120 * CENT,
        "pool:unmatched:acme:2026-02": 120 * CENT,
    }
    assert grant(late) == 2
    late.works()
    assert late.balances("pool") == {
        "pool:unmatched:acme:2026-01": 60 * CENT,
        "pool:unmatched:acme:2026-02": 60 * CENT,
    }
    late.closes("2026-03", early=True)
    ada = late.statement("Ada", "2026-03")
    assert [(str(one.month), one.nanos) for one in ada.lines] == [
        ("2026-01", 54 * CENT),
        ("2026-02", 54 * CENT),
    ]
    assert late.broken() == []


def test_a_pool_is_not_released_while_somebody_may_claim_of_it(late):
    late.clock.now = datetime(2026, 4, 5, tzinfo=UTC)
    with pytest.raises(PoolUnsettled, match="1 late matches that nobody decided"):
        release(late)
    grant(late)
    with pytest.raises(PoolUnsettled, match="1 corrections of its sales"):
        release(late)
    late.works()
    assert simulate(late).plan.parts.principal_nanos == 60 * CENT
    release(late)
    assert late.broken() == []


def test_of_a_released_pool_nothing_is_claimed_and_of_the_others_still(sold, texts):
    """January is released on 5 April; then the ode is entered, registered as of March."""
    sold.clock.now = datetime(2026, 4, 5, tzinfo=UTC)
    release(sold)
    registers_the_ode(sold, texts)
    assert grant(sold) == 1
    sold.works()
    assert sold.balances("pool") == {"pool:unmatched:acme:2026-02": 60 * CENT}
    sold.closes("2026-03")
    assert [str(one.month) for one in sold.statement("Ada", "2026-03").lines] == ["2026-02"]
    assert sold.broken() == []


def test_a_claim_of_released_pools_alone_is_refused_and_stays_open(sold, texts):
    sold.clock.now = MAY
    for month in ("2026-01", "2026-02"):
        release(sold, month)
    registers_the_ode(sold, texts)
    with pytest.raises(PoolReleased, match="the pool of acme of 2026-01 in USD was released"):
        grant(sold)
    assert sold.tells("SELECT state FROM late_match") == [("open",)]
    assert sold.tells("SELECT count(*) FROM back_pay") == [(0,)]
    assert pool(sold).balance_nanos == 0
    assert sold.broken() == []


def test_a_claim_takes_no_more_than_was_unmatched_whatever_it_says(late):
    late.tells("UPDATE late_match SET share_ppm = 1000000 RETURNING 1")
    grant(late)
    late.works()
    late.closes("2026-03", early=True)
    assert all(nanos >= 0 for nanos in late.balances("pool").values())
    assert late.broken() == []
