import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.normaliser import normalise_v0

ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates included


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("plain words", "plain words"),
        ("zero\u200bwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u202eright to left\u202c", "right to left"),
        ("\ufeffmarked", "marked"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("heart\ufe0f", "heart"),
        ("\ufb01ne o\ufb03ce", "fine office"),
        ("\U0001d41b\U0001d428\U0001d425\U0001d41d", "bold"),
        ("\uff26\uff35\uff2c\uff2c", "FULL"),
        ("cafe\u0301", "caf\u00e9"),
        ("e\u200b\u0301", "\u00e9"),
        ("\uff76\uff9e", "\u30ac"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("dr\u0430gon", "dragon"),
        ("P\u0430r\u0456s", "Paris"),
        ("t\u03bfp", "top"),
        ("one   two\t three", "one two three"),
        ("one\ntwo", "one two"),
        ("one\r\ntwo", "one two"),
        ("one\r\n\r\ntwo", "one\ntwo"),
        ("one \n \t\n two", "one\ntwo"),
        ("\n  outer \u00a0\n", "outer"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_every_disguise_has_one_plain_form(written, normalised):
    assert normalise_v0(written).text == normalised


@pytest.mark.parametrize(
    "genuine",
    [
        "\u0421\u043e\u0440\u043e\u043a \u043b\u0435\u0442",  # Russian, all look-alikes or not
        "\u0441\u043e\u0440",  # Russian, every letter like a Latin one
        "\u03c4\u03bf \u03cc\u03bd\u03bf\u03bc\u03b1",  # Greek
        "the \u03b1 and \u03c9",  # Greek letters as words of their own
        "\u0428a",  # mixed, but with a letter like no Latin one
    ],
)
def test_genuine_russian_and_greek_are_left_alone(genuine):
    assert normalise_v0(genuine).text == genuine
    assert normalise_v0(genuine).changed_ppm == 0


@pytest.mark.parametrize(
    ("written", "of_normalised", "in_original"),
    [
        ("a\u200bb c\u00adat", (3, 6), (4, 8)),  # cat with a soft hyphen in it
        ("a\u200b\u200bbc", (1, 3), (3, 5)),
        ("o\ufb03ce hours", (1, 4), (1, 2)),  # one ligature is three letters
        ("o\ufb03ce hours", (7, 12), (5, 10)),
        ("cafe\u0301 noir", (0, 4), (0, 5)),  # a letter and its accent are one
        ("cafe\u0301 noir", (5, 9), (6, 10)),
        ("  dr\u0430gon  sleeps", (0, 6), (2, 8)),
        ("  dr\u0430gon  sleeps", (7, 13), (10, 16)),
        ("one \r\n\r\n two", (3, 4), (3, 9)),  # the newline stands for the whole run
    ],
)
def test_offsets_lead_back_to_the_original(written, of_normalised, in_original):
    assert normalise_v0(written).original_span(*of_normalised) == in_original


@pytest.mark.parametrize(
    ("written", "changed_ppm"),
    [
        ("ten chars.", 0),
        ("ten  \n\n ch", 0),  # layout is no evasion
        ("\u201cten ch\u2026\u201d", 0),  # neither is typography
        ("\uff0c\u3001\u3002\uff01", 0),  # nor East Asian punctuation
        ("ten\u200bchars", 111_111),
        ("t\u0435nchars..", 100_000),
        ("\U0001d42d\U0001d41e\U0001d427 chars", 333_333),
    ],
)
def test_changes_that_hide_text_are_counted(written, changed_ppm):
    assert normalise_v0(written).changed_ppm == changed_ppm


@given(ANY_TEXT)
def test_any_text_is_taken_and_every_character_accounted_for(text):
    normalised = normalise_v0(text)
    size = len(normalised.text)
    assert len(normalised.offsets) == len(normalised.ends) == size
    assert (normalised.offsets < normalised.ends).all()
    assert (normalised.offsets[1:] >= normalised.offsets[:-1]).all()
    assert size == 0 or normalised.ends[-1] <= len(text)
    assert 0 <= normalised.changed_ppm <= 1_000_000


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_more(text):
    once = normalise_v0(text).text
    assert normalise_v0(once).text.split() == once.split()


@given(st.text("ae\u0301\u0323\u1112\u1161\u11ab\uff76\uff9e\ufb01\u00e9\u2460.", max_size=30))
def test_composition_is_that_of_unicode(text):
    assert normalise_v0(text).text == unicodedata.normalize("NFKC", text)


def test_a_flood_of_marks_costs_no_more_than_its_length():
    text = "a" + "\u0301\u0316" * 200_000
    assert len(normalise_v0(text).text) == 400_000
