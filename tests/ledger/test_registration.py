"""The registration log: every entry is the last leaf of the tree of all so far."""

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.ledger import merkle, registration
from service.ledger.leaves import canonical
from service.ledger.registration import Registration

NOON = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


def said(number):
    return Registration(
        number, 1, hashlib.sha256(b"%d" % number).digest(), "ISCC:KACT", (7, 8), NOON, NOON
    ).fields


def log_of(count):
    entries, last = [], None
    for number in range(1, count + 1):
        last = registration.append(last, said(number))
        entries.append(last)
    return entries


def test_a_leaf_says_ids_and_hashes_and_no_name():
    assert dict(said(3)) == {
        "leaf": "registration",
        "work": "3",
        "edition": "1",
        "content_hash": hashlib.sha256(b"3").hexdigest(),
        "iscc": "ISCC:KACT",
        "holders": "7 8",
        "registered_at": "2026-02-10T12:00:00.000000Z",
        "logged_at": "2026-02-10T12:00:00.000000Z",
    }


def test_three_entries_by_hand():
    first, second, third = log_of(3)
    one, two, three = (
        hashlib.sha256(b"\0" + canonical(said(number))).digest() for number in (1, 2, 3)
    )
    both = hashlib.sha256(b"\1" + one + two).digest()
    assert (first.position, first.path, first.root) == (1, (), one)
    assert (second.position, second.path, second.root) == (2, (one,), both)
    assert (third.path, third.root) == ((both,), hashlib.sha256(b"\1" + both + three).digest())


@given(st.integers(1, 70))
def test_roots_and_paths_are_those_of_the_whole_tree(count):
    entries = log_of(count)
    hashes = [entry.leaf_hash for entry in entries]
    for entry in entries:
        tree = merkle.grow((one, one == entry.leaf_hash) for one in hashes[: entry.position])
        assert (tree.count, tree.root, tree.path) == (entry.position, entry.root, entry.path)
        assert registration.root_over(entry.leaf_hash, entry.path) == entry.root
        assert registration.path_length(entry.position) == len(entry.path)


def test_what_is_signed_is_the_receipt_without_its_signature():
    entry = log_of(2)[1]
    assert registration.signed_bytes(entry, "ab") == (
        b'{"format":"wellspring-receipt/1","key":"ab","leaf":'
        + canonical(said(2))
        + b',"path":["'
        + entry.path[0].hex().encode()
        + b'"],"position":2,"root":"'
        + entry.root.hex().encode()
        + b'"}'
    )
