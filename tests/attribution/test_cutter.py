import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attribution.cutter import cut_v1
from attribution.normaliser import normalise_v1

FOX = "The quick brown fox jumps over the lazy dog near the old river bank."  # 68 characters
OWL = "An owl watched from the oak and said nothing to anyone that evening!"  # 68 characters
WORDS = st.lists(
    st.sampled_from(
        ["a", "word", "end.", "what?!", "(so.)", "\n\n", "\u6f22\u5b57\u3002", "x" * 90]
    ),
    max_size=300,
).map(" ".join)


def pieces(text):
    return [text[cut.start : cut.end] for cut in cut_v1(text)]


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


HAN = "\u5c71\u6c34"  # two ideographs
THAI = "\u0e20\u0e32\u0e29\u0e32"  # four Thai letters
KHMER = "\u1797\u17b6\u179f\u17b6"
MYANMAR = "\u1019\u103c\u1014\u103a"
TIBETAN = "\u0f56\u0f7c\u0f51\u0f0b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HAN * 15}\u3002{HAN * 15}\u3002", [f"{HAN * 15}\u3002", f"{HAN * 15}\u3002"]),
        (f"{HAN * 15}!{HAN * 15}?", [f"{HAN * 15}!", f"{HAN * 15}?"]),  # NFKC of full width
        (f"\u300c{HAN * 15}\u3002\u300d{HAN * 15}", [f"\u300c{HAN * 15}\u3002\u300d", HAN * 15]),
        (f"{HAN * 15}3.14{HAN * 15}", [f"{HAN * 15}3.14{HAN * 15}"]),
        (f"{HAN * 5}\u3002{HAN * 15}\u3002", [f"{HAN * 5}\u3002{HAN * 15}\u3002"]),  # 11 are few
        (f"{THAI * 8} {THAI * 8}", [THAI * 8, THAI * 8]),
        (f"{KHMER * 8}\u17d4{KHMER * 8}\u17d4", [f"{KHMER * 8}\u17d4", f"{KHMER * 8}\u17d4"]),
        (f"{MYANMAR * 8}\u104b {MYANMAR * 8}", [f"{MYANMAR * 8}\u104b", MYANMAR * 8]),
        (f"{TIBETAN * 8}\u0f0d {TIBETAN * 8}", [f"{TIBETAN * 8}\u0f0d", TIBETAN * 8]),
        (f"{FOX} {HAN * 15}\u3002{OWL}", [FOX, f"{HAN * 15}\u3002", OWL]),
    ],
)
def test_scripts_without_blanks_are_cut_at_their_own_sentence_ends(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize(
    "stop", ["\u0964", "\u0965", "\u061f", "\u06d4", "\u0589", "\u1362", "\u1367"]
)
def test_other_full_stops_end_sentences_of_spaced_scripts(stop):
    sentence = f"{'word ' * 12}end{stop}"
    assert pieces(f"{sentence} {sentence}") == [sentence, sentence]


def test_the_majority_of_letters_decides_how_long_a_passage_may_be():
    mostly_latin, mostly_han = "word" * 8 + HAN * 10, "word" * 4 + HAN * 10
    assert pieces(f"{mostly_latin}\u3002{mostly_latin}\u3002") == [
        f"{mostly_latin}\u3002{mostly_latin}\u3002"
    ]
    assert pieces(f"{mostly_han}\u3002{mostly_han}\u3002") == [f"{mostly_han}\u3002"] * 2


def test_a_long_sentence_without_blanks_is_cut_after_a_comma():
    text = HAN * 40 + "\uff0c" + HAN * 60  # 201 characters, two parts of at most 101
    assert [len(piece) for piece in pieces(text)] == [81, 120]


def test_no_vowel_sign_is_cut_from_its_letter():
    text = "\u0e01\u0e34\u0e48" * 60  # 180 characters: a letter, a vowel above, a tone
    assert [len(piece) for piece in pieces(text)] == [90, 90]
    assert [len(piece) for piece in pieces("\u0e01" + text)] == [91, 90]


def test_a_sentence_too_long_is_halved_at_a_blank():
    words = " ".join(["seven77"] * 60)  # 479 characters
    assert [(cut.start, cut.end) for cut in cut_v1(words)] == [(0, 239), (240, 479)]


def test_a_text_without_blanks_is_cut_hard():
    assert [(cut.start, cut.end) for cut in cut_v1("x" * 1_000)] == [
        (0, 334),
        (334, 667),
        (667, 1_000),
    ]


@given(WORDS)
def test_passages_cover_everything_but_blanks_in_order(text):
    covered = [at for cut in cut_v1(text) for at in range(cut.start, cut.end)]
    assert covered == sorted(set(covered))
    assert {at for at, char in enumerate(text) if not char.isspace()} <= set(covered)


@given(WORDS)
@example("x" * 90 + " end. \u6f22\u5b57\u3002 \u6f22\u5b57\u3002 a (so.) (so.) \u6f22\u5b57\u3002")
def test_passages_have_60_to_400_characters_and_24_where_most_letters_are_han(text):
    cut = pieces(normalise_v1(text).text)
    assert all(len(piece) <= 400 for piece in cut)
    assert len(cut) < 2 or all(len(piece) >= least_chars(piece) for piece in cut)


def least_chars(piece):
    han = piece.count("\u6f22") + piece.count("\u5b57")
    return 24 if han > sum(letter.isalpha() for letter in piece) - han else 60


@given(st.text(HAN + THAI + MYANMAR + "\u3002!, ", max_size=2_000))
def test_passages_of_unspaced_scripts_have_24_to_160_characters(text):
    normal = "".join(letter + "\u5c71" * (not letter.isalpha()) for letter in text)
    lengths = [cut.end - cut.start for cut in cut_v1(normalise_v1(normal).text)]
    assert all(length <= 160 for length in lengths)
    assert len(lengths) < 2 or all(length >= 24 for length in lengths)


@given(st.text(max_size=2_000))
def test_passages_neither_begin_nor_end_with_a_blank(text):
    assert all(piece == piece.strip() for piece in pieces(text))


@pytest.mark.parametrize(
    "unit",
    ["x", ".", "a ", "\n", '."', "a. ", "\u3002", HAN, ".\u300c", f"{THAI} ", "\u0e34", "\u0f0d"],
)
def test_a_million_characters_of_anything_are_cut(unit):
    text = unit * (1_000_000 // len(unit))
    assert sum(cut.end - cut.start for cut in cut_v1(text)) <= 1_000_000
