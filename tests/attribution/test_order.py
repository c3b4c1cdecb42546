"""Whether passages follow their sources, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.order import order_signs

# Places: (next to next, in one piece, in rising order).
TABLE = {
    (): (0.0, 0.0, 0.0),
    (7,): (0.5, 0.5, 0.5),
    (1, 2, 3, 4): (3.5 / 4, 3.5 / 4, 3.5 / 4),
    (4, 3, 2, 1): (0.5 / 4, 3.5 / 4, 0.5 / 4),
    (1, 3, 5, 7): (3.5 / 4, 3.5 / 7, 3.5 / 4),
    (1, 4, 7): (0.5 / 3, 2.5 / 7, 2.5 / 3),
    (5, 5, 5): (0.5 / 3, 0.5, 0.5 / 3),
    (2, 1, 4, 3, 6, 5): (0.5 / 6, 5.5 / 6, 2.5 / 6),
    (9, 1, 2, 3): (2.5 / 4, 3.5 / 9, 2.5 / 4),
    (3, 1, 2, 10): (1.5 / 4, 3.5 / 10, 2.5 / 4),
}


@pytest.mark.parametrize("places", TABLE, ids=str)
def test_order_is_told_by_three_signs(places):
    told = order_signs(np.array(places, dtype=np.int64))
    assert list(told) == ["next_to_next", "in_one_piece", "in_rising_order"]
    assert tuple(told.values()) == pytest.approx(TABLE[places])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 1_000))
def test_signs_lie_between_0_and_1_and_do_not_depend_on_where_the_work_starts(places, shift):
    told = order_signs(np.array(places, dtype=np.int64))
    assert all(0.0 < sign < 1.0 for sign in told.values())
    assert order_signs(np.array(places, dtype=np.int64) + shift) == told
