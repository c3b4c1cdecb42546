"""Logistic regression whose slopes are never negative: more likeness never speaks against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from attribution.coefficients import Logistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def fit(
    columns: Mapping[str, NDArray[np.float64]],
    truth: NDArray[np.bool_],
    weight: NDArray[np.float64],
    *,
    ridge: float,
) -> Logistic:
    """Fit by L-BFGS-B on standardised columns; the slopes given back are those of plain columns."""
    names = tuple(columns)
    values = np.stack([columns[name] for name in names], axis=1)
    part = weight / weight.sum()
    mean = part @ values
    scale = np.sqrt(part @ (values - mean) ** 2) + 1e-6
    scaled = (values - mean) / scale
    sign = np.where(truth, 1.0, -1.0)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (scaled @ point[:-1] + point[-1])
        pull = -(part * sign / (1 + np.exp(np.clip(margin, -500, 500))))
        slopes = scaled.T @ pull + 2 * ridge * point[:-1]
        value = float(part @ np.logaddexp(0, -margin) + ridge * point[:-1] @ point[:-1])
        return value, np.append(slopes, pull.sum())

    bounds = [(0.0, None)] * len(names) + [(None, None)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    slopes = found.x[:-1] / scale
    return Logistic(names, slopes, float(found.x[-1] - slopes @ mean))
