"""Licence terms: who may do what from when, and what a multiplier makes of shares."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.allocation import key_hash
from service.ledger.licence import (
    USUAL,
    Against,
    Deal,
    Licence,
    MultiplierOutOfRange,
    Use,
    check_multiplier,
    rate_of,
    scaled,
)
from service.ledger.licence_array import scaled_array
from service.ledger.settlement import work_key

ACME, BOREALIS = 7, 8
JUNE = date(2026, 6, 1)
ODE, ESSAY, SONG = 1, 2, 3


def test_works_without_terms_are_licensed_for_output_at_the_usual_royalty():
    assert frozenset({Use.OUTPUT}) == USUAL.uses
    assert rate_of(USUAL, (), vendor_id=ACME, day=JUNE) == 1_000_000


@pytest.mark.parametrize(
    ("licence", "day", "said"),
    [
        (Licence(embargo_until=JUNE), date(2026, 5, 31), Against.EMBARGO),
        (Licence(embargo_until=JUNE), JUNE, 1_000_000),
        (Licence(uses=frozenset({Use.TRAINING})), JUNE, Against.USE),
        (Licence(excluded_vendor_ids=frozenset({ACME})), JUNE, Against.VENDOR),
        (Licence(excluded_vendor_ids=frozenset({BOREALIS})), JUNE, 1_000_000),
        (Licence(multiplier_ppm=1_500_000), JUNE, 1_500_000),
        (Licence(uses=frozenset(), embargo_until=JUNE), date(2026, 5, 31), Against.EMBARGO),
    ],
)
def test_terms_say_what_a_sale_pays_or_why_it_pays_nothing(licence, day, said):
    assert rate_of(licence, (), vendor_id=ACME, day=day) == said


def test_a_deal_outranks_the_terms_within_its_days():
    nothing = Licence(uses=frozenset(), excluded_vendor_ids=frozenset({ACME}))
    deal = Deal(ACME, date(2026, 6, 1), date(2026, 7, 1), 800_000)
    said = [
        rate_of(nothing, (deal,), vendor_id=vendor, day=day)
        for vendor, day in [
            (ACME, date(2026, 5, 31)),
            (ACME, date(2026, 6, 1)),
            (ACME, date(2026, 6, 30)),
            (ACME, date(2026, 7, 1)),
            (BOREALIS, date(2026, 6, 1)),
        ]
    ]
    assert said == [Against.USE, 800_000, 800_000, Against.USE, Against.USE]


def test_under_an_embargo_no_use_is_allowed():
    licence = Licence(uses=frozenset(Use), embargo_until=JUNE)
    assert licence.allowed_on(date(2026, 5, 31)) == frozenset()
    assert licence.allowed_on(JUNE) == frozenset(Use)


@pytest.mark.parametrize("multiplier", [0, 5_000, 1_005_000, 10_010_000, -10_000])
def test_multipliers_lie_between_a_hundredth_and_ten_in_steps_of_a_hundredth(multiplier):
    with pytest.raises(MultiplierOutOfRange):
        Licence(multiplier_ppm=multiplier)
    with pytest.raises(MultiplierOutOfRange):
        check_multiplier(2_010_000, most_ppm=2_000_000)


@pytest.mark.parametrize(
    ("licence", "is_as_tight"),
    [
        (Licence(), True),
        (Licence(uses=frozenset()), True),
        (Licence(embargo_until=JUNE), True),
        (Licence(excluded_vendor_ids=frozenset({ACME})), True),
        (Licence(uses=frozenset({Use.OUTPUT, Use.TRAINING})), False),
        (Licence(multiplier_ppm=2_000_000), False),
        (Licence(multiplier_ppm=500_000), False),
    ],
)
def test_tighter_terms_allow_nothing_more_and_cost_the_same(licence, is_as_tight):
    assert licence.is_as_tight_as(USUAL) is is_as_tight


@pytest.mark.parametrize(
    ("shares", "multipliers", "paid", "unmatched"),
    [
        # as attributed
        ({ODE: 600_000, ESSAY: 100_000}, (1.00, 1.00), {ODE: 600_000, ESSAY: 100_000}, 300_000),
        # half of 600,000 becomes unmatched
        ({ODE: 600_000, ESSAY: 100_000}, (0.50, 1.00), {ODE: 300_000, ESSAY: 100_000}, 600_000),
        # 300,000 more comes out of the 300,000 that were unmatched
        ({ODE: 600_000, ESSAY: 100_000}, (1.50, 1.00), {ODE: 900_000, ESSAY: 100_000}, 0),
        # 1,200,000 : 100,000 of a million
        ({ODE: 600_000, ESSAY: 100_000}, (2.00, 1.00), {ODE: 923_077, ESSAY: 76_923}, 0),
        # two multipliers: 1,200,000 : 50,000
        ({ODE: 600_000, ESSAY: 100_000}, (2.00, 0.50), {ODE: 960_000, ESSAY: 40_000}, 0),
        # alone with all of a text, more than all is not to be had
        ({ODE: 1_000_000}, (10.00,), {ODE: 1_000_000}, 0),
        ({ODE: 1_000_000}, (0.01,), {ODE: 10_000}, 990_000),
        # a hundredth of a ppm is nothing
        ({ODE: 1}, (0.01,), {}, 1_000_000),
        ({}, (), {}, 1_000_000),
    ],
)
def test_a_multiplier_takes_from_the_unmatched_first_then_all_give_way(
    shares, multipliers, paid, unmatched
):
    by_work = {
        work: round(multiplier * 1_000_000)
        for work, multiplier in zip(shares, multipliers, strict=True)
    }
    assert scaled(shares, by_work, tie=5) == (paid, unmatched)


works = st.sampled_from([ODE, ESSAY, SONG, 4, 5, 6])
multipliers = st.integers(1, 1_000).map(lambda steps: steps * 10_000)


@st.composite
def sales(draw):
    """Return shares by work, at most a million together, a multiplier each, and a tie."""
    left, shares = 1_000_000, {}
    for work in draw(st.lists(works, unique=True)):
        part = draw(st.one_of(st.integers(1, 3), st.integers(1, max(left, 1))))
        if part <= left:
            shares[work] = part
            left -= part
    usual = draw(st.booleans())
    of_each = {work: 1_000_000 if usual else draw(multipliers) for work in shares}
    return shares, of_each, draw(st.integers(0, 2**64 - 1))


@given(sales())
def test_what_is_paid_and_unmatched_is_always_the_whole(sale):
    shares, of_each, tie = sale
    paid, unmatched = scaled(shares, of_each, tie=tie)
    assert sum(paid.values()) + unmatched == 1_000_000
    assert min(paid.values(), default=1) > 0 <= unmatched
    if all(multiplier == 1_000_000 for multiplier in of_each.values()):
        assert paid == shares


@given(sales())
def test_nobody_is_off_by_a_whole_ppm(sale):
    shares, of_each, tie = sale
    paid, _ = scaled(shares, of_each, tie=tie)
    weights = {work: share * of_each[work] for work, share in shares.items()}
    whole = max(sum(weights.values()), 1_000_000 * 1_000_000)
    for work, weight in weights.items():
        assert abs(paid.get(work, 0) * whole - weight * 1_000_000) < whole


@given(st.lists(sales(), max_size=12))
def test_a_batch_comes_to_the_same_as_sale_by_sale(told):
    rows = [row for row, (shares, *_) in enumerate(told) for _ in shares]
    named = [work for shares, *_ in told for work in shares]
    together = scaled_array(
        np.array(rows, np.int64),
        np.array([share for shares, *_ in told for share in shares.values()], np.int64),
        np.array([one for _, of_each, _ in told for one in of_each.values()], np.int64),
        np.array([key_hash(work_key(work)) for work in named], np.uint64),
        np.array([tie for *_, tie in told], np.uint64),
    )
    alone = []
    for shares, of_each, tie in told:
        paid, _ = scaled(shares, of_each, tie=tie)
        alone += [paid.get(work, 0) for work in shares]
    assert together.tolist() == alone
