"""Likenesses written as tables, for what decides on them."""

import numpy as np

from attribution.catalogue import PassageRef
from attribution.likeness import Likeness
from attribution.terms import terms_v1
from attribution.values import Fingerprint

HASH, OTHER_HASH = b"h" * 16, b"o" * 16
COLUMNS = (
    "cosine", "terms", "grams", "grams_of_work", "rare_grams", "over_cosine", "over_terms",
    "over_grams", "is_best", "sharpness", "beside_cosine", "beside_least_cosine", "beside_terms",
    "beside_grams", "further_cosine", "beside_best", "in_order", "window",
)  # fmt: skip


def an_output(*lengths, hashes=None):
    """Passages of these lengths, with one blank between each and the next."""
    starts = [sum(lengths[:at]) + at for at in range(len(lengths))]
    return Fingerprint(
        starts=np.array(starts, dtype=np.int64),
        ends=np.array([s + n for s, n in zip(starts, lengths, strict=True)], dtype=np.int64),
        vectors=np.zeros((len(lengths), 4), dtype=np.float32),
        hashes=tuple(hashes or [HASH] * len(lengths)),
        lexical=terms_v1([""] * len(lengths)),
        length_chars=max(sum(lengths) + len(lengths) - 1, 0),
        normalisation_changed_ppm=0,
    )


def a_likeness(pairs, content_hash=OTHER_HASH):
    """Take (row, work): columns, in rising order; a work's passages are numbered by row."""
    rows = [row for row, _ in pairs]
    works = [work for _, work in pairs]
    ids = [work * 1_000 + row for row, work in pairs]
    columns = {
        name: np.array([told.get(name, 0.0) for told in pairs.values()], dtype=np.float64)
        for name in COLUMNS
    }
    refs = {
        name: PassageRef(name, work, 10 * name, 10 * name + 7, content_hash)
        for name, work in zip(ids, works, strict=True)
    }
    arrays = (np.array(each, dtype=np.int64) for each in (rows, works, ids))
    return Likeness(*arrays, columns, refs)
