"""A hold keeps its part of what one holder earns from one work, to the nano, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.hold import (
    Earned,
    Hold,
    HoldOutOfRange,
    HoldReason,
    free_of,
    under_hold,
)
from service.ledger.period import Period

JANUARY, FEBRUARY, MARCH = (Period.parse(f"2026-0{month}") for month in (1, 2, 3))
ADA, ODE, ESSAY = 7, 1, 2
CONTESTED, UNCONFIRMED = HoldReason.CONTESTED, HoldReason.UNCONFIRMED


def a_hold(ppm, *, work=ODE, reason=CONTESTED, since=None):
    return Hold(1, ADA, work, ppm, reason, since)


def earned(nanos, *, work=ODE, vendor="acme", period=JANUARY):
    return Earned(vendor, work, period, nanos)


def kept(facts, holds):
    return {vendor: tuple(parts.values()) for vendor, parts in under_hold(facts, holds).items()}


@pytest.mark.parametrize(
    ("facts", "holds", "expected"),
    [
        ([earned(1_000)], [a_hold(300_000)], {"acme": (300, 0)}),
        ([earned(1_000), earned(500, work=ESSAY)], [a_hold(300_000)], {"acme": (300, 0)}),
        ([earned(1)] * 10, [a_hold(300_000)], {"acme": (3, 0)}),
        ([earned(1_000)], [a_hold(1_000_000, reason=UNCONFIRMED)], {"acme": (0, 1_000)}),
        (
            [earned(1_000)],
            [a_hold(700_000), a_hold(600_000, reason=UNCONFIRMED)],
            {"acme": (700, 300)},
        ),
        ([earned(1_000)], [a_hold(700_000), a_hold(700_000)], {"acme": (1_000, 0)}),
        (
            [earned(1_000), earned(400, period=MARCH)],
            [a_hold(500_000, since=FEBRUARY)],
            {"acme": (200, 0)},
        ),
        (
            [earned(1_000), earned(2_000, vendor="borealis")],
            [a_hold(500_000)],
            {"acme": (500, 0), "borealis": (1_000, 0)},
        ),
        ([earned(1_000), earned(-900, period=MARCH)], [a_hold(300_000)], {"acme": (30, 0)}),
        ([earned(1_000), earned(-1_000, period=MARCH)], [a_hold(300_000)], {"acme": (0, 0)}),
        # more is contested than refunds elsewhere left of it: no more is held than there is
        ([earned(1_000), earned(-900, work=ESSAY)], [a_hold(300_000)], {"acme": (100, 0)}),
        ([earned(1_000)], [], {}),
    ],
)
def test_of_each_work_its_part_is_under_hold(facts, holds, expected):
    assert kept(facts, holds) == expected


@pytest.mark.parametrize("ppm", [0, -1, 1_000_001])
def test_a_hold_is_of_something_and_of_no_more_than_all(ppm):
    with pytest.raises(HoldOutOfRange):
        a_hold(ppm)


@pytest.mark.parametrize(
    ("backed", "free", "moved", "unbacked"),
    [
        (1_000, 700, 300, 0),  # all is paid for: what is contested is moved back
        (700, 700, 0, 0),  # what is not contested is backed first
        (400, 400, 0, 300),
        (0, 0, 0, 700),
    ],
)
def test_what_is_not_under_a_hold_is_backed_first(backed, free, moved, unbacked):
    (one,) = free_of({"acme": 1_000}, {"acme": backed}, {"acme": {CONTESTED: 300, UNCONFIRMED: 0}})
    assert (one.free_nanos, one.moved_nanos, one.unbacked_nanos) == (free, moved, unbacked)
    assert one.held_nanos == 1_000 - free


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["acme", "borealis"]),
            st.sampled_from([ODE, ESSAY]),
            st.sampled_from([JANUARY, FEBRUARY, MARCH]),
            st.integers(-(10**12), 10**12),
        ),
        max_size=12,
    ),
    st.lists(
        st.tuples(
            st.sampled_from([ODE, ESSAY]),
            st.integers(1, 1_000_000),
            st.sampled_from(HoldReason),
            st.sampled_from([None, FEBRUARY]),
        ),
        max_size=4,
    ),
)
def test_never_less_than_nothing_nor_more_than_was_earned_is_held(facts, holds):
    told = [Earned(*fact) for fact in facts]
    whole = {vendor: 0 for vendor, *_ in facts}
    for one in told:
        whole[one.vendor] += one.nanos
    found = under_hold(told, [Hold(1, ADA, w, ppm, why, since) for w, ppm, why, since in holds])
    backed = {vendor: nanos // 2 for vendor, nanos in whole.items()}
    for vendor, parts in found.items():
        assert 0 <= sum(parts.values()) <= max(whole[vendor], 0)
        assert min(parts.values()) >= 0
    for one in free_of(whole, backed, found):
        assert one.free_nanos + one.held_nanos == one.earned_nanos
        assert one.free_nanos <= one.backed_nanos
