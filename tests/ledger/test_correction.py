from fractions import Fraction

import pytest
from contracts import STANDARD, contracts
from hypothesis import assume, given
from hypothesis import strategies as st
from sales_told import ESSAY, ODE, a_sale, drawn_sales, matched

from service.ledger.correction import (
    RefundNotPositive,
    RefundTooLarge,
    check_refund,
    correction,
    target,
)
from service.ledger.journal import summed
from service.ledger.settlement import legs
from service.ledger.tiers import Tier

WORKED = a_sale(gross="150", tier=Tier.ELITE, tokens=1_000_000)
WHOLE = legs(WORKED, matched({ODE: 600_000, ESSAY: 100_000}), STANDARD)


def refund_all(whole, parts, *, tie):
    """Refund part after part; return what is posted in the end, having checked each step."""
    posted, refunded = dict(whole), 0
    for part in parts:
        refunded += part
        wanted = target(whole, refunded, tie=tie)
        said = correction(wanted, posted)
        assert sum(said.values()) == 0
        posted = summed([*posted.items(), *said.items()])
        assert posted == wanted
    return posted


def test_a_refund_of_a_half_takes_half_of_every_leg():
    assert target(WHOLE, 75_000_000_000, tie=WORKED.tie) == {
        "vendor:acme:receivable": 11_250_000_000,
        "vendor:acme:settled-direct": 63_750_000_000,
        "party:equipment:direct": -1_000_000_000,
        "party:power:direct": -625_000_000,
        "party:data-centre:direct": -375_000_000,
        "party:cloud:direct": -8_000_000_000,
        "vendor:acme:kept": -53_750_000_000,
        "platform:fee": -787_500_000,
        "line:1": -6_075_000_000,
        "line:2": -1_012_500_000,
        "pool:unmatched:acme:2026-10": -3_375_000_000,
    }


def test_a_refund_of_the_whole_leaves_nothing():
    assert target(WHOLE, 150_000_000_000, tie=WORKED.tie) == {}
    assert correction({}, WHOLE) == {account: -nanos for account, nanos in WHOLE.items()}


def test_without_a_refund_the_target_is_the_whole_and_nothing_is_to_be_said():
    assert target(WHOLE, 0, tie=WORKED.tie) == WHOLE
    assert correction(WHOLE, WHOLE) == {}


@st.composite
def refunded_wholly(draw):
    """Draw a settled sale and a sequence of refunds that together reach its gross."""
    drawn, contract = draw(drawn_sales()), draw(contracts())
    gross = drawn.sale.gross_nanos
    assume(gross)
    cuts = [*draw(st.lists(st.integers(1, gross), max_size=6)), gross]
    ends = sorted(set(cuts))
    parts = [b - a for a, b in zip([0, *ends], ends, strict=False)]
    return drawn.sale, legs(drawn.sale, drawn.matched, contract), draw(st.permutations(parts))


@given(refunded_wholly())
def test_any_refunds_that_reach_the_whole_leave_zero_on_every_account(case):
    sale, whole, parts = case
    assert sum(parts) == sale.gross_nanos
    assert refund_all(whole, parts, tie=sale.tie) == {}


@given(refunded_wholly())
def test_a_target_stands_within_a_nano_of_the_exact_part_and_never_past_zero(case):
    sale, whole, parts = case
    wanted = target(whole, parts[0], tie=sale.tie)
    assert sum(wanted.values()) == 0
    left = Fraction(sale.gross_nanos - parts[0], sale.gross_nanos)
    for account, nanos in whole.items():
        assert abs(wanted.get(account, 0) - nanos * left) < 1
        assert 0 <= wanted.get(account, 0) * (1 if nanos > 0 else -1) <= abs(nanos)


@given(refunded_wholly(), contracts())
def test_a_new_contract_in_the_middle_changes_no_end(case, other):
    """Attribution, contract and refunds are one rule: the target of the newest facts."""
    sale, whole, parts = case
    corrected = legs(sale, matched({ESSAY: 1_000_000}), other)
    posted = target(whole, parts[0], tie=sale.tie)
    said = correction(target(corrected, parts[0], tie=sale.tie), posted)
    assert sum(said.values()) == 0
    posted = summed([*posted.items(), *said.items()])
    said = correction(target(corrected, sale.gross_nanos, tie=sale.tie), posted)
    assert summed([*posted.items(), *said.items()]) == {}


@pytest.mark.parametrize(
    ("asked", "gross", "refunded", "left"),
    [
        (1, 0, 0, "0.00"),
        (101, 100, 0, "0.0000001"),
        (51, 100, 50, "0.00000005"),
        (1, 100, 100, "0.00"),
        (2**70, 2**63 - 1, 0, "9223372036.854775807"),
    ],
)
def test_a_refund_above_what_is_left_is_refused(asked, gross, refunded, left):
    with pytest.raises(RefundTooLarge) as refusal:
        check_refund(asked, gross_nanos=gross, refunded_nanos=refunded)
    assert refusal.value.facts["left"] == left


@pytest.mark.parametrize("asked", [0, -1, -(2**63)])
def test_a_refund_of_nothing_or_less_is_refused(asked):
    with pytest.raises(RefundNotPositive):
        check_refund(asked, gross_nanos=100, refunded_nanos=0)


def test_a_refund_may_take_all_that_is_left():
    assert check_refund(50, gross_nanos=100, refunded_nanos=50) == 50
