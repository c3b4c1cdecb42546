"""Which works come into question for an output, and what is looked at to let them be paid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_likeness import a_likeness

from attribution.coefficients import Logistic, installed
from attribution.gate import log_odds_of, suspects_of
from attribution.sequence import Habits
from attribution.signs import GATE_SIGNS

ODE, ESSAY, NOVEL = 1, 2, 3
HABITS = Habits(change=0.2, tempering=1.0, least_odds=0.01)


def suspects(pairs, *lengths, log_odds=None, prior=0.5):
    odds = [told.get("odds", 0.0) for told in pairs.values()] if log_odds is None else log_odds
    chars = [np.array(each, dtype=np.int64) for each in lengths]
    return list(
        suspects_of(
            a_likeness(pairs), np.array(odds, dtype=np.float64), chars, prior=prior, habits=HABITS
        )
    )


def test_odds_are_the_regressions_and_bounded():
    likeness = a_likeness({(0, ODE): {"cosine": 0.5}, (0, ESSAY): {"cosine": 0.6}})
    passage = Logistic(("cosine",), np.array([4.0]), -1.0)
    assert log_odds_of(likeness, passage).tolist() == pytest.approx([1.0, 1.4])
    steep = Logistic(("cosine",), np.array([400.0]), -230.0)
    assert log_odds_of(likeness, steep).tolist() == [-7.0, 7.0]


def test_what_is_hardly_alike_is_not_judged():
    likeness = a_likeness({(0, ODE): {"cosine": 0.4}, (0, ESSAY): {"cosine": 0.5}})
    sure = Logistic(("cosine",), np.array([0.0]), 3.0)
    assert log_odds_of(likeness, sure).tolist() == [-7.0, 3.0]
    assert log_odds_of(a_likeness({}), sure).tolist() == []


def test_every_output_is_read_on_its_own():
    pairs = {(0, ODE): {"odds": 3.0}, (2, ODE): {"odds": -6.0}, (2, ESSAY): {"odds": 4.0}}
    first, second, empty = suspects(pairs, [80], [90, 100], [])
    assert (first.works.tolist(), first.pair.tolist()) == ([ODE], [[0]])
    # of the second output the ode is below 5 %: it does not come into question
    assert (second.works.tolist(), second.pair.tolist()) == ([ESSAY], [[-1], [2]])
    assert second.log_odds.tolist() == [[-7.0], [4.0]]
    assert (empty.works.tolist(), empty.reading.states.tolist()) == ([], [])


def test_an_output_that_nothing_is_near_has_no_suspects():
    alone = suspects({}, [80, 90])[0]
    assert alone.works.tolist() == []
    assert alone.reading.states.tolist() == [0, 0]
    assert {name: sign.shape for name, sign in alone.signs.items()} == dict.fromkeys(
        GATE_SIGNS, (0,)
    )


def test_the_likeliest_work_is_kept_however_unlikely():
    pairs = {(0, ODE): {"odds": -6.5}, (0, ESSAY): {"odds": -6.0}, (0, NOVEL): {"odds": -6.9}}
    assert suspects(pairs, [80])[0].works.tolist() == [ESSAY]


def test_no_more_than_twelve_works_come_into_question():
    pairs = {(0, work): {"odds": work / 10} for work in range(1, 21)}
    assert suspects(pairs, [80])[0].works.tolist() == list(range(9, 21))


def test_signs_are_means_by_characters_over_what_the_work_wins():
    pairs = {
        (0, ODE): {"odds": 5.0, "cosine": 0.9, "terms": 0.6, "window": 0.8},
        (0, ESSAY): {"odds": 1.0, "cosine": 0.5, "terms": 0.2},
        (1, ODE): {"odds": 3.0, "cosine": 0.5, "terms": 0.2, "window": 0.4},
    }
    told = suspects(pairs, [100, 300])[0]
    assert told.reading.states.tolist() == [1, 1]
    signs = {name: sign.tolist() for name, sign in told.signs.items()}
    assert signs["mean_log_odds"] == pytest.approx([3.5, 1.0])  # (5 + 3 * 3) / 4
    assert signs["mean_cosine"] == pytest.approx([0.6, 0.5])
    assert signs["mean_terms"] == pytest.approx([0.3, 0.2])
    assert signs["mean_window"] == pytest.approx([0.5, 0.0])
    # above the best other work over the same passages: .2 / 4; the essay's one passage is the ode's
    assert signs["over_terms"] == pytest.approx([0.25, -0.4])
    assert signs["log_chars"] == pytest.approx([5.991465, 4.605170])  # ln 400, ln 100
    assert signs["next_to_next"] == pytest.approx([0.75, 0.5])
    assert signs["in_rising_order"] == pytest.approx([0.75, 0.5])
    assert signs["evidence"] == pytest.approx(np.arcsinh(told.reading.evidence / 3).tolist())


def test_a_prior_moves_every_passage():
    pairs = {(0, ODE): {"odds": 0.0}}
    assert suspects(pairs, [80], prior=0.5)[0].reading.posteriors.tolist() == [[0.5, 0.5]]
    # odds of 1 where 1 in 5 is expected speak for it: 4 to 1
    assert suspects(pairs, [80], prior=0.2)[0].reading.posteriors.tolist() == [
        pytest.approx([0.2, 0.8])
    ]


SIGNS = st.fixed_dictionaries({name: st.floats(-3, 9) for name in GATE_SIGNS})


@given(SIGNS, st.sampled_from(GATE_SIGNS), st.floats(0, 5))
def test_more_of_any_sign_never_shuts_the_gate(signs, name, more):
    gate = installed().gate
    before = gate.log_odds({key: np.array([value]) for key, value in signs.items()})
    signs[name] += more
    after = gate.log_odds({key: np.array([value]) for key, value in signs.items()})
    assert after[0] >= before[0]


@given(st.lists(st.floats(-7, 7), min_size=1, max_size=8), st.integers(0, 7), st.floats(0, 7))
def test_better_odds_of_a_passage_never_take_from_the_evidence_for_its_work(odds, at, more):
    def evidence(values):
        pairs = {(row, ODE): {} for row in range(len(values))}
        read = suspects(pairs, [80] * len(values), log_odds=values, prior=0.12)[0].reading
        return float(read.evidence[0])

    better = [min(7.0, value + more * (row == at)) for row, value in enumerate(odds)]
    assert evidence(better) >= evidence(odds) - 1e-9
