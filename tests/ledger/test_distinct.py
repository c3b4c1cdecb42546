import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.distinct import distinct

ANY = st.integers(-(2**63), 2**63 - 1)
CLOSE = st.integers(7_000_000_000, 7_000_000_009)


def test_each_value_has_its_place_among_the_distinct_ones():
    met, places = distinct(np.array([7, 3, 7, 5, 3], np.int64))
    assert met.tolist() == [3, 5, 7]
    assert places.tolist() == [2, 0, 2, 1, 0]


@given(st.lists(ANY) | st.lists(CLOSE) | st.lists(ANY | CLOSE))
def test_numbers_close_by_and_far_apart_are_found_alike(values):
    met, places = distinct(np.array(values, np.int64))
    assert met.tolist() == sorted(set(values))
    assert met[places].tolist() == values
