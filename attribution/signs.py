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


def passage_signs(columns: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Give what the passage regression looks at: plain columns, bends and products of two."""
    signs = {name: columns[name] for name in _PLAIN}
    cosine, terms = columns["cosine"], columns["terms"]
    signs["cosine_above_half"] = np.maximum(cosine - 0.5, 0.0)
    signs["cosine_above_0.7"] = np.maximum(cosine - 0.7, 0.0)
    signs["root_of_grams"] = np.sqrt(np.clip(columns["grams_of_work"], 0.0, 1.0))
    signs["root_of_terms"] = np.sqrt(np.clip(terms, 0.0, 1.0))
    signs["cosine_x_terms"] = cosine * terms
    signs["window_x_beside_terms"] = columns["window"] * columns["beside_terms"]
    signs["sharpness_x_over_terms"] = columns["sharpness"] * np.maximum(columns["over_terms"], 0.0)
    signs["window_above_0.6"] = np.maximum(columns["window"] - 0.6, 0.0)
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
