"""Tree hashing as RFC 6962 has it: published values, and properties of paths."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.merkle import EMPTY_ROOT, grow, leaf_hash, node_hash, root_of

# Leaves and roots of the reference vectors of Certificate Transparency (RFC 6962), by count.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (index, count, path) of the same reference vectors.
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def hashes_of(leaves):
    return [leaf_hash(leaf) for leaf in leaves]


def tree(leaves, index=None):
    return grow((hashed, at == index) for at, hashed in enumerate(hashes_of(leaves)))


def recursive_root(leaves):
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = recursive_root(leaves[:split]), recursive_root(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


def recursive_path(index, leaves):
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*recursive_path(index, leaves[:split]), recursive_root(leaves[split:])]
    return [*recursive_path(index - split, leaves[split:]), recursive_root(leaves[:split])]


@pytest.mark.parametrize("count", range(9))
def test_roots_are_the_published_ones(count):
    assert tree(LEAVES[:count]).root.hex() == ROOTS[count]


@pytest.mark.parametrize(("index", "count", "path"), PATHS)
def test_paths_are_the_published_ones(index, count, path):
    grown = tree(LEAVES[:count], index)
    assert (grown.index, [one.hex() for one in grown.path]) == (index, path)


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert tree([]).root == EMPTY_ROOT
    assert (tree([]).count, tree([]).index, tree([]).path) == (0, None, ())


def test_a_node_is_never_a_leaf():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


lists_of_leaves = st.lists(st.binary(max_size=5), min_size=1, max_size=70)
places = lists_of_leaves.flatmap(
    lambda leaves: st.tuples(st.just(leaves), st.integers(0, len(leaves) - 1))
)


@given(lists_of_leaves)
def test_a_root_grown_leaf_by_leaf_is_the_recursive_one(leaves):
    assert tree(leaves).root == recursive_root(leaves)


@given(places)
def test_every_path_is_the_recursive_one_and_leads_to_the_root(place):
    leaves, index = place
    grown = tree(leaves, index)
    assert (grown.count, grown.index) == (len(leaves), index)
    assert list(grown.path) == recursive_path(index, leaves)
    hashed = leaf_hash(leaves[index])
    assert root_of(hashed, index=index, count=len(leaves), path=grown.path) == grown.root


@given(places, st.binary(max_size=5))
def test_another_leaf_leads_elsewhere(place, other):
    leaves, index = place
    grown = tree(leaves, index)
    led = root_of(leaf_hash(other), index=index, count=len(leaves), path=grown.path)
    assert (led == grown.root) == (other == leaves[index])


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))),
       st.integers(-2, 80))  # fmt: skip
def test_another_index_leads_elsewhere(place, other):
    count, index = place
    leaves = [bytes([n]) for n in range(count)]
    grown = tree(leaves, index)
    led = root_of(leaf_hash(leaves[index]), index=other, count=count, path=grown.path)
    assert (led == grown.root) == (other == index)


@given(places, st.data())
def test_an_altered_path_leads_elsewhere(place, data):
    leaves, index = place
    grown = tree(leaves, index)
    hashed = leaf_hash(leaves[index])
    longer = [*grown.path, bytes(32)]
    assert root_of(hashed, index=index, count=len(leaves), path=longer) is None
    if grown.path:
        at = data.draw(st.integers(0, len(grown.path) - 1))
        shorter = [*grown.path[:at], *grown.path[at + 1 :]]
        assert root_of(hashed, index=index, count=len(leaves), path=shorter) is None
        changed = [*grown.path[:at], bytes(32), *grown.path[at + 1 :]]
        assert root_of(hashed, index=index, count=len(leaves), path=changed) != grown.root
