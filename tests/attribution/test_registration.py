from attribution.registration import passages_of
from attribution.values import Passage

FOX = "The quick brown fox jumps over the lazy dog near the old river bank."
HIDDEN_FOX = "The quick br\u043ewn fox \u200bjumps over the lazy dog\nnear the old  river bank."


def test_a_disguised_text_gets_the_passages_of_the_plain_one():
    plain_passages, plain_texts, plain_hashes = passages_of(FOX)
    passages, texts, hashes = passages_of(HIDDEN_FOX)
    assert plain_passages == [Passage(0, 68)]
    assert passages == [Passage(0, 70)]
    assert texts == plain_texts == [FOX]
    assert hashes == plain_hashes
    assert [len(each) for each in hashes] == [16]


def test_offsets_are_those_of_the_original():
    text = f"\u200b\u200b {HIDDEN_FOX}\u00ad  \n\n {FOX}"
    passages, texts, _ = passages_of(text)
    assert texts == [FOX, FOX]
    assert [text[each.start : each.end] for each in passages] == [HIDDEN_FOX, FOX]


def test_nothing_but_blanks_has_no_passages():
    assert passages_of(" \n\u200b") == ([], [], [])
