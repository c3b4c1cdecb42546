import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.journal import (
    EmptyPosting,
    JournalEntry,
    Kind,
    Posting,
    Source,
    Unbalanced,
    entry,
    summed,
)

legs_of_any_kind = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-9, 9)), max_size=6)


def an_entry(*legs):
    return JournalEntry(Source(Kind.SALE, 42), "USD", tuple(Posting(*leg) for leg in legs), 42)


def test_an_entry_sums_to_zero():
    said = an_entry(("vendor:acme:receivable", 5), ("line:1", -3), ("platform:fee", -2))
    assert said.as_mapping() == {"vendor:acme:receivable": 5, "line:1": -3, "platform:fee": -2}


@pytest.mark.parametrize(
    ("legs", "difference"),
    [
        ([("a", 1), ("b", -2)], -1),
        ([("a", 2**63), ("b", -(2**63) + 1)], 1),
        ([("a", 7)], 7),
        ([("a", 0), ("b", 1)], 1),
    ],
)
def test_what_does_not_sum_to_zero_is_refused_first(legs, difference):
    with pytest.raises(Unbalanced) as refusal:
        an_entry(*legs)
    assert refusal.value.facts == {"currency": "USD", "difference_nanos": difference}


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [("a", 0)],
        [("a", 0), ("b", 0)],
        [("a", 1), ("b", -1), ("c", 0)],
        [("a", 1), ("a", -1)],
        [("a", 1), ("b", -2), ("a", 1)],
    ],
)
def test_empty_single_and_doubled_postings_are_refused(legs):
    with pytest.raises(EmptyPosting) as refusal:
        an_entry(*legs)
    assert refusal.value.facts == {"accounts": tuple(account for account, _ in legs)}


def test_a_mistake_is_taken_back_by_saying_more():
    back = an_entry(("a", 5), ("b", -5)).reversed(source=Source(Kind.CORRECTION, 7))
    assert back.as_mapping() == {"a": -5, "b": 5}
    assert back.source == Source(Kind.CORRECTION, 7)
    assert back.subject_sale_id == 42


@given(legs_of_any_kind)
def test_legs_make_a_balanced_entry_or_none_or_are_refused(legs):
    source, total = Source(Kind.RELEASE, 1), sum(nanos for _, nanos in legs)
    merged = summed(legs)
    assert list(merged) == sorted(merged)
    assert all(merged.values())
    if total:
        with pytest.raises(Unbalanced):
            entry(source, "USD", merged)
    elif not merged:
        assert entry(source, "USD", merged) is None
    else:
        assert entry(source, "USD", merged).as_mapping() == merged


@pytest.mark.parametrize(
    ("kind", "number"),
    [("sale", 1), ("correction", 2), ("release", 3), ("receipt", 4), ("backing", 5)],
)
def test_numbers_of_kinds_are_for_ever(kind, number):
    assert Kind(kind).number == number
    assert Kind.numbered(number) == Kind(kind)
