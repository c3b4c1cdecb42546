"""Products of doubles, in the thread of the caller."""

import numpy as np
import pytest

from attribution.double_product import double_product


def test_products_are_those_of_matrices():
    left = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, 0.0]])
    right = np.array([[10.0, 0.0, 1.0], [100.0, 1.0, -1.0]])
    assert double_product(left, right).tolist() == [
        [210.0, 2.0, -1.0],
        [430.0, 4.0, -1.0],
        [5.0, 0.0, 0.5],
    ]


def test_doubles_are_not_cut_short():
    left, right = np.array([[1.0, 2.0**-50]]), np.array([[1.0], [1.0]])
    assert double_product(left, right)[0, 0] == 1.0 + 2.0**-50


@pytest.mark.parametrize("count", [0, 1, 257])
def test_any_number_of_rows_may_be_turned(count):
    draws = np.random.default_rng(count)
    left, right = draws.standard_normal((count, 32)), draws.standard_normal((32, 32))
    assert double_product(left, right) == pytest.approx(np.einsum("nd,de->ne", left, right))
