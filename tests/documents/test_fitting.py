"""Tables fit the line: numbers whole, words broken where they must, nothing runs into another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.documents.fitting import MAY_BREAK, breakable, fitted
from service.documents.statement_tables import Column, Table

LINE = 751.0


def a_table(*amounts: str, texts: int = 2) -> Table:
    columns = (Column("Work"),) * texts + (Column("Amount, USD", "number"),) * len(amounts)
    return Table("Lines", columns, (("Ode",) * texts + amounts,), "In all", "0.00")


def test_a_usual_table_is_set_in_the_usual_size_and_text_takes_what_is_left():
    fit = fitted(a_table("7.29", "12.15"), width=LINE)
    assert fit.size == 8.0
    assert fit.widths[:2] == (0.0, 0.0)
    assert fit.widths[2:] == (33.6, 33.6)  # "Amount," is wider than the numbers


def test_many_long_numbers_are_set_smaller_and_stay_whole():
    amounts = ("-9223372036.854775807",) * 9
    fit = fitted(a_table(*amounts, texts=3), width=LINE)
    assert 5.5 < fit.size < 6.5
    assert fit.widths[-1] == pytest.approx(len(amounts[0]) * 0.5 * fit.size, abs=0.1)
    left = LINE - sum(fit.widths) - 8 * (len(fit.widths) - 1)
    assert left >= 3 * 16 * 0.5 * fit.size - 1, "three columns of text of 16 signs each"


def test_whatever_is_in_a_table_type_is_never_too_small_to_read():
    assert fitted(a_table(*["1" * 60] * 20), width=LINE).size == 3.5


@pytest.mark.parametrize(
    ("word", "broken"),
    [
        ("Ode to Tides", "Ode to Tides"),
        ("a" * 16, "a" * 16),
        ("a" * 20, "a" * 16 + MAY_BREAK + "a" * 4),
        ("x " + "b" * 33, "x " + "b" * 16 + MAY_BREAK + "b" * 16 + MAY_BREAK + "b"),
        ("e\u0301" * 9, "e\u0301" * 8 + MAY_BREAK + "e\u0301"),
        ("a" * 15 + "e\u0301\u0323" + "b", "a" * 15 + "e\u0301\u0323" + MAY_BREAK + "b"),
    ],
)
def test_a_word_longer_than_a_column_may_be_broken_but_not_within_a_sign(word, broken):
    assert breakable(word) == broken


@given(st.text(max_size=200))
def test_breaking_changes_nothing_that_is_read(text):
    assert breakable(text).replace(MAY_BREAK, "") == text.replace(MAY_BREAK, "")
