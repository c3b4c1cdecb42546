import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.period import Period
from service.ledger.statement import (
    Closing,
    LineKind,
    Statement,
    StatementLine,
    StatementTooLarge,
    divide_closing,
    make,
)
from service.ledger.tiers import Tier

JANUARY, DECEMBER = Period.parse("2026-01"), Period.parse("2025-12")


def a_line(nanos, *, kind=LineKind.EARNED, work=1, vendor="acme", tier=Tier.ELITE, month=JANUARY):
    return StatementLine(kind, 1, work, vendor, tier, month, 3, 1_000, 2 * nanos, 500_000, nanos)


def stated(*lines, opening=0, held=0, currency="USD", threshold=0):
    return make(
        7,
        currency,
        JANUARY,
        opening_nanos=opening,
        lines=lines,
        held_nanos=held,
        threshold=threshold,
    )


def test_opening_plus_lines_is_closing():
    statement = stated(a_line(1_250_000_000), a_line(-250_000_000), opening=5_000_000)
    assert statement.closing_nanos == 1_005_000_000
    assert statement.closing == Closing(0, 1_000_000_000, 5_000_000)


@pytest.mark.parametrize(
    ("closing", "held", "currency", "threshold", "payable", "carried"),
    [
        # dollars pay whole cents, yen whole yen, dinars whole fils
        (1_239_999_999, 0, "USD", 0, 1_230_000_000, 9_999_999),
        (1_239_999_999, 0, "JPY", 0, 1_000_000_000, 239_999_999),
        (1_239_999_999, 0, "KWD", 0, 1_239_000_000, 999_999),
        (999_999_999, 0, "JPY", 0, 0, 999_999_999),
        # what is held is never paid, and what is left of it is floored
        (1_239_999_999, 1_000_000_000, "USD", 0, 230_000_000, 9_999_999),
        (1_000_000_000, 1_000_000_000, "USD", 0, 0, 0),
        (1_000_000_000, 1_500_000_000, "USD", 0, 0, -500_000_000),
        # the threshold is what can be paid, not what stands
        (10_000_000_000, 0, "USD", 10_000_000_000, 10_000_000_000, 0),
        (9_999_999_999, 0, "USD", 10_000_000_000, 0, 9_999_999_999),
        (10_000_000_000, 1, "USD", 10_000_000_000, 0, 9_999_999_999),
        # a clawback is carried forward
        (-3_000_000_000, 0, "USD", 0, 0, -3_000_000_000),
        (0, 0, "USD", 0, 0, 0),
    ],
)
def test_a_closing_balance_is_held_paid_or_carried(
    closing, held, currency, threshold, payable, carried
):
    divided = divide_closing(closing, held_nanos=held, currency=currency, threshold=threshold)
    assert divided == Closing(held, payable, carried)


@given(
    st.integers(-(10**15), 10**15),
    st.integers(0, 10**15),
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.integers(0, 10**12),
)
def test_nothing_is_lost_and_only_whole_minor_units_are_paid(closing, held, currency, threshold):
    divided = divide_closing(closing, held_nanos=held, currency=currency, threshold=threshold)
    assert divided.held_nanos + divided.payable_nanos + divided.carried_nanos == closing
    unit = {"USD": 10_000_000, "JPY": 1_000_000_000, "KWD": 1_000_000}[currency]
    assert divided.payable_nanos % unit == 0
    assert 0 <= divided.payable_nanos <= max(closing - held, 0)
    assert divided.payable_nanos == 0 or divided.payable_nanos >= threshold


def test_lines_stand_in_order_of_kind_work_vendor_tier_and_month():
    late = a_line(1, kind=LineKind.ADJUSTMENT, month=DECEMBER)
    second = a_line(1, work=2)
    other_vendor = a_line(1, vendor="borealis")
    cheaper = a_line(1, tier=Tier.PREMIUM)
    first = a_line(1)
    statement = stated(late, second, other_vendor, first, cheaper)
    assert statement.lines == (cheaper, first, other_vendor, second, late)


@pytest.mark.parametrize(
    ("closing_nanos", "closing"),
    [(6, Closing(0, 0, 6)), (5, Closing(0, 0, 6)), (5, Closing(1, 0, 5))],
)
def test_a_statement_that_does_not_add_up_is_our_own_bug(closing_nanos, closing):
    with pytest.raises(AssertionError):
        Statement(7, "USD", JANUARY, 0, (a_line(5),), closing_nanos, closing)


def test_a_balance_that_no_account_holds_is_refused_by_name():
    with pytest.raises(StatementTooLarge) as refused:
        stated(a_line(2**62), a_line(2**62, work=2))
    assert refused.value.facts["holder_id"] == 7
