from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.period import Period
from service.ledger.release import Credit, Line, release, release_legs, standing
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier

JANUARY, FEBRUARY = Period.parse("2026-01"), Period.parse("2026-02")
ADA, BEN, CLEO = 1, 2, 3


def a_line(shares, *, upstream=None, line_id=1):
    rights = RightsVersion(9, 5, date(2026, 1, 1), shares, upstream or {})
    return Line(line_id, rights, "acme", Tier.ELITE, "USD")


def test_a_credit_goes_to_the_holders_by_their_shares():
    (part,) = release(a_line({ADA: 600_000, BEN: 400_000}), 0, [Credit(JANUARY, 12_150)])
    assert (part.month, part.to_holder, part.to_upstream) == (JANUARY, {ADA: 7_290, BEN: 4_860}, {})


def test_a_derivative_passes_its_upstream_share_on():
    line = a_line({ADA: 500_000, BEN: 500_000}, upstream={77: 200_000})
    (part,) = release(line, 0, [Credit(JANUARY, 1_000)])
    assert part.to_upstream == {77: 200}
    assert part.to_holder == {ADA: 400, BEN: 400}


def test_a_derivative_may_pass_on_everything():
    (part,) = release(a_line({ADA: 1_000_000}, upstream={77: 1_000_000}), 0, [Credit(JANUARY, 9)])
    assert (part.to_holder, part.to_upstream) == ({}, {77: 9})


def test_one_nano_a_month_reaches_everybody_in_turn():
    line, paid = a_line({ADA: 500_000, BEN: 500_000}), []
    for credited in range(4):
        (part,) = release(line, credited, [Credit(Period(202601 + credited), 1)])
        paid += list(part.to_holder.items())
    assert sorted(paid) == [(ADA, 1), (ADA, 1), (BEN, 1), (BEN, 1)]


def test_a_line_refunded_to_zero_takes_everything_back():
    line = a_line({ADA: 333_333, BEN: 333_333, CLEO: 333_334})
    (first,) = release(line, 0, [Credit(JANUARY, 100)])
    (second,) = release(line, 100, [Credit(JANUARY, -100)])
    assert sum(first.to_holder.values()) == 100
    assert second.to_holder == {holder: -nanos for holder, nanos in first.to_holder.items()}


def test_credits_of_several_months_are_released_oldest_first():
    parts = release(a_line({ADA: 1_000_000}), 0, [Credit(FEBRUARY, 5), Credit(JANUARY, -2)])
    assert [(str(part.month), part.to_holder) for part in parts] == [
        ("2026-01", {ADA: -2}),
        ("2026-02", {ADA: 5}),
    ]


def test_a_credit_of_nothing_releases_nothing():
    (part,) = release(a_line({ADA: 1_000_000}), 7, [Credit(JANUARY, 0)])
    assert (part.to_holder, part.to_upstream) == ({}, {})


def test_the_tie_of_a_line_is_of_public_names_and_not_of_its_number():
    assert a_line({ADA: 1_000_000}, line_id=1).tie == a_line({ADA: 1_000_000}, line_id=2).tie


any_upstream = st.dictionaries(st.integers(70, 79), st.integers(1, 300_000), max_size=3)


@st.composite
def lines(draw):
    cuts = sorted(draw(st.lists(st.integers(1, 999_999), max_size=5, unique=True)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]
    return a_line(dict(enumerate(parts, start=1)), upstream=draw(any_upstream))


any_credits = st.lists(st.integers(-10, 10) | st.integers(-(2**62), 2**62), min_size=1, max_size=12)


@given(lines(), any_credits)
def test_the_parts_of_all_periods_add_up_to_the_standing(line, nanos):
    credited, holders, upstream = 0, {}, {}
    for at, credit in enumerate(nanos):
        (part,) = release(line, credited, [Credit(Period(202601 + at), credit)])
        given_out = sum(part.to_holder.values()) + sum(part.to_upstream.values())
        assert given_out == credit
        credited += credit
        for kept, moved in ((holders, part.to_holder), (upstream, part.to_upstream)):
            for key, n in moved.items():
                kept[key] = kept.get(key, 0) + n
    for stands, came in zip(standing(line, credited), (holders, upstream), strict=True):
        assert {key: n for key, n in stands.items() if n} == {k: n for k, n in came.items() if n}


@given(lines(), any_credits)
def test_months_released_at_once_or_one_by_one_come_to_the_same(line, nanos):
    credits = [Credit(Period(202601 + at), n) for at, n in enumerate(nanos)]
    at_once, credited = release(line, 50, credits), 50
    for credit, part in zip(credits, at_once, strict=True):
        assert release(line, credited, [credit]) == (part,)
        credited += credit.nanos


@given(lines(), any_credits)
def test_nobody_ever_drifts_a_nano_from_the_exact_fraction(line, nanos):
    credited = sum(nanos)
    holders, upstream = standing(line, credited)
    own = 1_000_000 - sum(line.rights.upstream_ppm.values())
    for holder, stands_at in holders.items():
        exact = Fraction(credited * own * line.rights.shares_ppm[holder], 10**12)
        assert abs(stands_at - exact) < 1
    for version, stands_at in upstream.items():
        exact = Fraction(credited * line.rights.upstream_ppm[version], 10**6)
        assert abs(stands_at - exact) < 1


def test_many_months_of_tiny_credits_pay_a_thousand_equal_holders_alike():
    line = a_line(dict.fromkeys(range(1, 1001), 1000))
    holders, _ = standing(line, 1_000 * 7)
    assert set(holders.values()) == {7}


@pytest.mark.parametrize(
    ("credited", "to", "legs"),
    [
        (100, [("holder:1:held", 60), ("line:4", 40)],
         {"line:3": 100, "holder:1:held": -60, "line:4": -40}),
        (-5, [("holder:1:held", -5)], {"line:3": -5, "holder:1:held": 5}),
        (0, [("holder:1:held", 1), ("holder:2:held", -1)],
         {"holder:1:held": -1, "holder:2:held": 1}),
        (3, [("holder:1:held", 1), ("holder:1:held", 2)], {"line:3": 3, "holder:1:held": -3}),
    ],
)  # fmt: skip
def test_the_line_is_debited_and_everybody_else_credited(credited, to, legs):
    assert release_legs("line:3", credited, to) == legs
