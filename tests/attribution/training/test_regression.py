"""A regression that recovers what made its rows, and never counts likeness against a work."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.training.regression import fit

ROWS = 20_000


def drawn(slopes, constant, seed=3):
    """Draw rows whose truth follows these slopes."""
    chance = np.random.default_rng(seed)
    columns = {name: chance.normal(size=ROWS) for name in slopes}
    odds = constant + sum(slope * columns[name] for name, slope in slopes.items())
    return columns, chance.random(ROWS) < 1 / (1 + np.exp(-odds))


def test_slopes_and_constant_come_back():
    columns, truth = drawn({"cosine": 2.0, "terms": 0.5}, -1.0)
    told = fit(columns, truth, np.ones(ROWS), ridge=0.0)
    assert told.names == ("cosine", "terms")
    assert told.slopes.tolist() == pytest.approx([2.0, 0.5], abs=0.08)
    assert told.constant == pytest.approx(-1.0, abs=0.08)


def test_the_scale_and_the_place_of_a_column_are_its_own():
    columns, truth = drawn({"cosine": 2.0, "terms": 0.5}, -1.0)
    plain = fit(columns, truth, np.ones(ROWS), ridge=0.001)
    columns["terms"] = columns["terms"] * 100 + 7
    moved = fit(columns, truth, np.ones(ROWS), ridge=0.001)
    assert moved.slopes.tolist() == pytest.approx([plain.slopes[0], plain.slopes[1] / 100], 1e-3)


def test_what_speaks_against_a_work_is_left_out():
    columns, truth = drawn({"cosine": 1.5, "odd": -2.0}, 0.0)
    told = fit(columns, truth, np.ones(ROWS), ridge=0.001)
    assert told.slopes[1] == 0.0
    assert told.slopes[0] > 0.5


def test_a_row_that_weighs_twice_counts_as_two():
    columns = {"cosine": np.array([0.1, 0.4, 0.6, 0.9, 0.5])}
    truth = np.array([False, False, True, True, False])
    twice = fit(columns, truth, np.array([1.0, 1, 1, 1, 2]), ridge=0.01)
    doubled = {"cosine": np.append(columns["cosine"], 0.5)}
    alone = fit(doubled, np.append(truth, False), np.ones(6), ridge=0.01)
    assert twice.slopes.tolist() == pytest.approx(alone.slopes.tolist(), rel=1e-3)
    assert twice.constant == pytest.approx(alone.constant, rel=1e-3)


def test_a_column_that_never_changes_says_nothing():
    columns = {"same": np.ones(50), "cosine": np.linspace(0, 1, 50)}
    told = fit(columns, columns["cosine"] > 0.5, np.ones(50), ridge=0.01)
    assert told.slopes[0] == pytest.approx(0.0, abs=1e-6)


@given(st.integers(0, 1_000), st.integers(2, 40))
def test_no_slope_is_ever_negative(seed, count):
    chance = np.random.default_rng(seed)
    columns = {name: chance.normal(size=count) for name in "abc"}
    told = fit(columns, chance.random(count) < 0.5, chance.random(count) + 0.1, ridge=0.001)
    assert (told.slopes >= 0).all()
    assert np.isfinite([*told.slopes, told.constant]).all()
