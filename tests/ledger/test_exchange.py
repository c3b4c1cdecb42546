from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.exchange import BadRate, Rate, format_ratio, parse_ratio

DAY = date(2026, 2, 2)


def rate(text, source="USD", target="JPY"):
    return Rate(1, source, target, *parse_ratio(text), DAY, "ECB")


@pytest.mark.parametrize(
    ("text", "ratio"),
    [("149.23", (14_923, 100)), ("1", (1, 1)), ("0.50", (5, 10)), ("0.000000000001", (1, 10**12))],
)
def test_a_rate_is_read_exactly(text, ratio):
    assert parse_ratio(text) == ratio
    assert parse_ratio(format_ratio(*ratio)) == ratio


@pytest.mark.parametrize(
    "text", ["", "0", "0.000", "-1", "1e3", "1,5", " 1", "1.0000000000001", "1234567890", "\uff11"]
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(BadRate, match="is not a rate"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("source", "target", "text", "nanos", "buys", "costs"),
    [
        # 47.05 x 149.23 = 7,021.2715 yen: 7,021 are bought, and cost a little less than 47.05
        ("USD", "JPY", "149.23", 47_050_000_000, 7_021_000_000_000, 47_048_180_661),
        # three digits: 10 x 0.30712 = 3.0712 dinars, 3.071 are bought
        ("USD", "KWD", "0.30712", 10_000_000_000, 3_071_000_000, 9_999_348_789),
        # 1 yen is not a cent's worth of itself: 1 x 0.0067 = 0.0067 dollars, nothing is bought
        ("JPY", "USD", "0.0067", 1_000_000_000, 0, 0),
        ("EUR", "USD", "1.1", 3_000_000_000, 3_300_000_000, 3_000_000_000),
    ],
)
def test_whole_minor_units_are_bought_and_cost_the_least_that_buys_them(
    source, target, text, nanos, buys, costs
):
    one = rate(text, source, target)
    assert one.buys(nanos) == buys
    assert one.costs(buys) == costs


@given(
    st.integers(0, 10**15),
    st.integers(1, 10**9),
    st.sampled_from([1, 10, 10**6, 10**12]),
    st.sampled_from(["JPY", "USD", "KWD"]),
)
def test_what_is_bought_never_costs_more_than_there_was(nanos, numerator, denominator, target):
    one = Rate(1, "EUR", target, numerator, denominator, DAY, "")
    bought = one.buys(nanos)
    assert one.costs(bought) <= nanos
    assert one.buys(one.costs(bought)) >= bought
