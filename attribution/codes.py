"""Unit vectors as one byte a component, so that their products are exact."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from attribution.double_product import double_product

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODES = "rotated-int8-v1"
"""Names everything below that a code depends on."""
_SPREAD = 5.5
"""Standard deviations of a component kept; beyond, one component in 26 million, it is clipped."""
_TOP = 127
ZERO = 128
"""The code that stands for 0."""
_EXACT = 0.9 * 2**24
"""Below this float32 adds whole numbers without rounding, in any order."""
_ROWS_AT_ONCE = 8_192


class Codec:
    """Turns unit vectors into bytes and back; nothing is learnt from what is encoded.

    Vectors are turned by a fixed random rotation first, so that no component stands out whatever
    the encoder, and one step size serves all: a code depends on its vector alone. Codes and queries
    are whole numbers whose products fit float32 exactly; a score is the same number on every
    machine, in every order of summing up.
    """

    def __init__(self, dimension: int) -> None:
        assert dimension > 0, dimension
        self.dimension = dimension
        self._rotation = _rotation(dimension)
        self._level: float = _TOP / min(1.0, _SPREAD / dimension**0.5)
        self._query_level: float = float(_EXACT // (self._level + dimension**0.5))

    @property
    def cosine_of_one(self) -> float:
        """What one unit of a score is worth as a cosine."""
        return 1.0 / (self._level * self._query_level)

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Encode unit vectors float32[n, dim] as uint8[n, dim], 128 being zero."""
        codes = np.empty(vectors.shape, dtype=np.uint8)
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            numbers = np.rint(self._turned(vectors[rows]) * self._level)
            codes[rows] = np.clip(numbers, -_TOP, _TOP) + ZERO
        return codes

    def queries(
        self, vectors: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn unit vectors float32[m, dim] into whole numbers to be multiplied with codes.

        Coarse ones are those codes stand for; products of the fine ones are scores.
        """
        turned = self._turned(vectors)
        coarse = np.clip(np.rint(turned * self._level), -_TOP, _TOP)
        fine = np.rint(turned * self._query_level)
        return coarse.astype(np.float32), fine.astype(np.float32)

    def vectors(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make unit vectors float32[n, dim] of what codes stand for (``steps``)."""
        squares = np.einsum("nd,nd->n", numbers, numbers)  # whole numbers, exact
        lengths = np.sqrt(np.maximum(squares, np.float32(1)))
        return np.asarray(numbers / lengths[:, None])

    def turned(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn unit vectors float32[n, dim] as codes are."""
        return self._turned(vectors).astype(np.float32)

    def _turned(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Rotate in double precision: how rows are grouped then decides no rounding."""
        return double_product(vectors.astype(np.float64), self._rotation)


def steps(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Read codes uint8[n, dim] as the whole numbers they stand for, float32[n, dim]."""
    return codes.astype(np.float32) - np.float32(ZERO)


def codes_of_steps(numbers: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Undo ``steps``."""
    return (numbers + np.float32(ZERO)).astype(np.uint8)


@cache
def _rotation(dimension: int) -> NDArray[np.float64]:
    """Give an orthogonal matrix, the same for ever: QR of seeded normal draws, signs fixed."""
    draws = np.random.default_rng(dimension).standard_normal((dimension, dimension))
    orthogonal, upper = np.linalg.qr(draws)
    return np.asarray(orthogonal * np.sign(np.diag(upper)), dtype=np.float64)
