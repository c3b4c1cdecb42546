"""A rule counts for a month only where it was announced early enough."""

from datetime import UTC, datetime, timedelta

import pytest

from service.ledger.period import Period
from service.ledger.pool_rule import (
    BadRule,
    Method,
    NoRule,
    PoolRule,
    RuleStep,
    check_days,
    check_steps,
    rule_for,
    window_end,
)

JANUARY, FEBRUARY = Period(202601), Period(202602)
OWN, EVERYBODY, FUND = (
    RuleStep(Method.SAME_VENDOR),
    RuleStep(Method.ALL_VENDORS),
    RuleStep(Method.FUND, 1),
)


def rule(number, since, announced, *, window=1_095, notice=30):
    return PoolRule(
        number, f"Rule {number}", "Said.", since, (OWN,), window, notice, announced, "op"
    )


def test_a_window_of_three_years_ends_on_the_thousand_and_ninety_fifth_day():
    assert window_end(JANUARY, 1_095) == datetime(2029, 1, 31, tzinfo=UTC)


def test_notice_is_counted_back_from_the_end_of_the_window():
    in_time = datetime(2029, 1, 1, tzinfo=UTC)
    assert rule(1, JANUARY, in_time).counts_for(JANUARY)
    late = rule(1, JANUARY, in_time + timedelta(microseconds=1))
    assert not late.counts_for(JANUARY)
    assert late.counts_for(FEBRUARY)
    with pytest.raises(NoRule, match="no rule that counts for 2026-01"):
        rule_for([late], JANUARY)


def test_the_rule_from_the_latest_month_counts_and_of_two_the_later_announced():
    old, new = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    rules = [rule(1, JANUARY, old), rule(2, FEBRUARY, old), rule(3, FEBRUARY, new)]
    assert rule_for(rules, JANUARY).rule_id == 1
    assert rule_for(rules, FEBRUARY).rule_id == 3
    with pytest.raises(NoRule):
        rule_for(rules, Period(202512))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "at least one"),
        ((OWN, OWN), "named once"),
        ((FUND, OWN), "nothing can come after it"),
        ((RuleStep(Method.FUND),), "named by its number"),
        ((RuleStep(Method.SAME_VENDOR, 1),), "named by its number"),
    ],
)
def test_steps_that_cannot_be_gone_through_are_refused(steps, said):
    with pytest.raises(BadRule, match=said):
        check_steps(steps)


def test_steps_in_order_are_taken():
    check_steps((OWN, EVERYBODY, FUND))


@pytest.mark.parametrize(("window", "notice"), [(-1, 0), (3_661, 0), (0, -1), (0, 367)])
def test_windows_and_notices_nobody_would_mean_are_refused(window, notice):
    with pytest.raises(BadRule):
        check_days(claim_window_days=window, notice_days=notice)
