"""The columns the two regressions look at, made of those of a likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_NEAR, _SHARING = 0.45, 0.25
_PLAIN = (
    "cosine",
    "terms",
    "grams_of_work",
    "over_cosine",
    "over_terms",
    "over_grams",
    "is_best",
    "sharpness",
    "beside_cosine",
    "beside_least_cosine",
    "beside_terms",
    "beside_grams",
    "further_cosine",
    "beside_best",
    "in_order",
    "window",
)
# What the passages around say counts only as far as a passage speaks for the work itself: else
# whatever follows a copy would be taken for part of it.
_CONTEXT = frozenset(
    {
        "is_best",
        "beside_cosine",
        "beside_least_cosine",
        "beside_terms",
        "beside_grams",
        "further_cosine",
        "beside_best",
        "in_order",
        "window",
    }
)
_NO_OWN, _SOME_OWN = 0.25, 0.65


def passage_signs(columns: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Give what the passage regression looks at: plain columns, bends and products of two."""
    cosine, terms = columns["cosine"], columns["terms"]
    own = np.clip((cosine + terms - _NO_OWN) / (_SOME_OWN - _NO_OWN), 0.0, 1.0)
    signs = {name: columns[name] * own if name in _CONTEXT else columns[name] for name in _PLAIN}
    signs["cosine_above_half"] = np.maximum(cosine - 0.5, 0.0)
    signs["cosine_above_0.7"] = np.maximum(cosine - 0.7, 0.0)
    signs["root_of_grams"] = np.sqrt(np.clip(columns["grams_of_work"], 0.0, 1.0))
    signs["root_of_terms"] = np.sqrt(np.clip(terms, 0.0, 1.0))
    signs["cosine_x_terms"] = cosine * terms
    signs["window_x_beside_terms"] = signs["window"] * columns["beside_terms"]
    signs["sharpness_x_over_terms"] = columns["sharpness"] * np.maximum(columns["over_terms"], 0.0)
    signs["window_above_0.6"] = own * np.maximum(columns["window"] - 0.6, 0.0)
    signs["over_cosine_x_cosine"] = np.maximum(columns["over_cosine"], 0.0) * cosine
    return signs


def worth_reading(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Say which pairs are likely enough to be judged at all."""
    return (columns["is_best"] > 0) | (columns["cosine"] > _NEAR) | (columns["terms"] > _SHARING)


REGION_MEANS = ("cosine", "terms", "grams_of_work", "sharpness", "window")
REGION_MARGINS = ("terms", "grams_of_work")
ORDER_SIGNS = ("next_to_next", "in_one_piece", "in_rising_order")
GATE_SIGNS = (
    "evidence",
    "mean_log_odds",
    *(f"mean_{name}" for name in REGION_MEANS),
    *(f"over_{name}" for name in REGION_MARGINS),
    *ORDER_SIGNS,
    "log_chars",
)
