"""An advance is earned back by its own vendor's sales, never by what is contested or not earned."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.advance import (
    Advance,
    AdvanceStep,
    BadAdvance,
    Standing,
    legs,
    recoupments,
    shortfall,
)
from service.ledger.period import Period

ADA, ODE, ESSAY = 7, 1, 2


def an_advance(nanos=1_000, *, number=1, works=None, guarantee=0, until=None):
    return Advance(number, "acme", ADA, "USD", nanos, works, guarantee, until)


def stands(advance, *, earned, recouped=0, contested=0, made_up=0, paid=None):
    paid = advance.amount_nanos if paid is None else paid
    return Standing(advance, paid, recouped, made_up, earned, contested)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (stands(an_advance(), earned=400), {1: 400}),
        (stands(an_advance(), earned=2_500), {1: 1_000}),
        (stands(an_advance(), earned=2_500, recouped=400), {1: 600}),
        (stands(an_advance(), earned=400, recouped=400), {}),
        (stands(an_advance(), earned=150, recouped=400), {1: -250}),  # a refund took it back
        (stands(an_advance(), earned=-50, recouped=400), {1: -400}),
        (stands(an_advance(), earned=400, contested=300), {1: 100}),
        (stands(an_advance(), earned=400, paid=0), {}),  # the vendor's money has not come
        (stands(an_advance(), earned=100, made_up=300), {1: 400}),
    ],
)
def test_what_is_earned_and_not_contested_is_recouped_up_to_the_advance(standing, expected):
    assert recoupments([standing]) == expected


def test_the_older_of_two_advances_on_the_same_works_is_recouped_first():
    first, second = an_advance(), an_advance(500, number=2, works=frozenset({ODE}))
    both = [stands(second, earned=1_200), stands(first, earned=1_200)]
    assert recoupments(both) == {1: 1_000, 2: 200}


def test_advances_on_other_works_do_not_meet():
    ode = an_advance(works=frozenset({ODE}))
    essay = an_advance(500, number=2, works=frozenset({ESSAY}))
    assert recoupments([stands(ode, earned=300), stands(essay, earned=400)]) == {1: 300, 2: 400}


def test_what_a_guarantee_is_short_of_is_asked_at_the_end_of_its_last_month():
    one = an_advance(guarantee=5_000, until=date(2026, 3, 15))
    assert not one.guarantee_due(Period.parse("2026-02"))
    assert one.guarantee_due(Period.parse("2026-03"))
    assert shortfall(stands(one, earned=3_200)) == 1_800
    assert shortfall(stands(one, earned=5_001)) == 0


@pytest.mark.parametrize(
    "terms",
    [
        {"nanos": 0},
        {"nanos": -1},
        {"nanos": 2**63},
        {"nanos": 1_000, "guarantee": 999, "until": date(2026, 3, 1)},
        {"nanos": 1_000, "guarantee": 1_000},
    ],
)
def test_an_advance_that_makes_no_sense_is_refused(terms):
    with pytest.raises(BadAdvance):
        an_advance(**terms)


@pytest.mark.parametrize("step", AdvanceStep)
def test_every_step_is_balanced(step):
    posted = legs(an_advance(), step, 300)
    assert sum(posted.values()) == 0
    account = "bank" if step is AdvanceStep.ADVANCE else "vendor:acme:receivable"
    assert abs(posted[account]) == 300


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(-(10**6), 10**6), st.integers(0, 10**6)),
        min_size=1,
        max_size=5,
    )
)
def test_nobody_recoups_more_than_was_paid_or_earned(facts):
    standings = [
        stands(an_advance(nanos, number=n), earned=earned, contested=contested)
        for n, (nanos, earned, contested) in enumerate(facts)
    ]
    found = recoupments(standings)
    for one in standings:
        nanos = found.get(one.advance.advance_id, 0)
        assert 0 <= nanos <= one.advance.amount_nanos
        assert nanos <= max(one.earned_nanos - one.contested_nanos, 0)
