"""A catalogue written as vectors and words, for what compares passages with one another."""

import numpy as np

from attribution.catalogue import PassageRef
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.neighbours import Pairs
from attribution.terms import terms_v1


class KeptVectors:
    """The part of an index that only gives vectors back, exactly."""

    def __init__(self, rows):
        self._rows = {name: np.array(row, dtype=np.float32) for name, row in rows.items()}

    def turned(self, vectors):
        return vectors

    def vectors_of(self, passage_ids):
        nothing = np.zeros(len(next(iter(self._rows.values()))), dtype=np.float32)
        return np.array([self._rows.get(name, nothing) for name in passage_ids.tolist()])


def vectors(*rows):
    return np.array(rows, dtype=np.float32)


def a_lexicon(works, texts=None):
    """Hold passages by id: their works, and their words where they have any."""
    index = SegmentedLexicalIndex()
    names = np.array(list(works), dtype=np.int64)
    of = np.array(list(works.values()), dtype=np.int64)
    index.add(names, of, of, terms_v1([(texts or {}).get(name, "") for name in works]))
    return index


def pairs(works, *row_and_id):
    rows = np.array([row for row, _ in row_and_id], dtype=np.int64)
    ids = np.array([name for _, name in row_and_id], dtype=np.int64)
    of = np.array([works[name] for name in ids.tolist()], dtype=np.int64)
    refs = {name: PassageRef(name, works[name], 0, 9, b"") for name in ids.tolist()}
    return Pairs(rows, ids, of, refs)
