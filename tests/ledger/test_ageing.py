"""What a vendor owes by month: receipts and write-offs fill the oldest first."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.ageing import WriteOffTooLarge, aged, check_write_off
from service.ledger.backing import Owed
from service.ledger.period import Period

JANUARY, FEBRUARY, MARCH = Period(202601), Period(202602), Period(202603)


def owing(*amounts):
    months = (JANUARY, FEBRUARY, MARCH)
    return [Owed("acme", month, nanos, {}) for month, nanos in zip(months, amounts, strict=False)]


def shown(found):
    return [
        (m.owed_nanos, m.received_nanos, m.written_off_nanos, m.open_nanos) for m in found.months
    ]


def test_receipts_fill_the_oldest_month_first_and_write_offs_come_after_them():
    found = aged(12, 5, owing(10, 10, 10))
    assert shown(found) == [(10, 10, 0, 0), (10, 2, 5, 3), (10, 0, 0, 10)]
    assert (found.open_nanos, found.unallocated_nanos) == (13, 0)


def test_what_a_later_month_took_back_lowers_the_newest_before_it():
    assert shown(aged(0, 0, owing(10, 10, -12))) == [(8, 0, 0, 8)]


def test_what_was_received_beyond_all_debt_is_shown():
    found = aged(25, 0, owing(10, 10))
    assert (found.open_nanos, found.unallocated_nanos) == (0, 5)


def test_debt_ages_from_the_end_of_its_month():
    found = aged(0, 0, owing(1, 2, 4))
    assert found.buckets(date(2026, 3, 15)) == (6, 1, 0, 0)
    assert found.buckets(date(2026, 4, 1)) == (4, 3, 0, 0)
    assert found.buckets(date(2027, 1, 1)) == (0, 0, 0, 7)


@given(
    st.lists(st.integers(-(10**6), 10**6), max_size=3),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_nothing_gets_lost(amounts, received, written_off):
    found = aged(received, written_off, owing(*amounts))
    used = sum(month.written_off_nanos for month in found.months)
    assert found.open_nanos - found.unallocated_nanos == sum(amounts) - received - used
    assert all(month.open_nanos >= 0 for month in found.months)
    assert used <= written_off


@pytest.mark.parametrize(("asked", "is_open", "off"), [(11, 10, 0), (0, 10, 5), (-6, 10, 5)])
def test_no_more_is_written_off_than_is_open_nor_taken_back_than_was(asked, is_open, off):
    with pytest.raises(WriteOffTooLarge):
        check_write_off(asked, open_nanos=is_open, written_off_nanos=off)
    assert check_write_off(10, open_nanos=10, written_off_nanos=5) == 10
    assert check_write_off(-5, open_nanos=10, written_off_nanos=5) == -5
