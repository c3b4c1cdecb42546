from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.allocation import (
    NothingToDivideBy,
    allocate,
    allocate_rows,
    allocate_segments,
    key_hash,
    mix,
    mix_array,
    tie_of,
)
from service.ledger.money import MAX_NANOS

ties = st.integers(0, 2**64 - 1)
int64s = st.integers(-MAX_NANOS, MAX_NANOS)
weights_of_any_size = st.dictionaries(
    st.text(max_size=6), st.integers(0, 10**9), min_size=1, max_size=8
).filter(lambda weights: sum(weights.values()) > 0)
array_weights = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=4),
    st.integers(0, 375_000_000),
    min_size=1,
    max_size=8,
).filter(lambda weights: sum(weights.values()) > 0)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, {"a": 1, "b": 1}, {"a": 50, "b": 50}),
        (100, {"a": 600_000, "b": 400_000}, {"a": 60, "b": 40}),
        (7, {"a": 2, "b": 1}, {"a": 5, "b": 2}),  # quotas 4.67 and 2.33
        (8, {"a": 2, "b": 1}, {"a": 5, "b": 3}),  # quotas 5.33 and 2.67
        (-7, {"a": 2, "b": 1}, {"a": -5, "b": -2}),
        (0, {"a": 2, "b": 1}, {"a": 0, "b": 0}),
        (5, {"a": 0, "b": 1}, {"a": 0, "b": 5}),
        (10, {"a": 5, "b": 3, "c": 1}, {"a": 6, "b": 3, "c": 1}),  # 5.56, 3.33, 1.11
        (10**30, {"a": 1, "b": 3}, {"a": 25 * 10**28, "b": 75 * 10**28}),
    ],
)
def test_the_largest_remainders_get_the_nanos_left_over(amount, weights, parts):
    assert allocate(amount, weights, tie=0) == parts


@pytest.mark.parametrize(
    ("tie", "winner"), [(0, "power"), (1, "cloud"), (2, "cloud"), (3, "cloud"), (7, "equipment")]
)
def test_equal_remainders_are_ordered_by_the_tie_and_the_name(tie, winner):
    parts = allocate(1, {"cloud": 1, "power": 1, "equipment": 1}, tie=tie)
    assert parts == {"cloud": 0, "power": 0, "equipment": 0} | {winner: 1}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 0, "b": 0}, {"a": 3, "b": -1}])
def test_there_must_be_something_to_divide_by(weights):
    with pytest.raises(NothingToDivideBy) as refusal:
        allocate(10, weights, tie=0)
    assert refusal.value.code == "nothing-to-divide-by"
    assert refusal.value.facts == {"weights": weights}


@pytest.mark.parametrize(
    ("names", "tie"),
    [
        (("acme", "sale-1"), 0x3417E3B85E110C8E),
        (("acme", "sale-2"), 0xAAE9AFCA7868E0FF),
        (("borealis", "sale-1"), 0x53AB212B3F75BFDC),
    ],
)
def test_a_tie_is_made_of_public_names_and_never_changes(names, tie):
    assert tie_of(*names) == tie


def test_names_of_a_tie_do_not_run_together():
    assert len({tie_of("ab", "c"), tie_of("a", "bc"), tie_of("abc"), tie_of("abc", "")}) == 4


@given(st.integers(-(2**80), 2**80), weights_of_any_size, ties)
def test_parts_sum_to_the_amount_and_lie_within_a_nano_of_the_quota(amount, weights, tie):
    parts = allocate(amount, weights, tie=tie)
    total = sum(weights.values())
    assert sum(parts.values()) == amount
    for key, weight in weights.items():
        assert abs(parts[key] * total - amount * weight) < total
        assert weight or not parts[key]


@given(st.integers(0, 2**80), weights_of_any_size, ties)
def test_a_negative_amount_mirrors_a_positive_one(amount, weights, tie):
    mirrored = {key: -part for key, part in allocate(amount, weights, tie=tie).items()}
    assert allocate(-amount, weights, tie=tie) == mirrored


@given(st.integers(-1_000, 1_000), array_weights, ties, st.randoms())
def test_the_order_of_keys_changes_nothing(amount, weights, tie, random):
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert allocate(amount, dict(shuffled), tie=tie) == allocate(amount, weights, tie=tie)


def test_every_order_of_three_equal_heirs_pays_the_same_one():
    winners = {
        max(parts, key=parts.get)
        for order in permutations(["ada", "ben", "cleo"])
        for parts in [allocate(1, dict.fromkeys(order, 1), tie=tie_of("acme", "sale-1"))]
    }
    assert len(winners) == 1


def test_one_nano_over_a_thousand_holders_is_exact():
    parts = allocate(1, {f"holder:{n}": 1_000 for n in range(1_000)}, tie=5)
    assert Counter(parts.values()) == {0: 999, 1: 1}


def test_many_sales_of_one_nano_favour_nobody():
    count, holders = 100_000, ["ada", "ben", "cleo", "dan"]
    parts = allocate_rows(
        np.ones(count, np.int64),
        np.full(4, 250_000, np.int64),
        np.array([key_hash(name) for name in holders], np.uint64),
        np.array([tie_of("acme", f"sale-{n}") for n in range(count)], np.uint64),
    )
    # 25,000 each; seven standard deviations are 960
    assert all(24_040 < paid < 25_960 for paid in parts.sum(axis=0).tolist())


@given(st.lists(st.tuples(ties, ties), min_size=1, max_size=50))
def test_the_array_mixes_as_the_plain_form(pairs):
    mixed = mix_array(*(np.array(column, np.uint64) for column in zip(*pairs, strict=True)))
    assert mixed.tolist() == [mix(tie, key) for tie, key in pairs]


def in_segments(cases):
    return allocate_segments(
        np.array([amount for amount, _, _ in cases], np.int64),
        np.array([len(weights) for _, weights, _ in cases], np.int64),
        np.array([w for _, weights, _ in cases for w in weights.values()], np.int64),
        np.array([key_hash(k) for _, weights, _ in cases for k in weights], np.uint64),
        np.array([tie for _, _, tie in cases], np.uint64),
    ).tolist()


@given(st.lists(st.tuples(int64s, array_weights, ties), max_size=12))
def test_the_array_form_equals_the_plain_form(cases):
    plain = [allocate(amount, weights, tie=tie) for amount, weights, tie in cases]
    assert in_segments(cases) == [part for parts in plain for part in parts.values()]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "weights",
    [
        {"a": 1},
        {"a": 3_000_000_000},
        {"a": 2_999_999_999, "b": 1},
        {"a": 1_000_000_000, "b": 1_000_000_000, "c": 1_000_000_000},
        {"a": 600_000, "b": 100_000, "unmatched": 300_000, "nothing": 0},
    ],
)
def test_the_array_form_does_not_wrap_at_the_largest_amount(sign, weights):
    cases = [(sign * (MAX_NANOS - back), weights, back) for back in range(4)]
    plain = [allocate(amount, weights, tie=tie) for amount, weights, tie in cases]
    assert in_segments(cases) == [part for parts in plain for part in parts.values()]


@given(st.lists(st.tuples(int64s, ties), max_size=20), array_weights)
def test_rows_equal_the_plain_form(sales, weights):
    parts = allocate_rows(
        np.array([amount for amount, _ in sales], np.int64),
        np.array(list(weights.values()), np.int64),
        np.array([key_hash(name) for name in weights], np.uint64),
        np.array([tie for _, tie in sales], np.uint64),
    )
    assert parts.shape == (len(sales), len(weights))
    assert parts.tolist() == [
        list(allocate(amount, weights, tie=tie).values()) for amount, tie in sales
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 12])
def test_equal_heirs_in_rows_and_segments_take_turns_as_in_the_plain_form(count):
    heirs = {f"holder:{n}": 1_000 for n in range(count)}
    sales = [(amount, tie_of("acme", str(amount))) for amount in range(-60, 60)]
    plain = [list(allocate(amount, heirs, tie=tie).values()) for amount, tie in sales]
    rows = allocate_rows(
        np.array([amount for amount, _ in sales], np.int64),
        np.full(count, 1_000, np.int64),
        np.array([key_hash(name) for name in heirs], np.uint64),
        np.array([tie for _, tie in sales], np.uint64),
    )
    assert rows.tolist() == plain
    cases = [(amount, heirs, tie) for amount, tie in sales]
    assert in_segments(cases) == [part for parts in plain for part in parts]


@pytest.mark.parametrize("weights", [{"a": 3_000_000_001}, {"a": 0}, {"a": 5, "b": -1}])
def test_weights_the_array_form_cannot_divide_by_are_our_own_bug(weights):
    with pytest.raises(AssertionError):
        in_segments([(1, weights, 0)])
