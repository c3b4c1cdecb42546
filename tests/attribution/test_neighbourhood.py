"""What the passages before and after say, worked out by hand."""

import numpy as np
import pytest
from kept_passages import KeptVectors, a_lexicon, vectors

from attribution.neighbourhood import Neighbourhood, beside

ODE, ESSAY = 1, 2
# Outputs: rows 0, 1, 2 and rows 3, 4. The ode is near rows 0, 1, 2 and 3, the essay row 1 and 4.
OUTPUT_OF = np.array([0, 0, 0, 1, 1])
ROWS = np.array([0, 1, 1, 2, 3, 4])
WORKS = np.array([ODE, ODE, ESSAY, ODE, ODE, ESSAY])
PASSAGES = np.array([10, 11, 30, 9, 13, 31])
COSINES = np.array([0.9, 0.5, 0.3, 0.7, 0.6, 0.8])
AREA = Neighbourhood(ROWS, WORKS, PASSAGES, OUTPUT_OF)
COLUMNS = {
    "cosine": COSINES,
    "terms": COSINES / 10,
    "grams_of_work": COSINES / 100,
    "is_best": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
}


def test_the_row_before_and_after_must_be_of_the_same_output():
    assert AREA.exists(1).tolist() == [True, True, True, False, True, False]
    assert AREA.exists(-1).tolist() == [False, True, True, True, False, True]
    assert AREA.exists(2).tolist() == [True, False, False, False, False, False]


def test_the_pair_of_the_same_work_is_found_further_on():
    place, there = AREA.pair_at(1)
    assert there.tolist() == [True, True, False, False, False, False]
    assert place[there].tolist() == [1, 3]
    place, there = AREA.pair_at(-2)
    assert there.tolist() == [False, False, False, True, False, False]
    assert place[there].tolist() == [0]


def test_the_likeness_beside_a_passage_is_told():
    told = {name: each.tolist() for name, each in beside(AREA, COLUMNS).items()}
    assert told["beside_cosine"] == [0.5, 0.9, 0.0, 0.5, 0.0, 0.0]
    # between two neighbours the lesser; at an edge the only one
    assert told["beside_least_cosine"] == [0.5, 0.7, 0.0, 0.5, 0.0, 0.0]
    assert told["beside_terms"] == pytest.approx([0.05, 0.09, 0, 0.05, 0, 0])
    assert told["beside_grams"] == pytest.approx([0.005, 0.009, 0, 0.005, 0, 0])
    assert told["further_cosine"] == [0.7, 0.0, 0.0, 0.9, 0.0, 0.0]
    assert told["beside_best"] == [1.0, 1.0, 0.0, 1.0, 0.0, 0.0]


def test_order_counts_who_goes_on_in_the_work_and_is_near_enough():
    # row 0 is passage 10, row 1 is 11, row 2 goes back to 9: of four steps one each way is in order
    assert beside(AREA, COLUMNS)["in_order"].tolist() == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    faint = COLUMNS | {"cosine": np.full(6, 0.4)}
    assert beside(AREA, faint)["in_order"].tolist() == [0.0] * 6


def test_no_pairs_have_no_neighbours():
    nobody = np.zeros(0, dtype=np.int64)
    area = Neighbourhood(nobody, nobody, nobody, OUTPUT_OF)
    told = beside(area, {name: np.zeros(0) for name in COLUMNS})
    assert {len(each) for each in told.values()} == {0}


EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


def around(kept, works, *, source, output, row):
    area = Neighbourhood(
        np.array([row]), np.array([ODE]), np.array([source]), np.zeros(len(output), dtype=np.int64)
    )
    rows = vectors(*output)
    cosine = float(rows[row] @ np.array(kept[source], dtype=np.float32))
    told = area.around(rows, np.array([cosine]), KeptVectors(kept), a_lexicon(works))
    return float(told["sharpness"][0]), float(told["window"][0])


def test_sharpness_is_the_cosine_above_that_to_the_passages_around():
    kept = {10: EAST, 11: EAST, 12: NORTH, 13: (0.6, 0.8)}
    works = dict.fromkeys(kept, ODE)
    # 1 above the mean of 1, 0 and .6, those up to two before and after
    assert around(kept, works, source=11, output=[EAST], row=0)[0] == pytest.approx(1 - 1.6 / 3)


def test_passages_of_another_work_are_not_around():
    kept = {10: EAST, 11: EAST, 12: NORTH}
    works = {10: ESSAY, 11: ODE, 12: ESSAY}
    sharpness, window = around(kept, works, source=11, output=[EAST], row=0)
    assert sharpness == pytest.approx(0.7)  # nothing is known: .3 is taken
    assert window == pytest.approx(1.0)


def test_a_window_is_a_passage_with_those_before_and_after():
    kept = {10: EAST, 11: NORTH, 12: EAST}
    works = dict.fromkeys(kept, ODE)
    # (2, 1) of the work; (1, 1) at the edge of the output, (2, 1) in its middle: 3 / sqrt 10, 1
    output = [EAST, NORTH, EAST]
    assert around(kept, works, source=11, output=output, row=0)[1] == pytest.approx(0.948683)
    assert around(kept, works, source=11, output=output, row=1)[1] == pytest.approx(1.0)


def test_the_first_passage_there_is_has_none_before():
    kept = {0: EAST, 1: NORTH}
    sharpness, _ = around(kept, {0: ODE, 1: ODE}, source=0, output=[EAST], row=0)
    assert sharpness == pytest.approx(1.0)
