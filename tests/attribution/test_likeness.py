"""Pairs brought together: the best passage of each work, margins, and what is dropped as a twin."""

import numpy as np
import pytest
from kept_passages import KeptVectors, a_lexicon, pairs, vectors

from attribution.likeness import likeness_of
from attribution.terms import terms_v1

ODE, ESSAY, NOVEL = 1, 2, 3
WORKS = {11: ODE, 12: ODE, 21: ESSAY, 31: NOVEL}
EAST, NORTH, UP = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
BETWEEN = (0.6, 0.8, 0.0)


def likeness(kept, *row_and_id, output=(EAST,), texts=None, said=None):
    return likeness_of(
        vectors(*output),
        terms_v1(said or [""] * len(output)),
        np.zeros(len(output), dtype=np.int64),
        pairs(WORKS, *row_and_id),
        index=KeptVectors(kept),
        lexicon=a_lexicon(WORKS, texts),
    )


def column(told, name):
    return told.columns[name].tolist()


def test_of_each_work_the_likeliest_passage_stands_for_it():
    kept = {11: UP, 12: BETWEEN, 21: NORTH}
    told = likeness(kept, (0, 11), (0, 12), (0, 21))
    assert told.rows.tolist() == [0, 0]
    assert told.work_ids.tolist() == [ODE, ESSAY]
    assert told.passage_ids.tolist() == [12, 21]
    assert column(told, "cosine") == pytest.approx([0.6, 0.0])


def test_words_decide_where_vectors_do_not():
    texts = {11: "nothing of it", 12: "saffron almonds"}
    told = likeness({11: NORTH, 12: UP}, (0, 11), (0, 12), texts=texts, said=["saffron almonds"])
    assert told.passage_ids.tolist() == [12]
    assert column(told, "terms") == [1.0]


def test_a_margin_is_how_far_a_work_is_above_the_best_other_of_the_row():
    kept = {11: BETWEEN, 21: (0.8, 0.0, 0.6), 31: UP}
    told = likeness(kept, (0, 11), (0, 21), (0, 31))
    assert column(told, "cosine") == pytest.approx([0.6, 0.8, 0.0])
    assert column(told, "over_cosine") == pytest.approx([-0.2, 0.2, -0.8])
    assert column(told, "is_best") == [0.0, 1.0, 0.0]
    assert column(told, "over_terms") == [0.0, 0.0, 0.0]


def test_a_work_alone_in_its_row_is_above_nothing():
    told = likeness({11: BETWEEN}, (0, 11))
    assert column(told, "over_cosine") == pytest.approx([0.6])
    assert column(told, "is_best") == [1.0]


def test_works_that_are_equal_are_above_each_other_by_nothing():
    told = likeness({11: (0.6, 0.8, 0), 21: (0.6, 0, 0.8)}, (0, 11), (0, 21))
    assert column(told, "over_cosine") == [0.0, 0.0]
    assert column(told, "is_best") == [1.0, 1.0]


def test_a_later_work_that_says_the_same_is_dropped():
    told = likeness({11: BETWEEN, 21: BETWEEN, 31: UP}, (0, 11), (0, 21), (0, 31))
    assert told.work_ids.tolist() == [ODE, NOVEL]
    assert column(told, "over_cosine") == pytest.approx([0.6, -0.6])


def test_a_polish_that_fits_a_little_better_is_dropped_too():
    # cosines to the output: the original .8, its polish .96, .936 to each other
    kept = {11: (0.8, 0.6, 0.0), 21: (0.96, 0.28, 0.0)}
    assert likeness(kept, (0, 11), (0, 21)).work_ids.tolist() == [ODE]
    # with .7 the earlier one is more than a quarter behind: it is not what was taken
    kept = {11: (0.7, 0.714, 0.0), 21: (0.96, 0.28, 0.0)}
    assert likeness(kept, (0, 11), (0, 21)).work_ids.tolist() == [ODE, ESSAY]


def test_a_later_work_that_says_something_else_stays():
    # both .8 to the output, .28 to each other
    kept = {11: (0.8, 0.6, 0.0), 21: (0.8, -0.6, 0.0)}
    assert likeness(kept, (0, 11), (0, 21)).work_ids.tolist() == [ODE, ESSAY]


def test_passages_of_one_work_are_no_twins_of_each_other():
    told = likeness({11: BETWEEN, 12: BETWEEN, 31: UP}, (0, 11), (0, 12), (0, 31))
    assert told.work_ids.tolist() == [ODE, NOVEL]
    assert told.passage_ids.tolist() == [11, 31]


def test_rows_do_not_mix():
    kept = {11: EAST, 21: NORTH}
    told = likeness(kept, (0, 11), (0, 21), (1, 11), (1, 21), output=(EAST, NORTH))
    assert told.rows.tolist() == [0, 0, 1, 1]
    assert column(told, "over_cosine") == [1.0, -1.0, -1.0, 1.0]


def test_no_pairs_are_no_likeness():
    told = likeness({11: EAST})
    assert len(told) == 0
    assert {name: each.shape for name, each in told.columns.items()} == dict.fromkeys(
        told.columns, (0,)
    )
