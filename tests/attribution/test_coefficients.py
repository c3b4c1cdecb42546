"""The one file training writes."""

import json

import numpy as np
import pytest

from attribution.coefficients import Coefficients, Logistic, installed, written
from attribution.sequence import Habits

PASSAGE = Logistic(("cosine", "terms"), np.array([1.25, 0.0]), -3.0)
GATE = Logistic(("evidence",), np.array([0.5]), -1.5)
FAINT = Logistic(("log_odds",), np.array([0.75]), 2.0)
HABITS = Habits(change=0.1, tempering=0.8, least_odds=0.03)


def a_file(**changed):
    told = {"prior": 0.2, "habits": HABITS, "pays_from": 0.6, "trained_on": ["one", "two"]}
    return written(PASSAGE, GATE, faint=FAINT, **(told | changed))


def test_what_was_written_is_read():
    told = Coefficients.parsed(a_file())
    assert told.passage.names == ("cosine", "terms")
    assert told.passage.slopes.tolist() == [1.25, 0.0]
    assert told.passage.constant == -3.0
    assert (told.faint.slopes.tolist(), told.faint.constant) == ([0.75], 2.0)
    assert (told.gate.names, told.gate.slopes.tolist()) == (("evidence",), [0.5])
    assert told.habits == HABITS
    assert (told.prior, told.pays_from) == (0.2, 0.6)


def test_the_same_numbers_are_the_same_bytes_and_the_same_digest():
    assert a_file() == a_file()
    assert Coefficients.parsed(a_file()).digest == (
        "c96b765d5fdd25722a9cb612c66a636ffad5958ed27ac6040b73fa940ed5d137"
    )


def test_another_number_is_another_digest():
    digests = {Coefficients.parsed(a_file(prior=prior)).digest for prior in (0.2, 0.3)}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)


def test_numbers_are_written_to_six_places_for_a_person_to_read():
    gate = Logistic(("evidence",), np.array([1 / 3]), 2 / 3)
    content = written(
        PASSAGE, gate, faint=FAINT, prior=0.2, habits=HABITS, pays_from=0.5, trained_on=[]
    )
    assert json.loads(content)["gate"] == {"constant": 0.666667, "slopes": {"evidence": 0.333333}}
    assert content.endswith(b"}\n")


def test_log_odds_are_a_constant_and_slopes_times_columns():
    columns = {"cosine": np.array([0.0, 2.0]), "terms": np.array([9.0, 9.0])}
    assert PASSAGE.log_odds(columns).tolist() == [-3.0, -0.5]


def test_the_package_comes_with_coefficients_that_never_count_likeness_against_a_work():
    told = installed()
    assert told is installed()
    assert (told.passage.slopes >= 0).all()
    assert (told.gate.slopes >= 0).all()
    assert told.pays_from == pytest.approx(0.5)
    assert 0.0 < told.prior < 0.5
