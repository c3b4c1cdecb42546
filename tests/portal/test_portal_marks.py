"""Marks: pieces joined are the text, whatever the spans."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.portal.marks import Piece, Span, excerpts, marked


def test_a_text_is_cut_where_marks_begin_and_end():
    assert marked("one two three", [Span(4, 7, 1)]) == [
        Piece("one ", ()),
        Piece("two", (1,)),
        Piece(" three", ()),
    ]


def test_overlapping_marks_carry_both_numbers():
    assert marked("abcdef", [Span(0, 4, 1), Span(2, 6, 2)]) == [
        Piece("ab", (1,)),
        Piece("cd", (1, 2)),
        Piece("ef", (2,)),
    ]


def test_marks_that_touch_under_one_number_are_one_piece():
    assert marked("abcd", [Span(0, 2, 1), Span(2, 4, 1)]) == [Piece("abcd", (1,))]


def test_a_mark_past_the_end_stops_there():
    assert marked("abc", [Span(1, 99, 1), Span(50, 60, 2)]) == [
        Piece("a", ()),
        Piece("bc", (1,)),
    ]


SPANS = st.lists(st.builds(Span, st.integers(0, 40), st.integers(0, 40), st.integers(1, 4)))


@given(st.text(max_size=30), SPANS)
def test_pieces_joined_are_the_text(text, spans):
    pieces = marked(text, spans)
    assert "".join(piece.text for piece in pieces) == text
    assert all(one.numbers != next_.numbers for one, next_ in pairwise(pieces))


def test_an_excerpt_shows_whole_words_around_a_match():
    text = "The tide keeps no ledger and yet it pays every stone"
    assert excerpts(text, [Span(15, 24, 1)], around=7) == [
        [
            Piece("… ", ()),
            Piece("keeps ", ()),
            Piece("no ledger", (1,)),
            Piece(" and", ()),
            Piece(" …", ()),
        ]
    ]


def test_excerpts_that_touch_become_one():
    text = "a b c d e f g h"
    assert len(excerpts(text, [Span(2, 3, 1), Span(4, 5, 1)], around=2)) == 1
    assert len(excerpts(text, [Span(0, 1, 1), Span(14, 15, 1)], around=2)) == 2


def test_no_text_no_excerpt():
    assert excerpts("", [Span(0, 5, 1)], around=10) == []
