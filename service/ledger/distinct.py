"""Which whole numbers a column holds, and where each value is among them."""

import numpy as np

from service.ledger.allocation import Int64s

_SPARSE = 8
"""A table of this many places a value is filled sooner than the values are sorted."""


def distinct(values: Int64s) -> tuple[Int64s, Int64s]:
    """Return the distinct values by size, and the place of each value [n] among them.

    Numbers of rows lie close together, so they are counted in a table; others are sorted.
    """
    if not len(values):
        return values, values
    low = int(values.min())
    width = int(values.max()) - low + 1
    if width > _SPARSE * len(values):
        return np.unique(values, return_inverse=True)
    at = values - low
    places = np.zeros(width, np.int64)
    places[at] = 1
    met = np.flatnonzero(places)
    places[met] = np.arange(len(met))
    return met + low, places[at]
