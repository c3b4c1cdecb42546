"""A part of what becomes payable is kept for some months, and given back to the nano."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.holdback import (
    BadHoldback,
    HoldbackMoves,
    HoldbackRule,
    Kept,
    moves,
    until,
)
from service.ledger.period import Period

NOVEMBER, JANUARY = Period.parse("2025-11"), Period.parse("2026-01")
FEBRUARY = Period.parse("2026-02")
TENTH = HoldbackRule(100_000, 3)


def at_close(kept=(), *, rule=TENTH, freed=0, payable=0):
    return moves(kept, rule, period=JANUARY, freed_nanos=freed, payable_nanos=payable)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"freed": 1_009, "payable": 1_009}, HoldbackMoves((), 100)),
        ({"freed": 1_009, "payable": 1_009, "rule": None}, HoldbackMoves((), 0)),
        ({"freed": 1_000, "payable": 30}, HoldbackMoves((), 30)),
        ({"freed": -500, "payable": 200}, HoldbackMoves((), 0)),
        ({"kept": [Kept(4, JANUARY, 70)]}, HoldbackMoves(((4, 70),), 0)),
        ({"kept": [Kept(4, NOVEMBER, 70)], "rule": None}, HoldbackMoves(((4, 70),), 0)),
        ({"kept": [Kept(4, FEBRUARY, 70)], "payable": 10}, HoldbackMoves((), 0)),
        # what refunds took is made good from what was kept against them, oldest first
        (
            {"kept": [Kept(5, FEBRUARY, 70), Kept(4, FEBRUARY, 20)], "payable": -50},
            HoldbackMoves(((4, 20), (5, 30)), 0),
        ),
        ({"kept": [Kept(4, FEBRUARY, 20)], "payable": -50}, HoldbackMoves(((4, 20),), 0)),
    ],
)
def test_what_a_close_keeps_and_gives_back(facts, expected):
    assert at_close(**facts) == expected


def test_it_is_kept_until_the_close_so_many_months_later():
    assert until(NOVEMBER, TENTH) == FEBRUARY


@pytest.mark.parametrize(("ppm", "months"), [(-1, 1), (1_000_001, 1), (1, 0), (1, 25)])
def test_a_rule_out_of_range_is_refused(ppm, months):
    with pytest.raises(BadHoldback):
        HoldbackRule(ppm, months)


@given(
    st.lists(st.tuples(st.sampled_from([NOVEMBER, JANUARY, FEBRUARY]), st.integers(1, 10**6))),
    st.integers(0, 1_000_000),
    st.integers(-(10**7), 10**7),
    st.integers(-(10**7), 10**7),
)
def test_no_more_is_given_back_than_was_kept_and_no_balance_is_made_negative(
    kept, ppm, freed, payable
):
    rows = [Kept(n, month, nanos) for n, (month, nanos) in enumerate(kept)]
    found = at_close(rows, rule=HoldbackRule(ppm, 2), freed=freed, payable=payable)
    released = dict(found.released)
    assert all(0 < nanos <= rows[number].nanos for number, nanos in released.items())
    after = payable + sum(released.values())
    assert found.taken_nanos <= max(after, 0)
    assert after - found.taken_nanos >= min(payable, 0)
