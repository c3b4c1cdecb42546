"""The smallest amount that is paid out, for all currencies and for single ones."""

import pytest

from service.ledger.threshold import BadThreshold, Threshold, parse_threshold

UNIT = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.00", {"USD": 0, "JPY": 0}),
        ("10.00", {"USD": 10 * UNIT, "JPY": 10 * UNIT}),
        ("10, JPY=1000, KWD = 3.5", {"USD": 10 * UNIT, "JPY": 1_000 * UNIT, "KWD": 3_500_000_000}),
        ("JPY=1000", {"USD": 0, "JPY": 1_000 * UNIT}),
    ],
)
def test_each_currency_has_its_own_or_that_of_all(text, expected):
    threshold = parse_threshold(text)
    assert {currency: threshold.of(currency) for currency in expected} == expected


def test_without_one_everything_is_paid():
    assert Threshold().of("USD") == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ten",
        "-1",
        "1e3",
        "10, 20",
        "JPY=1, JPY=2",
        "JPY=1, 10",
        "jpy=1",
        "JPYY=1",
        "=1",
        "JPY=",
    ],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(BadThreshold, match=r"write 10\.00, or 10\.00, JPY=1000"):
        parse_threshold(text)
