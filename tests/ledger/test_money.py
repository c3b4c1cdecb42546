import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.money import (
    MAX_NANOS,
    BadAmount,
    BadCurrency,
    CurrencyMixed,
    Money,
    check_currency,
    floor_to_minor,
    format_nanos,
    minor_unit_nanos,
    parse_nanos,
)


@pytest.mark.parametrize(
    ("text", "nanos", "printed"),
    [
        ("0", 0, "0.00"),
        ("12.5", 12_500_000_000, "12.50"),
        ("12.50", 12_500_000_000, "12.50"),
        ("1", 1_000_000_000, "1.00"),
        ("0.000000001", 1, "0.000000001"),
        ("-0.000000001", -1, "-0.000000001"),
        ("-3.10", -3_100_000_000, "-3.10"),
        ("007.25", 7_250_000_000, "7.25"),
        ("0.001", 1_000_000, "0.001"),
        ("9223372036.854775807", 2**63 - 1, "9223372036.854775807"),
        ("-9223372036.854775807", -(2**63 - 1), "-9223372036.854775807"),
    ],
)
def test_an_amount_is_read_and_printed_exactly(text, nanos, printed):
    assert parse_nanos(text) == nanos
    assert format_nanos(nanos) == printed


@given(st.integers(-MAX_NANOS, MAX_NANOS))
def test_what_is_printed_is_read_back(nanos):
    assert parse_nanos(format_nanos(nanos)) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "1e3", "1E3", "true",
        "\uff11\uff12", "٣", "1,000", "1.000.000", "1_000", "+1", " 1", "1 ", "1\n", ".5",
        "5.", "-", "--1", "0x10", "$1", "1.0000000001", "1234567890123", "1" * 400,
        "0." + "1" * 400, "1\x00", "10000000000", "9223372036.854775808", "-9223372036.854775808",
    ],
)  # fmt: skip
def test_whatever_else_is_no_amount(text):
    with pytest.raises(BadAmount) as refusal:
        parse_nanos(text)
    assert refusal.value.code == "bad-amount"
    assert refusal.value.facts["text"] == text[:40]


def test_minus_zero_is_zero():
    assert format_nanos(parse_nanos("-0.00")) == "0.00"


@pytest.mark.parametrize(
    ("nanos", "digits", "printed"),
    [
        (1_575_000_000, 2, "1.57"),
        (-1_575_000_000, 2, "-1.57"),
        (999_999_999, 2, "0.99"),
        (1_999_999_999, 0, "1"),
        (1_500_000_000, 6, "1.500000"),
    ],
)
def test_tables_cut_toward_zero_and_never_round_up(nanos, digits, printed):
    assert format_nanos(nanos, digits=digits) == printed


@pytest.mark.parametrize(
    ("currency", "unit"),
    [("USD", 10_000_000), ("EUR", 10_000_000), ("JPY", 1_000_000_000), ("KWD", 1_000_000)],
)
def test_the_smallest_unit_a_bank_moves(currency, unit):
    assert minor_unit_nanos(currency) == unit


@pytest.mark.parametrize(
    ("nanos", "currency", "floored"),
    [
        (1_999_999_999, "USD", 1_990_000_000),
        (1_999_999_999, "JPY", 1_000_000_000),
        (1_999_999_999, "KWD", 1_999_000_000),
        (999_999_999, "JPY", 0),
        (9_999_999, "USD", 0),
        (10_000_000, "USD", 10_000_000),
        (-1, "USD", 0),
        (-5_000_000_000, "JPY", 0),
    ],
)
def test_payable_is_floored_to_whole_minor_units(nanos, currency, floored):
    assert floor_to_minor(nanos, currency) == floored


def test_two_currencies_are_never_added():
    assert str(Money(1_500_000_000, "USD") + Money(1, "USD")) == "1.500000001 USD"
    with pytest.raises(CurrencyMixed) as refusal:
        Money(1, "USD") + Money(1, "EUR")
    assert refusal.value.facts == {"left": "USD", "right": "EUR"}


@pytest.mark.parametrize(
    "code", ["usd", "US", "USDX", "", "US1", "\uff35\uff33\uff24", "USD\n", " USD", "УСД"]
)
def test_a_currency_is_three_capitals(code):
    with pytest.raises(BadCurrency):
        check_currency(code)
    assert check_currency("KWD") == "KWD"
