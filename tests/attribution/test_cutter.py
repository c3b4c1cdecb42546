import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.cutter import cut_v0
from attribution.normaliser import normalise_v0

FOX = "The quick brown fox jumps over the lazy dog near the old river bank."  # 68 characters
OWL = "An owl watched from the oak and said nothing to anyone that evening!"  # 68 characters
WORDS = st.lists(
    st.sampled_from(
        ["a", "word", "end.", "what?!", "(so.)", "\n\n", "\u6f22\u5b57\u3002", "x" * 90]
    ),
    max_size=300,
).map(" ".join)


def pieces(text):
    return [text[cut.start : cut.end] for cut in cut_v0(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("Short.", ["Short."]),
        ("  Short. ", ["Short."]),
        (f"{FOX} {OWL}", [FOX, OWL]),
        (f"{FOX}\n\n{OWL}", [FOX, OWL]),
        (f"No. {FOX} {OWL}", [f"No. {FOX}", OWL]),
        (f"{FOX} So it was.", [f"{FOX} So it was."]),
        (f"A heading\n\n{FOX}", [f"A heading\n\n{FOX}"]),
        (f"\u201c{FOX}\u201d {OWL}", [f"\u201c{FOX}\u201d", OWL]),
        (f"Version 3.11 of {FOX}", [f"Version 3.11 of {FOX}"]),
        ("\u6f22" * 70 + "\u3002" + "\u5b57" * 70, ["\u6f22" * 70 + "\u3002", "\u5b57" * 70]),
    ],
)
def test_passages_end_where_sentences_end(text, expected):
    assert pieces(text) == expected


def test_a_sentence_too_long_is_halved_at_a_blank():
    words = " ".join(["seven77"] * 60)  # 479 characters
    assert [(cut.start, cut.end) for cut in cut_v0(words)] == [(0, 239), (240, 479)]


def test_a_text_without_blanks_is_cut_hard():
    assert [(cut.start, cut.end) for cut in cut_v0("x" * 1_000)] == [
        (0, 334),
        (334, 667),
        (667, 1_000),
    ]


@given(WORDS)
def test_passages_cover_everything_but_blanks_in_order(text):
    covered = [at for cut in cut_v0(text) for at in range(cut.start, cut.end)]
    assert covered == sorted(set(covered))
    assert {at for at, char in enumerate(text) if not char.isspace()} <= set(covered)


@given(WORDS)
def test_passages_of_a_normalised_text_have_60_to_400_characters(text):
    lengths = [cut.end - cut.start for cut in cut_v0(normalise_v0(text).text)]
    assert all(length <= 400 for length in lengths)
    assert len(lengths) < 2 or all(length >= 60 for length in lengths)


@given(st.text(max_size=2_000))
def test_passages_neither_begin_nor_end_with_a_blank(text):
    assert all(piece == piece.strip() for piece in pieces(text))


@pytest.mark.parametrize("unit", ["x", ".", "a ", "\n", '."', "a. ", "\u3002"])
def test_a_million_characters_of_anything_are_cut(unit):
    text = unit * (1_000_000 // len(unit))
    assert sum(cut.end - cut.start for cut in cut_v0(text)) <= 1_000_000
