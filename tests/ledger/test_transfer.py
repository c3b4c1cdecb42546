"""A transfer: tax, fee, exchange; every entry of every step sums to zero in its currency."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.exchange import Rate, parse_ratio
from service.ledger.journal import Kind
from service.ledger.money import minor_unit_nanos
from service.ledger.payout import PayoutState
from service.ledger.tax import withheld
from service.ledger.transfer import Fee, NothingLeft, Transfer, divide, entries

DAY = date(2026, 2, 2)
YEN = Rate(1, "USD", "JPY", *parse_ratio("149.23"), DAY, "ECB")
DOLLAR = 10**9
ABROAD = {"tax_rule": "jp", "tax_ppm": 204_200, "fee": Fee(1_500_000_000), "rate": YEN}


def figures(one):
    return one.gross_nanos, one.tax_nanos, one.fee_nanos, one.net_nanos, one.paid_nanos


def test_at_home_the_net_is_paid():
    one = divide(7, "USD", 47_050_000_000, tax_rule="us", tax_ppm=240_000, fee=Fee(DOLLAR, 10_000))
    # 24 % of 47.05 are 11.292, 1 % are 0.4705: both are cut to the cent
    assert figures(one) == (47_050_000_000, 11_290_000_000, 1_470_000_000, *[34_290_000_000] * 2)


def test_abroad_what_buys_no_whole_yen_is_not_taken():
    one = divide(7, "USD", 47_050_000_000, **ABROAD)
    # 47.05 - 9.60 - 1.50 = 35.95 buy 5,364.8185 yen; 5,364 cost 35.944515178
    assert figures(one) == (
        47_044_515_178,
        9_600_000_000,
        1_500_000_000,
        35_944_515_178,
        5_364_000_000_000,
    )
    assert (one.tax_rule, one.to_currency) == ("jp", "JPY")


def test_where_less_taken_is_taxed_less_the_cent_buys_too():
    """Taking 0.0066 less of 10.04 takes 2.01 instead of 2.02 as tax: the cent buys another yen."""
    rate = Rate(1, "USD", "JPY", *parse_ratio("149.9"), DAY, "ECB")
    one = divide(7, "USD", 10_050_000_000, tax_rule="x", tax_ppm=200_000, rate=rate)
    # 10.05 - 2.01 = 8.04 buy 1,205 yen, which cost 8.038692461; of 10.048692462 the tax is 2.00,
    # and 8.048692462 buy 1,206, which cost 8.045363576
    assert figures(one) == (
        10_045_363_576,
        2_000_000_000,
        0,
        8_045_363_576,
        1_206_000_000_000,
    )


@pytest.mark.parametrize(
    ("gross", "more"),
    [
        (1_490_000_000, {"fee": Fee(1_490_000_000)}),
        (10_000_000, {"fee": Fee(1_490_000_000)}),
        (10_000_000, {"rate": Rate(1, "USD", "KWD", 1, 1_000, DAY, "")}),
    ],
)
def test_where_nothing_is_left_nothing_is_taken(gross, more):
    with pytest.raises(NothingLeft, match="leave nothing to pay"):
        divide(7, "USD", gross, **more)


AT_HOME = Transfer(7, "USD", 50, "us", 12, 3, "USD", 35)
PLAIN = Transfer(7, "USD", 50, "", 0, 0, "USD", 50)
IN_YEN = Transfer(7, "USD", 50, "jp", 12, 3, "JPY", 5_000)
TAKEN = {"holder:7:payable": 50, "tax:us:payable": -12, "platform:fee": -3}
TAKEN_ABROAD = {"holder:7:payable": 50, "tax:jp:payable": -12, "platform:fee": -3}
GIVEN = {account: -nanos for account, nanos in TAKEN.items()}
GIVEN_ABROAD = {account: -nanos for account, nanos in TAKEN_ABROAD.items()}
RESERVED, SENT, CONFIRMED, RETURNED = PayoutState
STEPS = [
    (PLAIN, None, RESERVED, None, {Kind.PAYOUT: {"holder:7:payable": 50, "payout:clearing": -50}}),
    (AT_HOME, None, RESERVED, None, {Kind.PAYOUT: {**TAKEN, "payout:clearing": -35}}),
    (AT_HOME, RESERVED, SENT, None, {}),
    (AT_HOME, SENT, CONFIRMED, None, {Kind.PAYOUT_CONFIRMED: {"payout:clearing": 35, "bank": -35}}),
    (AT_HOME, SENT, RETURNED, None, {Kind.PAYOUT_RETURNED: {**GIVEN, "payout:clearing": 35}}),
    (AT_HOME, CONFIRMED, RETURNED, None, {Kind.PAYOUT_RETURNED: {**GIVEN, "bank": 35}}),
    (
        IN_YEN,
        None,
        RESERVED,
        None,
        {
            Kind.PAYOUT: {**TAKEN_ABROAD, "payout:clearing": -35},
            Kind.FX_OUT: {"payout:clearing": 35, "fx:USD:JPY": -35},
            Kind.FX_IN: {"fx:USD:JPY": 5_000, "payout:clearing": -5_000},
        },
    ),
    (
        IN_YEN,
        SENT,
        CONFIRMED,
        36,
        {
            Kind.PAYOUT_CONFIRMED: {"payout:clearing": 5_000, "fx:USD:JPY": -5_000},
            Kind.FX_SETTLED: {"fx:USD:JPY": 36, "bank": -36},
        },
    ),
    (
        IN_YEN,
        RESERVED,
        RETURNED,
        None,
        {
            Kind.PAYOUT_RETURNED: {**GIVEN_ABROAD, "fx:USD:JPY": 35},
            Kind.FX_RETURNED: {"payout:clearing": 5_000, "fx:USD:JPY": -5_000},
        },
    ),
    (
        IN_YEN,
        CONFIRMED,
        RETURNED,
        33,
        {Kind.PAYOUT_RETURNED: {**GIVEN_ABROAD, "bank": 33, "fx:USD:JPY": 2}},
    ),
]


@pytest.mark.parametrize(("one", "state", "wanted", "bank", "expected"), STEPS)
def test_what_each_step_posts(one, state, wanted, bank, expected):
    said = entries(one, wanted=wanted, state=state, bank_nanos=bank)
    assert {kind: legs for kind, (_, legs) in said.items()} == expected
    assert [sum(legs.values()) for _, legs in said.values()] == [0] * len(expected)
    in_yen = {Kind.FX_IN, Kind.FX_RETURNED, Kind.PAYOUT_CONFIRMED} if one.exchanged else set()
    assert {kind for kind, (currency, _) in said.items() if currency == "JPY"} <= in_yen


@given(
    st.integers(1, 10**14),
    st.sampled_from([0, 1, 50_000, 204_200, 900_000]),
    st.builds(Fee, st.sampled_from([0, 10**9]), st.sampled_from([0, 25_000])),
    st.one_of(
        st.none(),
        st.builds(
            Rate,
            st.just(1),
            st.just("USD"),
            st.sampled_from(["JPY", "KWD", "EUR"]),
            st.integers(1, 10**6),
            st.sampled_from([1, 10**3, 10**6]),
            st.just(DAY),
            st.just(""),
        ),
    ),
)
def test_whatever_is_divided_adds_up_and_pays_no_less_than_the_whole_would(minor, ppm, fee, rate):
    gross = minor * minor_unit_nanos("USD")
    try:
        one = divide(7, "USD", gross, tax_rule="x", tax_ppm=ppm, fee=fee, rate=rate)
    except NothingLeft:
        return
    assert one.gross_nanos == one.tax_nanos + one.fee_nanos + one.net_nanos <= gross
    assert one.tax_nanos <= one.gross_nanos * ppm // 10**6
    assert one.paid_nanos % minor_unit_nanos(one.to_currency) == 0
    if rate is None:
        assert one.gross_nanos == gross
    else:
        whole = gross - withheld(gross, ppm, "USD") - fee.of(gross, "USD")
        assert one.paid_nanos >= rate.buys(whole)
        assert one.net_nanos == rate.costs(one.paid_nanos)
