"""How much a shared word or phrase says, by who else uses it."""

import numpy as np
import pytest

from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.terms import terms_v1
from attribution.weights import weights_of_grams, weights_of_terms


class Counted:
    """A lexical index of which only the counts are known: hash n is held by n."""

    def __init__(self, *, works, owners=0, held_by_owners=None):
        self.work_count = works
        self.owner_count = owners
        self._held_by_owners = held_by_owners

    def work_counts(self, hashes):
        return hashes.astype(np.int64)

    def owner_counts(self, hashes):
        return np.full(len(hashes), self._held_by_owners)


def hashes(*numbers):
    return np.array(numbers, dtype=np.uint64)


@pytest.mark.parametrize(
    ("works", "held_by", "weight"),
    [
        (10, 0, 1.0),
        (10, 1, 0.747222),  # ln 6 / ln 11
        (10, 3, 0.522443),  # ln 3.5 / ln 11
        (10, 10, 0.269664),  # ln (21 / 11) / ln 11
        (1_000, 1, 0.899816),  # ln 501 / ln 1001
        (0, 0, 0.0),
    ],
)
def test_a_word_weighs_less_the_more_works_use_it(works, held_by, weight):
    told = weights_of_terms(Counted(works=works), hashes(held_by))
    assert told.tolist() == pytest.approx([weight], abs=1e-6)


@pytest.mark.parametrize(
    ("works", "held_by", "weight"),
    [
        (10, 0, 1.0),
        (10, 1, 1.0),
        (10, 5, 0.458157),  # ln 3 / ln 11
        (10, 6, 0.0),
        (200, 10, 0.574080),  # ln 21 / ln 201
        (200, 11, 0.0),  # more than 5 %
        (0, 0, 0.0),
    ],
)
def test_a_phrase_of_more_than_five_and_of_5_percent_weighs_nothing(works, held_by, weight):
    told = weights_of_grams(Counted(works=works), hashes(held_by))
    assert told.tolist() == pytest.approx([weight], abs=1e-6)


def test_from_twenty_owners_on_owners_are_counted_instead_of_works():
    few = Counted(works=10, owners=19, held_by_owners=1)
    many = Counted(works=10, owners=20, held_by_owners=1)
    assert weights_of_terms(few, hashes(3)).tolist() == pytest.approx([0.522443], abs=1e-6)
    assert weights_of_terms(many, hashes(3)).tolist() == pytest.approx([0.787610], abs=1e-6)
    assert weights_of_grams(few, hashes(6)).tolist() == [0.0]
    assert weights_of_grams(many, hashes(6)).tolist() == [1.0]


def test_every_hash_has_its_own_weight_in_the_order_asked():
    told = weights_of_terms(Counted(works=10), hashes(10, 0, 3))
    assert told.tolist() == pytest.approx([0.269664, 1.0, 0.522443], abs=1e-6)
    assert weights_of_terms(Counted(works=10), hashes()).tolist() == []


def add(index, registered):
    """Add (work, owner, text) as one passage each."""
    works, owners, texts = zip(*registered, strict=True)
    ids = np.array(works, dtype=np.int64)
    index.add(ids, ids, np.array(owners, dtype=np.int64), terms_v1(texts))


def test_a_hundred_works_of_one_owner_change_nobodys_weight():
    index = SegmentedLexicalIndex()
    add(index, [(n, n, f"the old lighthouse number{n}") for n in range(1, 25)])
    add(index, [(100, 100, "seven brass lanterns burned all night")])
    prints = terms_v1(["seven brass lanterns burned"])
    terms, grams = weights_of_terms(index, prints.terms), weights_of_grams(index, prints.grams)
    add(index, [(n, 100, "seven brass lanterns burned all night") for n in range(200, 300)])
    assert (index.work_count, index.owner_count) == (125, 25)
    assert weights_of_terms(index, prints.terms).tolist() == terms.tolist()
    assert weights_of_grams(index, prints.grams).tolist() == grams.tolist() == [1.0, 1.0]
