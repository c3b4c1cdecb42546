"""The codes nearest to queries: what a plain product and a stable sort say, to the last rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.codes import ZERO
from attribution.int8_product import int8_product, opened
from attribution.nearest_codes import nearest


def plainly(codes, queries, k, dead):
    products = queries.astype(np.int64) @ (codes.astype(np.int64) - ZERO).T
    living = np.setdiff1d(np.arange(len(codes)), dead)
    best = [living[np.argsort(-row[living], kind="stable")[:k]] for row in products]
    ranks = np.array(best).reshape(len(queries), k)
    return np.take_along_axis(products, ranks, axis=1), ranks


def drawn(seed, count, queries, *, dim=24, most=127):
    """Draw codes and queries; a small ``most`` makes many equal products."""
    random = np.random.default_rng(seed)
    codes = (random.integers(-most, most, (count, dim), endpoint=True) + ZERO).astype(np.uint8)
    asked = random.integers(-most, most, (queries, dim), endpoint=True).astype(np.float32)
    return random, codes, asked


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 600),
    queries=st.integers(1, 40),
    k=st.integers(1, 40),
    most=st.sampled_from([1, 127]),
    dead=st.floats(0, 1),
    threads=st.integers(1, 3),
)
def test_the_nearest_are_those_of_a_plain_product(seed, count, queries, k, most, dead, threads):
    random, codes, asked = drawn(seed, count, queries, most=most)
    gone = np.sort(random.permutation(count)[: int(dead * (count - 1))])
    k = min(k, count - len(gone))
    scores, ranks = nearest(codes, asked, k, dead=gone, threads=threads)
    expected, expected_ranks = plainly(codes, asked, k, gone)
    np.testing.assert_array_equal(ranks, expected_ranks)
    np.testing.assert_array_equal(scores, expected)
    assert scores.dtype == np.float32


@pytest.mark.parametrize("count", [2_047, 2_048, 2_049, 9_000])
def test_codes_are_taken_in_portions_without_a_seam(count):
    random, codes, asked = drawn(count, count, 300, dim=64)
    dead = np.sort(random.permutation(count)[: count // 3])
    scores, ranks = nearest(codes, asked, 12, dead=dead, threads=2)
    expected, expected_ranks = plainly(codes, asked, 12, dead)
    np.testing.assert_array_equal(ranks, expected_ranks)
    np.testing.assert_array_equal(scores, expected)


def test_living_codes_that_lie_in_fewer_groups_than_are_asked_for_are_all_found():
    _, codes, asked = drawn(1, 640, 3)
    dead = np.arange(10, 640)
    _, ranks = nearest(codes, asked, 10, dead=dead, threads=1)
    assert (np.sort(ranks) == np.arange(10)).all()


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_product_of_bytes_is_exact_or_says_that_it_is_not(is_signed):
    product = opened(is_signed=is_signed)
    numbers = np.full((2, 384), 127, dtype=np.float32)
    numbers[1] = -127
    found = np.empty((3, 2), dtype=np.int32)
    product.into(found, np.full((3, 384), 255, dtype=np.uint8), product.factor(numbers))
    is_right = (found == [[384 * 255 * 127, -384 * 255 * 127]] * 3).all()
    assert is_right == product.is_exact()


def test_the_product_in_use_is_exact():
    assert int8_product().is_exact()
