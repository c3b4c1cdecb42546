import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.backing import Owed, backed
from service.ledger.period import Period

JANUARY, FEBRUARY, MARCH = (Period(202601 + at) for at in range(3))
ADA, BEN = 1, 2


def owes(period, nanos, earned):
    return Owed("acme", period, nanos, earned)


# Acme owes 100 for January, 90 of it to Ada; 50 for February: 27 to Ada, 18 to Ben.
TWO_MONTHS = [owes(JANUARY, 100, {ADA: 90}), owes(FEBRUARY, 50, {ADA: 27, BEN: 18})]


@pytest.mark.parametrize(
    ("received", "january", "february", "ben"),
    [
        (0, 0, 0, 0),
        (50, 45, 0, 0),
        (100, 90, 0, 0),
        (110, 90, 5, 4),  # a fifth of February: 5.4, 3.6 and 1 for the rest
        (150, 90, 27, 18),
        (10**9, 90, 27, 18),
    ],
)
def test_receipts_fill_the_oldest_month_first(received, january, february, ben):
    stands = backed(received, TWO_MONTHS)
    assert stands == {(JANUARY, ADA): january, (FEBRUARY, ADA): february, (FEBRUARY, BEN): ben}


def test_the_order_in_which_months_are_told_changes_nothing():
    assert backed(110, TWO_MONTHS[::-1]) == backed(110, TWO_MONTHS)


def test_a_later_clawback_cancels_what_was_not_backed_yet():
    months = [owes(JANUARY, 100, {ADA: 90}), owes(FEBRUARY, -30, {ADA: -27})]
    assert backed(0, months) == {(JANUARY, ADA): 0, (FEBRUARY, ADA): 0}
    assert backed(70, months) == {(JANUARY, ADA): 63, (FEBRUARY, ADA): 0}


def test_a_vendor_that_paid_all_it_owes_holds_nobody_up_for_anothers_clawback():
    months = [owes(JANUARY, 166, {ADA: 90, BEN: 60}), owes(FEBRUARY, 34, {ADA: 90, BEN: -60})]
    stands = backed(200, months)
    assert stands == {
        (JANUARY, ADA): 90,
        (JANUARY, BEN): 0,
        (FEBRUARY, ADA): 90,
        (FEBRUARY, BEN): 0,
    }


def test_what_is_taken_back_beyond_all_earnings_needs_no_backing():
    months = [owes(JANUARY, -10, {ADA: -9}), owes(FEBRUARY, 40, {ADA: 36})]
    assert backed(0, months) == {(JANUARY, ADA): -9, (FEBRUARY, ADA): 9}
    assert backed(30, months) == {(JANUARY, ADA): -9, (FEBRUARY, ADA): 36}


def test_a_vendor_that_owes_nothing_backs_nothing():
    assert backed(100, []) == {}
    assert backed(100, [owes(JANUARY, 0, {})]) == {}


@st.composite
def months(draw, *, least=-1_000):
    told = []
    for at in range(draw(st.integers(1, 5))):
        earned = draw(st.dictionaries(st.integers(1, 4), st.integers(least, 1_000), max_size=4))
        rest = draw(st.integers(0, 300))
        told.append(owes(Period(202601 + at), sum(earned.values()) + rest, earned))
    return told


@given(months(), st.integers(0, 5_000))
def test_never_more_is_backed_than_was_received(owed, received):
    assert sum(backed(received, owed).values()) <= received


@given(months(least=0), st.integers(0, 5_000))
def test_a_month_is_backed_only_once_all_before_it_are(owed, received):
    stands, left = backed(received, owed), received
    for month in owed:
        parts = {h: stands[month.period, h] for h in month.earned}
        if left >= month.owed_nanos:
            assert parts == dict(month.earned)
        assert all(0 <= parts[h] <= month.earned[h] for h in parts)
        assert sum(parts.values()) <= max(left, 0)
        left -= month.owed_nanos


@given(months(), st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_further_receipt_takes_nobodys_backing_away(owed, received, further):
    before, after = backed(received, owed), backed(received + further, owed)
    # the largest remainder may move one nano the other way, within a month
    assert all(after[key] >= before[key] - 1 for key in before)
    for month in owed:
        of_month = [(month.period, holder) for holder in month.earned]
        assert sum(after[key] for key in of_month) >= sum(before[key] for key in of_month) - 1


@given(months())
def test_a_vendor_that_paid_all_it_owes_backs_all_that_was_earned(owed):
    stands = backed(max(sum(month.owed_nanos for month in owed), 0), owed)
    for holder in range(1, 5):
        earned = sum(month.earned.get(holder, 0) for month in owed)
        assert sum(n for (_, who), n in stands.items() if who == holder) == earned
