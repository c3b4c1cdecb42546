"""How much a shared word says: little where everybody uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.lexical_index import LexicalIndex

OWNERS_FROM = 20
_BOILERPLATE_AT_LEAST = 5
_BOILERPLATE_PART = 0.05


def weights_of_terms(lexicon: LexicalIndex, terms: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Weigh each term in [0, 1] by its inverse document frequency (Spaerck Jones 1972).

    Frequencies count owners, so that many accounts of one owner change nobody's weight; a
    catalogue of fewer than 20 owners counts works.
    """
    counts, whole = _counts(lexicon, terms)
    weights = np.log1p(whole / (1 + counts)) / np.log1p(max(whole, 1))
    return np.asarray(np.clip(weights, 0.0, 1.0))


def weights_of_grams(lexicon: LexicalIndex, grams: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Weigh each 3-gram in [0, 1]; boilerplate, in more than max(5, 5 %) of all, weighs nothing."""
    counts, whole = _counts(lexicon, grams)
    weights = np.log1p(whole / np.maximum(counts, 1)) / np.log1p(max(whole, 1))
    weights[counts > max(_BOILERPLATE_AT_LEAST, _BOILERPLATE_PART * whole)] = 0.0
    return np.asarray(np.clip(weights, 0.0, 1.0))


def _counts(lexicon: LexicalIndex, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], int]:
    """Count who holds each hash, and all there are: owners, or works where owners are few."""
    if lexicon.owner_count >= OWNERS_FROM:
        return lexicon.owner_counts(hashes), lexicon.owner_count
    return lexicon.work_counts(hashes), lexicon.work_count
