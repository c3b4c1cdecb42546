"""The words a passage shares with registered ones, worked out by hand and by a plain twin."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.catalogue import PassageRef
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.neighbours import Pairs
from attribution.overlap import overlap_of
from attribution.terms import terms_v1

# Passage id: (work, text).
REGISTERED = {
    11: (1, "lantern harbour keeper"),
    12: (1, "harbour keeper violin"),
    21: (2, "lantern meadow saffron"),
}


def an_index(registered):
    index = SegmentedLexicalIndex()
    works, texts = zip(*registered.values(), strict=True)
    ids, works = np.array(list(registered)), np.array(works)
    index.add(ids, works, works, terms_v1(texts))
    return index


def pairs(registered, *row_and_id):
    rows = np.array([row for row, _ in row_and_id], dtype=np.int64)
    ids = np.array([name for _, name in row_and_id], dtype=np.int64)
    works = np.array([registered[name][0] for name in ids.tolist()], dtype=np.int64)
    refs = {name: PassageRef(name, registered[name][0], 0, 9, b"") for name in ids.tolist()}
    return Pairs(rows, ids, works, refs)


def overlap(outputs, *row_and_id, registered=REGISTERED):
    told = overlap_of(terms_v1(outputs), pairs(registered, *row_and_id), an_index(registered))
    fields = (told.terms, told.grams, told.grams_of_work, told.rare_grams)
    return [each.tolist() for each in fields]


# Of two works: a word of one weighs ln 2 / ln 3 = 0.630930, of both ln (5 / 3) / ln 3 = 0.464974,
# of none 1; a 3-gram of one or of none weighs 1.


def test_words_are_weighed_and_divided_by_those_of_the_output():
    terms, grams, of_work, rare = overlap(["lantern harbour keeper zebra"], (0, 11), (0, 21))
    # 0.464974 + 2 * 0.630930 of 2.726834, and 0.464974 of it
    assert terms == pytest.approx([0.633274, 0.170518], abs=1e-6)
    assert grams == [0.5, 0.0]
    assert of_work == [0.5, 0.0]
    assert rare == [1.0, 0.0]


def test_phrases_found_in_different_passages_of_a_work_count_together():
    output = ["lantern harbour keeper violin"]
    _, grams, of_work, rare = overlap(output, (0, 11), (0, 12), (0, 21))
    assert grams == [0.5, 0.5, 0.0]
    assert of_work == [1.0, 1.0, 0.0]
    assert rare == [2.0, 2.0, 0.0]


def test_every_row_is_compared_with_its_own_sources_only():
    outputs = ["violin", "lantern harbour keeper", "nothing shared"]
    terms, grams, _, _ = overlap(outputs, (0, 12), (1, 11), (2, 11))
    assert terms == pytest.approx([1.0, 1.0, 0.0])
    assert grams == [0.0, 1.0, 0.0]


def test_a_word_said_twice_counts_once():
    once = overlap(["harbour zebra"], (0, 11))
    often = overlap(["harbour zebra harbour zebra harbour"], (0, 11))
    assert once[0] == often[0] == pytest.approx([0.386853], abs=1e-6)


def test_what_has_no_words_shares_none():
    assert overlap(["", "..."], (0, 11), (1, 12)) == [[0.0, 0.0]] * 4
    assert overlap(["harbour"]) == [[], [], [], []]


def test_one_common_word_alone_is_no_whole():
    registered = {n: (n, "lantern") for n in range(1, 101)}
    # in all of 100 works a word weighs ln (1 + 100 / 101) / ln 101 = 0.149115
    assert overlap(["lantern"], (0, 1), registered=registered)[0] == [1.0]
    registered = {n: (n, "lantern") for n in range(1, 2001)}
    # of 2,000 works 0.091154, below the least that words are measured by, 0.1
    assert overlap(["lantern"], (0, 1), registered=registered)[0] == pytest.approx(
        [0.911539], abs=1e-6
    )


WORDS = st.lists(
    st.sampled_from(["ash", "elm", "oak", "fir", "yew", "bay", "box"]), max_size=9
).map(" ".join)
REGISTRIES = st.lists(st.tuples(st.integers(1, 4), WORDS), min_size=1, max_size=8).map(
    lambda rows: {10 * at: row for at, row in enumerate(rows, start=1)}
)


def grams_of(text):
    words = text.split()
    return set(zip(words, words[1:], words[2:], strict=False))


def plain_twin(outputs, registered, row_and_id):
    """Do the same with sets."""
    held = defaultdict(set)
    for work, text in registered.values():
        for thing in {*text.split()} | grams_of(text):
            held[thing].add(work)
    whole = len({work for work, text in registered.values()})

    def weight(thing):
        if isinstance(thing, str):
            return min(1.0, math.log1p(whole / (1 + len(held[thing]))) / math.log1p(whole))
        count = max(len(held[thing]), 1)
        return min(1.0, math.log1p(whole / count) / math.log1p(whole))

    def part(some, of, least):
        return sum(map(weight, some)) / max(sum(map(weight, of)), least)

    made = []
    for row, name in row_and_id:
        work, text = registered[name]
        words, grams = {*outputs[row].split()}, grams_of(outputs[row])
        of_work = set().union(
            *(grams_of(registered[n][1]) for r, n in row_and_id
              if r == row and registered[n][0] == work)
        )  # fmt: skip
        shared = grams & of_work
        made.append(
            (
                part(words & {*text.split()}, words, 0.1),
                part(grams & grams_of(text), grams, 1.0),
                part(shared, grams, 1.0),
                sum(map(weight, shared)),
            )
        )
    return made


@given(st.lists(WORDS, min_size=1, max_size=3), REGISTRIES)
def test_the_arrays_say_what_sets_say(outputs, registered):
    row_and_id = [(row, name) for row in range(len(outputs)) for name in registered]
    told = overlap(outputs, *row_and_id, registered=registered)
    expected = plain_twin(outputs, registered, row_and_id)
    assert pytest.approx(np.array(expected), abs=1e-9) == np.array(told).T
