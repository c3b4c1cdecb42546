"""Reading an output as a sequence, beside every sequence there is."""

from itertools import pairwise, product
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.sequence import NONE, Habits, read_v1

PLAIN = Habits(change=0.2, tempering=1.0, least_odds=0.01)


def odds(*rows):
    return np.array(rows, dtype=np.float64)


def likelihood(states, table, habits):
    """Multiply what a sequence of states says of the passages."""
    works = table.shape[1]
    start = [0.5] + [0.5 / works] * works
    whole = start[states[0]]
    for before, after in pairwise(states):
        whole *= habits.change * start[after] + (1 - habits.change) * (before == after)
    for at, state in enumerate(states):
        if state != NONE:
            whole *= max(table[at, state - 1], habits.least_odds) ** habits.tempering
    return whole


def enumerated(table, habits):
    """Give posteriors and the log likelihood, by going through all sequences of states."""
    n, works = table.shape
    posteriors = np.zeros((n, works + 1))
    for states in product(range(works + 1), repeat=n):
        whole = likelihood(states, table, habits)
        for at, state in enumerate(states):
            posteriors[at, state] += whole
    total = posteriors[0].sum()
    return posteriors / total, log(total)


def test_one_passage_is_bayes():
    reading = read_v1(odds([3.0]), PLAIN)
    assert reading.posteriors.tolist() == [[0.25, 0.75]]
    assert reading.states.tolist() == [1]
    assert reading.evidence.tolist() == pytest.approx([log(0.5 + 0.5 * 3)])


def test_two_passages_worked_out_by_hand():
    # none none .45, none work .05 * 2, work none .05 * 4, work work .45 * 8
    reading = read_v1(odds([4.0], [2.0]), PLAIN)
    whole = 0.45 + 0.05 * 2 + 0.05 * 4 + 0.45 * 8
    assert reading.posteriors[:, 1].tolist() == pytest.approx([3.8 / whole, 3.7 / whole])
    assert reading.evidence.tolist() == pytest.approx([log(whole)])


def test_a_weak_passage_between_strong_ones_is_read_with_them():
    reading = read_v1(odds([20.0], [0.6], [20.0]), PLAIN)
    assert reading.states.tolist() == [1, 1, 1]
    assert read_v1(odds([0.6]), PLAIN).states.tolist() == [NONE]


def test_a_single_faint_likeness_among_strangers_is_none():
    assert read_v1(odds([0.1], [1.5], [0.1]), PLAIN).states.tolist() == [NONE] * 3


def test_a_text_may_change_its_source():
    table = odds([30, 0.1], [30, 0.1], [0.1, 0.1], [0.1, 0.1], [0.1, 30], [0.1, 30])
    assert read_v1(table, PLAIN).states.tolist() == [1, 1, 0, 0, 2, 2]


def test_no_work_and_no_passage_are_read_too():
    assert read_v1(np.zeros((3, 0)), PLAIN).posteriors.tolist() == [[1.0]] * 3
    nothing = read_v1(np.zeros((0, 0)), PLAIN)
    assert (nothing.states.tolist(), nothing.evidence.tolist()) == ([], [])


TABLES = st.tuples(st.integers(1, 5), st.integers(1, 2)).flatmap(
    lambda shape: st.lists(
        st.lists(st.floats(1e-4, 1e3), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0], max_size=shape[0],
    )
)  # fmt: skip
HABITS = st.builds(
    Habits, change=st.floats(0.01, 0.9), tempering=st.floats(0.3, 1.0), least_odds=st.just(0.02)
)


@given(TABLES, HABITS)
def test_reading_equals_going_through_all_sequences(rows, habits):
    table = odds(*rows)
    reading = read_v1(table, habits)
    posteriors, whole = enumerated(table, habits)
    assert reading.posteriors == pytest.approx(posteriors, abs=1e-9)
    assert reading.posteriors.sum(axis=1) == pytest.approx(np.ones(len(table)))
    assert (reading.states == np.argmax(reading.posteriors, axis=1)).all()
    for work, evidence in enumerate(reading.evidence.tolist()):
        without = np.delete(table, work, 1)
        rest = enumerated(without, habits)[1] if without.shape[1] else 0.0
        assert evidence == pytest.approx(whole - rest, abs=1e-9)


@given(st.integers(1, 400), st.floats(1e-6, 1e6))
def test_long_texts_do_not_overflow(count, each):
    reading = read_v1(np.full((count, 3), each), PLAIN)
    assert np.isfinite(reading.evidence).all()
    assert reading.posteriors.sum(axis=1) == pytest.approx(np.ones(count))
