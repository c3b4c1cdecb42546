import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.normaliser import normalise_v1

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
        ("a \u0441\u043e\u0440\u0443 of it", "a copy of it"),  # a word all of Cyrillic look-alikes
        ("only \u0430 word", "only a word"),
        ("re\u0430l s\u043e\u0301lo", "real s\u00f3lo"),
        ("\u13aand \ua4d0e \u0578ow \u2c9fn", "And Be now on"),  # Cherokee, Lisu, Armenian, Coptic
        ("\u1d1b\u029c\u026a\ua731 is", "this is"),  # small capitals
        ("\U0001f177\U0001f174\U0001f17b\U0001f17b\U0001f17e", "HELLO"),
        (
            "\u043ca\u043c\u0430 \u043c\u044b\u043b\u0430",
            "\u043c\u0430\u043c\u0430 \u043c\u044b\u043b\u0430",
        ),
        (
            "\u03ba\u03b1\u03b9 \u03c4o \u03b4\u03ad",
            "\u03ba\u03b1\u03b9 \u03c4\u03bf \u03b4\u03ad",
        ),  # Greek with a Latin o
        ("s\u0336t\u0336r\u0335u\u0338ck", "struck"),
        ("r\u20ddound", "round"),
        ("1\ufe0f\u20e3 first", "1 first"),
        ("a \u2260 b =\u0338 c", "a \u2260 b \u2260 c"),  # a stroke that means something
        ("z\u0301\u0301\u0301\u0301algo", "\u017a\u0301\u0301algo"),
        ("t\U000e0061\U000e0067ags", "tags"),
        ("Braille\u2800blank", "Braille blank"),
        ("lone \ud800surrogate", "lone surrogate"),
        ("he110 w0rld", "he110 w0rld"),  # digits for letters stay digits
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
    assert normalise_v1(written).text == normalised


@pytest.mark.parametrize(
    "genuine",
    [
        "\u0421\u043e\u0440\u043e\u043a \u043b\u0435\u0442",  # Russian, all look-alikes or not
        "\u0441\u043e\u0440",  # Russian, every letter like a Latin one
        "\u03c4\u03bf \u03cc\u03bd\u03bf\u03bc\u03b1",  # Greek
        "the \u03b1 and \u03c9 of \u03b1\u03b2",  # Greek letters as words of their own
        "\u0428a or k\u03a9",  # mixed, but with a letter like no Latin one
        # a Russian quotation, some of its words of look-alikes only
        "he said \u00ab\u0432\u043e\u0442 \u042f \u0438 \u0441\u043e\u043d\u00bb to her",
        "\u10e7\u10d5\u10d4\u10da\u10d8 \u101d\u101a\u103a",  # Georgian, Burmese
        "a \u2260 b, \u1ecd\u0300 and \u1ea5",  # Yoruba and Vietnamese marks
    ],
)
def test_genuine_russian_and_greek_are_left_alone(genuine):
    assert normalise_v1(genuine).text == genuine
    assert normalise_v1(genuine).changed_ppm == 0


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
    assert normalise_v1(written).original_span(*of_normalised) == in_original


@pytest.mark.parametrize(
    ("written", "changed_ppm"),
    [
        ("ten chars.", 0),
        ("ten  \n\n ch", 0),  # layout is no evasion
        ("\u201cten ch\u2026\u201d", 0),  # neither is typography
        ("\uff0c\u3001\u3002\uff01", 0),  # nor East Asian punctuation
        ("\ufeffmarked in front", 0),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f", 0),  # Persian is written with joiners
        ("\u0e20\u0e32\u0e29\u0e32\u200b\u0e44\u0e17\u0e22", 0),  # Thai may mark its words
        ("\u2764\ufe0f 1\ufe0f\u20e3 \U0001f468\U0001f3fd\u200d\u2695\ufe0f", 0),
        ("\uff21\uff22\uff11 \u65e5\u672c", 0),  # full width is at home in Japanese
        ("\uff21\uff22\uff11 and", 428_571),
        ("\ufb01ve \ufb02ags", 0),  # printers' ligatures
        ("ten\u200bchars", 111_111),
        ("s\u0336o\u0336", 500_000),
        ("a \u0441\u043e\u0440\u0443 here", 363_636),
        ("bad \udcff byte", 100_000),
        ("t\u0435nchars..", 100_000),
        ("\U0001d42d\U0001d41e\U0001d427 chars", 333_333),
    ],
)
def test_changes_that_hide_text_are_counted(written, changed_ppm):
    assert normalise_v1(written).changed_ppm == changed_ppm


@given(ANY_TEXT)
def test_any_text_is_taken_and_every_character_accounted_for(text):
    normalised = normalise_v1(text)
    size = len(normalised.text)
    assert len(normalised.offsets) == len(normalised.ends) == size
    assert (normalised.offsets < normalised.ends).all()
    assert (normalised.offsets[1:] >= normalised.offsets[:-1]).all()
    assert size == 0 or normalised.ends[-1] <= len(text)
    assert 0 <= normalised.changed_ppm <= 1_000_000


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_more(text):
    once = normalise_v1(text).text
    assert normalise_v1(once).text.split() == once.split()


CLUSTERS = [
    *("a", "e\u0301", "a\u0323\u0302", "o\u0302\u0323", ".\u0301", "\u03b1\u0313\u0301\u0345"),
    *(
        "\u1112\u1161\u11ab",
        "\u1112",
        "\u11ab",
        "\uff76\uff9e",
        "\uff9e",
        "\ufb01",
        "\u00e9",
        "\u2460",
    ),
]


@given(st.lists(st.sampled_from(CLUSTERS)).map("".join))
def test_composition_is_that_of_unicode(text):
    assert normalise_v1(text).text == unicodedata.normalize("NFKC", text)


def test_a_flood_of_marks_leaves_two():
    flood = normalise_v1("a" + "\u0301\u0316" * 200_000)
    assert (flood.text, flood.changed_ppm) == ("\u00e1\u0301\u0301", 999_990)


def test_a_flood_of_marks_of_a_script_of_its_own_costs_no_more_than_its_length():
    assert len(normalise_v1("\u05d0" + "\u05b0\u05b1" * 200_000).text) == 400_001


LOOKALIKES = st.text(
    "aeocpxyt \u0430\u0435\u043e\u0441\u0440\u0445\u0443\u0436\u043c"
    "\u03b1\u03bf\u03c9\u03b4\u0301\u0336\u200b\u13aa\u026a",
    max_size=40,
)


@given(LOOKALIKES)
def test_folding_look_alikes_twice_changes_nothing_more(text):
    once = normalise_v1(text).text
    assert normalise_v1(once).text == once
