from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.period import BadPeriod, Period


@pytest.mark.parametrize(
    ("instant", "period"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01"),
        (datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC), "2026-01"),
        (datetime(2026, 2, 1, tzinfo=UTC), "2026-02"),
        (datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), "2024-02"),
        (datetime(2024, 3, 1, tzinfo=UTC), "2024-03"),
        (datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC), "2025-02"),
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "2025-12"),
        # the month of an instant is that of its UTC date, wherever it was written down
        (datetime(2026, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01"),
        (datetime(2026, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))), "2026-02"),
        (datetime(2026, 1, 1, 13, 59, tzinfo=timezone(timedelta(hours=14))), "2025-12"),
    ],
)
def test_an_instant_belongs_to_its_month_in_utc(instant, period):
    assert str(Period.of(instant)) == period


def test_a_month_is_half_open():
    month = Period.parse("2024-02")
    assert month.start == datetime(2024, 2, 1, tzinfo=UTC)
    assert month.end == datetime(2024, 3, 1, tzinfo=UTC)
    assert month.first_day == date(2024, 2, 1)
    assert Period.of(month.end) == month.next()
    assert Period.of(month.end - timedelta(microseconds=1)) == month


def test_a_year_ends_with_december():
    assert Period.parse("2025-12").next() == Period.parse("2026-01")
    assert Period.parse("2025-12") < Period.parse("2026-01")
    assert Period.parse("2025-12").number == 202512


@given(st.datetimes(datetime(2000, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants them naive
def test_every_instant_lies_in_its_period_and_the_text_reads_back(instant):
    period = Period.of(instant)
    assert period.start <= instant < period.end
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-1", "2026-00", "2026-13", "2026-01-01", "26-01", "1999-12", "9999-01",
     "2026-01\n", " 2026-01", "\uff12\uff10\uff12\uff16-01", "2026/01", "-2026-01", "2026-1e"],
)  # fmt: skip
def test_whatever_else_is_no_period(text):
    with pytest.raises(BadPeriod) as refusal:
        Period.parse(text)
    assert refusal.value.facts == {"text": text}
