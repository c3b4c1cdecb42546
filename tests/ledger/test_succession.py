"""Who is paid in a holder's place: parts of a statement never change, their takers may."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.succession import (
    Assignment,
    AssignmentKind,
    BadAssignment,
    Part,
    check_new,
    divided,
    parts_of,
)

ADA, BEN, CLEO, DEE = 1, 2, 3, 4
ASSIGNED, MERGED, ESTATE = AssignmentKind
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
TO_BEN = Assignment(11, ADA, BEN, ASSIGNED, 250_000, MARCH)
TO_CLEO = Assignment(12, ADA, CLEO, ASSIGNED, 750_000, MARCH, APRIL)
BEN_IS_DEE = Assignment(13, BEN, DEE, MERGED, 1_000_000, MARCH)
ADAS_HEIR = Assignment(14, ADA, BEN, ESTATE, 1_000_000, APRIL)


@pytest.mark.parametrize(
    ("assignments", "issued", "day", "parts"),
    [
        ([], MARCH, MARCH, [Part(0, ADA, 1_000_000)]),
        ([TO_BEN], date(2026, 2, 28), APRIL, [Part(0, ADA, 1_000_000)]),
        ([TO_BEN], MARCH, APRIL, [Part(0, ADA, 750_000), Part(11, BEN, 250_000)]),
        ([TO_BEN, TO_CLEO], MARCH, APRIL, [Part(11, BEN, 250_000), Part(12, CLEO, 750_000)]),
        ([TO_BEN, TO_CLEO], APRIL, APRIL, [Part(0, ADA, 750_000), Part(11, BEN, 250_000)]),
        ([TO_BEN, BEN_IS_DEE], MARCH, MARCH, [Part(0, ADA, 750_000), Part(11, DEE, 250_000)]),
        # an estate takes what was the holder's own, also of statements issued before
        ([TO_BEN, ADAS_HEIR], MARCH, APRIL, [Part(0, BEN, 750_000), Part(11, BEN, 250_000)]),
        ([ADAS_HEIR, BEN_IS_DEE], MARCH, APRIL, [Part(0, DEE, 1_000_000)]),
        ([ADAS_HEIR], MARCH, date(2026, 3, 31), [Part(0, ADA, 1_000_000)]),
    ],
)
def test_who_is_paid_which_part(assignments, issued, day, parts):
    assert parts_of(ADA, assignments, issued_on=issued, day=day) == parts


def test_parts_are_whole_minor_units():
    parts = [Part(0, ADA, 666_667), Part(11, BEN, 333_333)]
    cents = divided(parts, 1_000_000_000, currency="USD", number="s")
    assert cents == {0: 670_000_000, 11: 330_000_000}
    yen = divided(parts, 10_000_000_000, currency="JPY", number="s")
    assert yen == {0: 7_000_000_000, 11: 3_000_000_000}


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_parts_sum_to_the_statement(units, weights):
    parts = [Part(number, number, ppm) for number, ppm in enumerate(weights)]
    shares = divided(parts, units * 10**7, currency="USD", number="s")
    assert sum(shares.values()) == units * 10**7
    assert all(nanos % 10**7 == 0 for nanos in shares.values())


@pytest.mark.parametrize(
    ("new", "before", "rule"),
    [
        (replace(TO_BEN, payee_id=ADA), [], "nobody takes its own place"),
        (replace(TO_BEN, ppm=0), [], "0 ppm is not between"),
        (replace(TO_BEN, from_on=date(2026, 2, 10)), [], "not after today"),
        (replace(TO_BEN, ppm=250_001), [replace(TO_CLEO, ended_on=None)], "750000 ppm are"),
        (ADAS_HEIR, [replace(BEN_IS_DEE, payee_id=ADA)], "paid through the holder"),
        (replace(ADAS_HEIR, payee_id=CLEO), [ADAS_HEIR], "somebody stands in its place"),
    ],
)
def test_what_cannot_be_is_refused(new, before, rule):
    with pytest.raises(BadAssignment, match=rule):
        check_new(new, before, today=date(2026, 2, 10))


def test_what_can_be_is_taken():
    for new, before in [
        (TO_BEN, [TO_CLEO]),
        (replace(ADAS_HEIR, from_on=date(2026, 2, 1)), [TO_BEN]),
        (replace(TO_CLEO, ppm=1_000_000, from_on=APRIL), [TO_CLEO]),
    ]:
        check_new(new, before, today=date(2026, 2, 10))
