"""A pool is divided whole, once; what changes later follows the same proportion to the nano."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.money import MAX_NANOS
from service.ledger.period import Period
from service.ledger.pool_release import (
    Claimant,
    NobodyGains,
    NothingInPool,
    Parts,
    PoolContent,
    PoolKey,
    PoolTooLarge,
    in_lines,
    interest_legs,
    minus,
    plan,
    release_legs,
    target,
)
from service.ledger.pool_rule import Method, PoolRule, RuleStep
from service.ledger.tiers import Tier

POOL = PoolKey("acme", Period(202601), "USD")
OWN, ALL, FUND = RuleStep(Method.SAME_VENDOR), RuleStep(Method.ALL_VENDORS), RuleStep("fund", 1)
RULE = PoolRule(
    1, "The rule", "Said.", Period(202601), (OWN, ALL), 10, 5, datetime(2026, 1, 1, tzinfo=UTC),
    "op",
)  # fmt: skip
TEN_PERCENT = 100_000


def line(work, nanos, *, version=1, day="2026-01-01", tier=Tier.PREMIUM):
    return Claimant(work, version, day, tier, nanos)


def planned(content, *lines, rule=RULE):
    return plan(POOL, rule, content, lambda _: lines)


def test_a_pool_is_divided_by_what_lines_earned_less_the_fee():
    found = planned(PoolContent({TEN_PERCENT: 600}), line(1, 10), line(2, 20))
    assert found.parts == Parts(
        600, 0, 60, {"work:1/2026-01-01/premium": 180, "work:2/2026-01-01/premium": 360}
    )
    ids = {"work:1/2026-01-01/premium": 11, "work:2/2026-01-01/premium": 12}
    assert release_legs(POOL, in_lines(found.parts, ids)) == {
        "pool:unmatched:acme:2026-01": 600,
        "platform:fee": -60,
        "line:11": -180,
        "line:12": -360,
    }


def test_each_part_of_a_pool_pays_the_fee_of_its_own_contract():
    found = planned(PoolContent({TEN_PERCENT: 600, 0: 400}), line(1, 1))
    assert (found.parts.fee_nanos, sum(found.parts.by_name.values())) == (60, 940)


def test_the_first_step_that_finds_somebody_takes_the_whole_pool():
    found = {OWN: [line(1, 0), line(2, -5)], ALL: [line(3, 1)]}
    told = plan(POOL, RULE, PoolContent({0: 7}), found.__getitem__)
    assert (told.step, dict(told.parts.by_name)) == (ALL, {"work:3/2026-01-01/premium": 7})


def test_a_rule_that_finds_nobody_is_refused_by_name():
    with pytest.raises(NobodyGains, match="rule 'The rule' finds nobody"):
        planned(PoolContent({0: 7}))


@pytest.mark.parametrize("nanos", [0, -1])
def test_an_empty_pool_is_refused(nanos):
    with pytest.raises(NothingInPool):
        planned(PoolContent({0: nanos}), line(1, 1))


def test_a_pool_of_more_than_a_posting_is_refused():
    with pytest.raises(PoolTooLarge):
        planned(PoolContent({0: MAX_NANOS, TEN_PERCENT: 1}), line(1, 1))


def test_versions_of_one_day_are_one_claim_of_the_newest():
    """A back-dated split supersedes a version of the same day: its line has the money by now."""
    found = planned(PoolContent({0: 8}), line(1, 3, version=4), line(1, 1, version=9))
    (one,) = found.claimants.values()
    assert (one.rights_version_id, one.credited_nanos) == (9, 4)


def test_no_order_of_lines_and_no_serial_number_changes_the_digest():
    content = PoolContent({TEN_PERCENT: 1_001})
    lines = [line(n, n * 7) for n in range(1, 9)]
    digest = planned(content, *lines).digest
    assert planned(content, *reversed(lines)).digest == digest
    assert planned(content, *(replace(x, rights_version_id=90) for x in lines)).digest == digest
    assert planned(content, *lines[1:]).digest != digest
    assert planned(replace(content, by_fee_ppm={TEN_PERCENT: 1_002}), *lines).digest != digest


def test_interest_is_the_platforms():
    assert interest_legs(POOL, Parts(10, 3, 1, {"a": 12})) == {
        "platform:interest": 3,
        "pool:unmatched:acme:2026-01": -3,
    }


A, B = "work:1/2026-01-01/elite", "work:2/2026-01-01/elite"
FIRST = Parts(600, 6, 60, {A: 180, B: 366})


@pytest.mark.parametrize(
    ("principal", "wanted"),
    [
        (600, FIRST),
        (0, Parts(0, 0, 0, {})),
        (300, Parts(300, 3, 30, {A: 90, B: 183})),
        (1_200, Parts(1_200, 6, 120, {A: 358, B: 728})),  # what came later yields no interest
    ],
)
def test_a_later_change_follows_the_proportion_of_the_release(principal, wanted):
    assert target(POOL, FIRST, principal) == wanted


def test_a_split_back_dated_since_moves_the_part_of_its_work_alone():
    """From the middle of January on work 1 is another version's, by what its sales earn now."""
    later = "work:1/2026-01-16/elite"
    changed = {"work:1/elite": {A: 100, later: 200}}
    assert target(POOL, FIRST, 600, changed) == Parts(600, 6, 60, {A: 60, later: 120, B: 366})


def test_works_and_tiers_are_divided_first_and_the_versions_of_a_work_among_themselves():
    """Ten nanos among two works of equal weight are five each, however many versions share."""
    many = [line(1, 1, version=n, day=f"2026-01-0{n}") for n in range(1, 4)]
    found = planned(PoolContent({0: 10}), *many, line(2, 3)).parts.by_name
    assert found["work:2/2026-01-01/premium"] == 5
    assert sum(nanos for name, nanos in found.items() if name.startswith("work:1/")) == 5


amounts = st.integers(1, 10**15)
weights = st.lists(st.integers(-(10**6), 10**15), min_size=1, max_size=8).filter(
    lambda some: max(some) > 0
)


@given(st.dictionaries(st.sampled_from([0, 1, TEN_PERCENT, 10**6]), amounts, min_size=1), weights)
def test_nothing_is_lost_and_nobody_gets_less_than_nothing(by_fee, earned):
    found = planned(PoolContent(by_fee), *(line(n, w) for n, w in enumerate(earned, 1)))
    given_to = found.parts.by_name
    assert found.parts.fee_nanos + sum(given_to.values()) == sum(by_fee.values())
    assert all(nanos > 0 for nanos in given_to.values())
    whole = sum(w for w in earned if w > 0)
    for name, one in found.claimants.items():
        exact = (sum(by_fee.values()) - found.parts.fee_nanos) * one.credited_nanos
        assert abs(given_to[name] * whole - exact) < whole


@given(
    st.integers(1, 10**12), st.integers(0, 10**9), st.integers(0, 10**6), weights,
    st.lists(st.integers(0, 2 * 10**12), max_size=5),
)  # fmt: skip
def test_any_changes_that_end_where_they_began_leave_nothing_behind(
    principal, interest, fee_ppm, earned, changes
):
    """Target minus posted, one change after the other; at last all is given back."""
    content = PoolContent({fee_ppm: principal})
    told = planned(content, *(line(n, w) for n, w in enumerate(earned, 1))).parts
    extra = {"work:99/2026-01-01/elite": interest} if interest else {}
    first = Parts(principal, interest, told.fee_nanos, {**told.by_name, **extra})
    nothing = Parts(0, 0, 0, {})
    posted = first
    for stands in (*changes, principal, 0):
        step = minus(target(POOL, first, stands), posted)
        posted = minus(posted, minus(nothing, step))
        assert posted.principal_nanos == stands
        assert stands != principal or minus(posted, first) == nothing
    assert posted == nothing
