"""Merkle tree hashing as in RFC 6962, section 2.1: root, path to one leaf, and the path's check.

A tree of n > 1 leaves splits at the largest power of two below n. So each run of 2^k leaves that
starts at a multiple of 2^k is a subtree, and subtrees of one size are joined as soon as both are
there: one hash for each level is kept, however many leaves there are.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAF, NODE = b"\0", b"\1"
EMPTY_ROOT = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """What is known of a tree: its root over ``count`` leaves and, on request, a path to one.

    index: of the marked leaf, None for none. path: what its hash is joined with on the way to the
    root, from the leaf upwards.
    """

    count: int
    root: bytes
    index: int | None
    path: tuple[bytes, ...]


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of a zero byte and the leaf."""
    return hashlib.sha256(LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of a one byte and the hashes of both children."""
    return hashlib.sha256(NODE + left + right).digest()


def grow(hashes: Iterable[tuple[bytes, bool]]) -> Tree:
    """Grow the tree over hashes of leaves, read once; True marks the one leaf to find the path of.

    Keeps one hash for each level only.
    """
    full: list[tuple[bytes, bool]] = []  # roots of full subtrees, left to right; which is marked
    path: list[bytes] = []
    index, count = None, 0
    for hashed, marked in hashes:
        if marked:
            assert index is None, "one leaf is marked"
            index = count
        right, bits = (hashed, marked), count
        while bits & 1:
            right, bits = _joined(full.pop(), right, path), bits >> 1
        full.append(right)
        count += 1
    if not full:
        return Tree(0, EMPTY_ROOT, None, ())
    last = full.pop()
    while full:
        last = _joined(full.pop(), last, path)
    return Tree(count, last[0], index, tuple(path))


def _joined(
    left: tuple[bytes, bool], right: tuple[bytes, bool], path: list[bytes]
) -> tuple[bytes, bool]:
    if left[1]:
        path.append(right[0])
    elif right[1]:
        path.append(left[0])
    return node_hash(left[0], right[0]), left[1] or right[1]


def root_of(hashed: bytes, *, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root a leaf's hash and its path lead to; None where the path has another length.

    As in RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < count:
        return None
    at, last, merged = index, count - 1, hashed
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            merged = node_hash(sibling, merged)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            merged = node_hash(merged, sibling)
        at, last = at >> 1, last >> 1
    return merged if last == 0 else None
