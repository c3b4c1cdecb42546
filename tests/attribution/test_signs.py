"""What the regressions look at."""

import numpy as np
import pytest

from attribution.coefficients import installed
from attribution.signs import GATE_SIGNS, passage_signs, worth_reading

PLAIN = (
    "cosine", "terms", "grams_of_work", "over_cosine", "over_terms", "over_grams", "is_best",
    "sharpness", "beside_cosine", "beside_least_cosine", "beside_terms", "beside_grams",
    "further_cosine", "beside_best", "in_order", "window",
)  # fmt: skip


def columns(**told):
    return {name: np.array([told.get(name, 0.0)]) for name in PLAIN}


def signs(**told):
    return {name: float(each[0]) for name, each in passage_signs(columns(**told)).items()}


def test_bends_and_products_are_made_of_the_plain_columns():
    told = signs(
        cosine=0.9, terms=0.25, grams_of_work=0.49, over_cosine=0.2, over_terms=0.1,
        sharpness=0.4, beside_terms=0.5, window=0.8,
    )  # fmt: skip
    assert {name: told[name] for name in told if name not in PLAIN} == pytest.approx(
        {
            "cosine_above_half": 0.4,
            "cosine_above_0.7": 0.2,
            "root_of_grams": 0.7,
            "root_of_terms": 0.5,
            "cosine_x_terms": 0.225,
            "window_x_beside_terms": 0.4,
            "sharpness_x_over_terms": 0.04,
            "window_above_0.6": 0.2,
            "over_cosine_x_cosine": 0.18,
        }
    )


def test_being_behind_another_work_is_counted_once():
    told = signs(cosine=0.4, over_cosine=-0.3, over_terms=-0.3, sharpness=0.4, window=0.5)
    assert (told["over_cosine"], told["over_terms"]) == (-0.3, -0.3)
    for name in (
        "over_cosine_x_cosine", "sharpness_x_over_terms", "cosine_above_half", "window_above_0.6"
    ):  # fmt: skip
        assert told[name] == 0.0


@pytest.mark.parametrize(
    ("told", "is_worth"),
    [
        ({}, False),
        ({"cosine": 0.45, "terms": 0.25}, False),
        ({"cosine": 0.46}, True),
        ({"terms": 0.26}, True),
        ({"is_best": 1.0}, True),
    ],
)
def test_only_what_might_be_is_judged(told, is_worth):
    assert worth_reading(columns(**told)).tolist() == [is_worth]


def test_the_coefficients_are_of_these_signs():
    assert set(installed().passage.names) == set(signs())
    assert set(installed().gate.names) == set(GATE_SIGNS)
