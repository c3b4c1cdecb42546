import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.lexical import LexicalPrints
from attribution.terms import terms_v1, words_of

ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates included


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("heauen", "heaven"),  # old spelling
        ("vnto", "unto"),
        ("LORde", "Lord"),
        ("accomodation", "accommodation"),  # doubled letters
        ("seperate", "separate"),  # vowels
        ("colour", "colur"),
    ],
)
def test_spelling_does_not_change_a_word(one, other):
    assert words_of(one) == words_of(other)


@pytest.mark.parametrize(
    ("passage", "words"),
    [
        ("The quick brown fox", ["th", "kuk", "brun", "fx"]),
        ("paraphrases, paraphrased", ["prfrs", "prfrsd"]),  # endings count little
        ("well-known state-of-the-art", ["ul", "knun", "st", "af", "th", "art"]),
        ("snake_case", ["snk", "ks"]),
        ("Don't don\u2019t DONT dont", ["dnt", "dnt", "dnt", "dnt"]),
        ("the owl's, the owls'", ["th", "aul", "th", "auls"]),
        ("'quoted' it is", ["kutd", "at", "as"]),
        ("pi is 3.14 or 3,14", ["p", "as", "3.14", "ar", "3.14"]),
        ("1,000 or 1000 or 1,234,567.5", ["1000", "ar", "1000", "ar", "1234567.5"]),
        ("on 12.05.2020.", ["an", "12.05.2020"]),
        ("phone 0123456789012345", ["fn", "0123456789012345"]),
        ("model mk27b14x9", ["mdl", "mk27b14x9"]),
        ("U.S. e.g.this", ["u", "s", "a", "g", "ths"]),
        ("caf\u00e9 na\u00efve \u00d8re stra\u00dfe", ["kf", "nu", "ar", "strs"]),
        ("\u0395\u03bb\u03bb\u03ac\u03b4\u03b1", ["\u03b5\u03bb\u03bb\u03b1\u03b4\u03b1"]),
        ("\u0451\u043b\u043a\u0430", ["\u0435\u043b\u043a\u0430"]),
        ("\u043c\u043e\u0439", ["\u043c\u043e\u0439"]),  # Russian short i is a letter
        ("\u05e9\u05b8\u05dc\u05d5\u05b9\u05dd", ["\u05e9\u05dc\u05d5\u05dd"]),
        ("\u0643\u0650\u062a\u0640\u0627\u0628", ["\u0643\u062a\u0627\u0628"]),
        ("\u0663\u0664 \u0967\u0968", ["34", "12"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),  # Hindi
        ("\u5c71\u6c34\u753b", ["\u5c71\u6c34", "\u6c34\u753b"]),
        ("\u5c71\u3002\u6c34\u753b", ["\u5c71", "\u6c34\u753b"]),
        ("2020\u5e74iPhones", ["2020", "\u5e74", "afns"]),
        ("\u0e1b\u0e35\u0e48", ["\u0e1b\u0e35", "\u0e35\u0e48"]),
        ("\u1797\u17b6\u179f", ["\u1797\u17b6", "\u17b6\u179f"]),
        ("\ud55c\uad6d\uc5b4 \ub9d0", ["\ud55c\uad6d\uc5b4", "\ub9d0"]),  # Korean has blanks
        ("\u2026 !? \U0001f600 ''", []),
        ("a \ud800 b\x00c", ["a", "b", "k"]),
        ("", []),
    ],
)
def test_words_are_what_a_copy_keeps(passage, words):
    assert words_of(passage) == words


def test_terms_are_distinct_rising_and_counted():
    prints = terms_v1(["one two two", "", "two"])
    assert prints.term_offsets.tolist() == [0, 2, 2, 3]
    assert sorted(prints.counts[:2].tolist()) == [1, 2]
    assert prints.terms[0] < prints.terms[1]
    two = prints.terms[:2][prints.counts[:2] == 2]
    assert prints.terms[2:].tolist() == two.tolist()
    assert prints.counts[2:].tolist() == [1]


def test_every_three_consecutive_words_are_one_gram_and_order_matters():
    prints = terms_v1(["a b c d", "b c d", "d c b", "b c", "a b c a b c"])
    assert prints.gram_offsets.tolist() == [0, 2, 3, 4, 4, 8]
    assert prints.grams[1] == prints.grams[2]
    assert prints.grams[2] != prints.grams[3]
    assert prints.grams[4] == prints.grams[7] == prints.grams[0]


def test_hashes_are_the_same_on_every_machine():
    prints = terms_v1(["the end 42"])
    assert sorted(prints.terms.tolist()) == [
        9339529777577524528,
        12483028410610392645,
        14784272232444259989,
    ]
    assert prints.grams.tolist() == [16033110668621266156]


def test_one_word_a_million_times_is_counted_as_often_as_fits():
    prints = terms_v1(["word " * 100_000])
    assert (prints.counts.tolist(), len(prints.grams)) == ([65_535], 99_998)


@given(st.lists(ANY_TEXT, max_size=5))
def test_passages_together_give_what_each_gives_alone(passages):
    together = terms_v1(passages)
    alone = LexicalPrints.joined([terms_v1([passage]) for passage in passages])
    for field in ("term_offsets", "terms", "counts", "gram_offsets", "grams"):
        assert np.array_equal(getattr(together, field), getattr(alone, field)), field


@given(ANY_TEXT)
def test_words_hold_something_and_case_makes_no_difference(text):
    assert all(words_of(text))
    assert words_of(text) == words_of(text.casefold())
