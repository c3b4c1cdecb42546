"""Interest on a pool: simple, whole months, rounded down; the platform pays it and backs it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_backing import owes

from service.ledger.backing import backed
from service.ledger.interest import BadRate, InterestRate, accrued, owed_with
from service.ledger.period import Period

JANUARY, APRIL = Period(202601), Period(202604)
TWELVE_PERCENT = InterestRate("USD", date(2026, 1, 1), 120_000)


def test_each_whole_month_yields_a_twelfth_of_the_years_rate():
    found = accrued({JANUARY: 1_000}, [TWELVE_PERCENT], after=JANUARY, before=APRIL)
    assert [(str(one.month), one.balance_nanos, one.nanos) for one in found] == [
        ("2026-02", 1_000, 10),
        ("2026-03", 1_000, 10),
    ]


def test_interest_bears_no_interest_and_a_fraction_of_a_nano_is_dropped():
    found = accrued({JANUARY: 199}, [TWELVE_PERCENT], after=JANUARY, before=Period(202605))
    assert [one.nanos for one in found] == [1, 1, 1]


def test_a_month_counts_what_lay_there_at_its_start_at_the_rate_of_its_first_day():
    later = InterestRate("USD", date(2026, 3, 1), 60_000)
    moved = {JANUARY: 1_000, Period(202602): -400, Period(202603): 5_000}
    found = accrued(moved, [later, TWELVE_PERCENT], after=JANUARY, before=APRIL)
    assert [(one.balance_nanos, one.annual_ppm, one.nanos) for one in found] == [
        (1_000, 120_000, 10),
        (600, 60_000, 3),
    ]


def test_without_a_rate_or_a_balance_nothing_is_yielded():
    late = InterestRate("USD", date(2026, 3, 2), 120_000)
    assert accrued({JANUARY: 1_000}, [late], after=JANUARY, before=APRIL) == ()
    assert accrued({JANUARY: 1_000}, [], after=JANUARY, before=APRIL) == ()
    assert accrued({JANUARY: -5}, [TWELVE_PERCENT], after=JANUARY, before=APRIL) == ()


@pytest.mark.parametrize("ppm", [-1, 1_000_001])
def test_a_rate_that_is_none_is_refused(ppm):
    with pytest.raises(BadRate):
        InterestRate("USD", date(2026, 1, 1), ppm)


earnings = st.lists(
    st.dictionaries(st.integers(1, 3), st.integers(0, 1_000), max_size=3), min_size=1, max_size=4
)


@given(earnings, st.lists(st.integers(0, 500), min_size=4, max_size=4), st.data())
def test_a_pool_released_later_is_backed_by_its_vendor_and_its_interest_by_the_platform(
    earned, pools, data
):
    """Each month feeds a pool; a later month gives all of it, and interest, to a holder."""
    months = [
        owes(Period(202601 + at), sum(own.values()) + pools[at], own)
        for at, own in enumerate(earned)
    ]
    pool = sum(pools[: len(months)])
    interest = data.draw(st.integers(0, 50)) if pool else 0
    last = Period(202610)
    months.append(owes(last, 0, {9: pool + interest}))
    paid = {last: interest} if interest else {}
    owed = sum(one.owed_nanos for one in months)
    whole = owed_with(months, paid)
    stands = backed(owed + interest, whole)
    for month in months:
        for holder, nanos in month.earned.items():
            assert stands[month.period, holder] == nanos
    received = data.draw(st.integers(0, owed))
    some = backed(received + interest, whole)
    assert sum(some.values()) <= received + interest
    assert all(nanos >= 0 for nanos in some.values())
