"""Which registered passages are found for the words of an output."""

import numpy as np

from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.terms import terms_v1

# Passage id: (work, owner, text).
REGISTERED = {
    11: (1, 100, "The lighthouse keeper polished the brass lamp every evening before the storm."),
    12: (1, 100, "His daughter counted the ships and wrote their names in a green ledger."),
    21: (2, 200, "The committee approved the budget for the new railway bridge."),
    22: (2, 200, "A railway engineer inspected the bridge and found the rivets loose."),
    31: (3, 300, "The recipe asks for saffron, almonds and a slow fire."),
}
HASH_OF_THE = terms_v1(["the"]).terms
HASH_OF_RAILWAY = terms_v1(["railway"]).terms


def ids(*numbers):
    return np.array(numbers, dtype=np.int64)


def an_index(registered=REGISTERED, **reach):
    index = SegmentedLexicalIndex(**reach)
    add(index, registered)
    return index


def add(index, registered):
    works, owners, texts = zip(*registered.values(), strict=True)
    index.add(ids(*registered), ids(*works), ids(*owners), terms_v1(texts))


def found(index, *output, k=5, allowed=lambda _: True):
    rows, passage_ids = index.candidates(terms_v1(output), k, allowed=allowed)
    return [passage_ids[rows == row].tolist() for row in range(len(output))]


def test_a_copy_is_found_first():
    index = an_index()
    for passage_id, (_, _, text) in REGISTERED.items():
        assert found(index, text, k=1) == [[passage_id]]


def test_a_rare_word_is_enough():
    assert found(an_index(), "Nothing is dearer than saffron.") == [[31]]


def test_what_shares_nothing_finds_nothing():
    assert found(an_index(), "Zwei Katzen schlafen.", "", "saffron") == [[], [], [31]]
    assert found(SegmentedLexicalIndex(), "saffron") == [[]]
    assert found(an_index()) == []


def test_what_shares_more_stands_before_what_shares_less():
    output = "The engineer inspected the railway bridge."
    assert found(an_index(), output)[0][:2] == [22, 21]
    assert found(an_index(), output, k=1) == [[22]]


def test_a_word_of_many_owners_is_no_reason_of_its_own():
    registered = {n: (n, n, f"Meadow number{n}") for n in range(1, 5)}
    assert found(an_index(registered), "meadow") == [[1, 2, 3, 4]]
    assert found(an_index(registered, rare_term_owners=3), "meadow") == [[]]


def test_a_phrase_of_many_owners_is_while_it_stands_in_few_passages():
    registered = {n: (n, n, "over the hills and far away") for n in range(1, 5)}
    output = "over the hills and far away"
    assert found(an_index(registered, rare_term_owners=3), output) == [[1, 2, 3, 4]]
    assert found(an_index(registered, rare_term_owners=3, most_postings=3), output) == [[]]


def test_the_rarest_are_read_first_and_no_more_than_is_allowed():
    registered = {n: (n, n, "meadow") for n in range(1, 5)} | {9: (9, 9, "meadow saffron")}
    assert found(an_index(registered, most_read=6), "meadow saffron") == [[9, 1, 2, 3, 4]]
    assert found(an_index(registered, most_read=5), "meadow saffron") == [[9]]


def test_one_work_does_not_crowd_out_the_others():
    registered = dict.fromkeys(range(1, 100), (1, 1, "saffron almonds honey"))
    registered |= {200: (2, 2, "saffron")}
    index = an_index(registered)
    assert found(index, "saffron almonds honey") == [[1, 2, 3, 4, 200]]


def test_what_is_not_allowed_hides_nothing_and_is_asked_once():
    registered = {n: (n, n % 7, "saffron almonds honey") for n in range(1, 500)}
    registered |= {600: (600, 8, "saffron")}
    asked = []
    index = an_index(registered)
    answer = found(index, "saffron honey", "almonds", allowed=lambda w: asked.append(w) or w >= 499)
    assert answer == [[499, 600], [499]]
    assert len(asked) == len(set(asked))


def test_copies_by_one_owner_change_nobodys_counts():
    index = an_index()
    add(index, {1000 + n: (50 + n, 200, REGISTERED[21][2]) for n in range(100)})
    assert index.owner_counts(HASH_OF_RAILWAY).tolist() == [1]
    assert index.work_counts(HASH_OF_RAILWAY).tolist() == [101]
    assert index.owner_counts(HASH_OF_THE).tolist() == [3]
    assert (index.owner_count, index.work_count, len(index)) == (3, 103, 105)


def test_what_is_removed_or_replaced_is_found_no_more():
    index = an_index()
    index.remove(ids(21, 31, 999))
    add(index, {22: (2, 200, "The mayor planted tulips.")})
    assert found(index, "saffron", "railway rivets", "tulips") == [[], [], [22]]
    assert index.owner_counts(HASH_OF_RAILWAY).tolist() == [0]
    assert index.owner_counts(HASH_OF_THE).tolist() == [2]
    assert (index.owner_count, index.work_count) == (2, 2)


def test_passages_come_back_in_the_order_asked():
    index = an_index()
    asked = ids(31, 7, 12, 31)
    texts = [REGISTERED[31][2], "", REGISTERED[12][2], REGISTERED[31][2]]
    assert index.prints_of(asked).packed() == terms_v1(texts).packed()
    assert index.works_of(asked).tolist() == [3, -1, 1, 3]
    assert index.owners_of(asked).tolist() == [300, -1, 100, 300]
