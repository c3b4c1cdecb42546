"""The only division of money: largest remainder, in plain ints and NumPy int64, exactly equal."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.ledger.errors import LedgerError

MAX_ARRAY_WEIGHT = 3_000_000_000
"""Largest sum of weights of the array form: remainder x weight must stay below 2^63."""

_COMPARED = 8
"""Most weights of a row that are ranked by comparing each two of them."""

_MASK = 2**64 - 1
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]


class NothingToDivideBy(LedgerError):
    """All weights are zero, or one is negative."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        super().__init__("weights must be zero or more and not all zero", weights=dict(weights))


def tie_of(*names: str) -> int:
    """First 8 bytes of BLAKE2b over the names, each closed by a NUL: tie of a sale or a line."""
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(name.encode() + b"\0")
    return int.from_bytes(digest.digest(), "big")


def key_hash(name: str) -> int:
    """64 bits of a key's public name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def mix(tie: int, key: int) -> int:
    """Order of a key among equal remainders: the finaliser of SplitMix64 (Steele et al., 2014)."""
    z = (tie ^ key) & _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def allocate(amount_nanos: int, weights: Mapping[str, int], *, tie: int) -> dict[str, int]:
    """Divide ``amount_nanos`` in proportion to ``weights``; the parts sum to it exactly.

    Largest remainder (Hamilton): each key gets the floor of its quota, then the nanos left over,
    always fewer than there are keys, go one each to the largest remainders. Equal remainders are
    ordered by a hash of ``tie`` and the key, so a rerun pays the same people and no name is
    favoured for ever. Negative amounts mirror positive ones. Any size of int.
    """
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise NothingToDivideBy(weights)
    size = abs(amount_nanos)
    parts = {key: size * weight // total for key, weight in weights.items()}
    left = size - sum(parts.values())
    if left:
        order = sorted(
            weights,
            key=lambda key: (-(size * weights[key] % total), mix(tie, key_hash(key)), key),
        )
        for key in order[:left]:
            parts[key] += 1
    return parts if amount_nanos >= 0 else {key: -part for key, part in parts.items()}


def mix_array(ties: UInt64s, keys: UInt64s) -> UInt64s:
    """``mix`` for arrays of equal length."""
    z = ties ^ keys
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX_2)
    return z ^ (z >> np.uint64(31))


def allocate_segments(
    amounts: Int64s, counts: Int64s, weights: Int64s, keys: UInt64s, ties: UInt64s
) -> Int64s:
    """``allocate`` for n amounts at once; amount i is divided among the next ``counts[i]`` weights.

    amounts, counts, ties: [n]; weights, keys (``key_hash`` of each name): [sum(counts)]. Returns
    the parts in the order of ``weights``. Each count is at least one, each sum of weights is in
    1..3 x 10^9. Equals the plain form for every amount of -(2^63 - 1) .. 2^63 - 1; keys of one
    segment whose mixes collide keep the order given.
    """
    if not len(amounts):
        return np.zeros(0, np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    totals = np.add.reduceat(weights, starts)
    assert weights.min() >= 0, "a negative weight"
    assert 0 < totals.min() <= totals.max() <= MAX_ARRAY_WEIGHT, "weights out of range"
    segment = np.repeat(np.arange(len(amounts)), counts)
    size = np.abs(amounts)
    quotient, remainder = _divided(size, totals)
    shares, rests = _divided(remainder[segment] * weights, totals, segment)
    parts = quotient[segment] * weights + shares
    left = size - np.add.reduceat(parts, starts)
    parts[_luckiest(segment, left, rests, keys, ties)] += 1
    return np.where(amounts[segment] < 0, -parts, parts)


def _divided(
    amounts: Int64s, totals: Int64s, segment: Int64s | None = None
) -> tuple[Int64s, Int64s]:
    """Divide amounts of zero or more; by one number where all totals are the same, as is usual."""
    total = int(totals[0])
    if (totals == total).all():
        quotients = amounts // total  # many times quicker than by an array
        return quotients, amounts - quotients * total
    return np.divmod(amounts, totals if segment is None else totals[segment])


def _luckiest(segment: Int64s, left: Int64s, rests: Int64s, keys: UInt64s, ties: UInt64s) -> Int64s:
    """Return the places that get one of the nanos left over: the largest remainders of each."""
    places = np.flatnonzero(left[segment] > 0)
    if not len(places):
        return places
    of = segment[places]
    rank_key = (of << 32) | (MAX_ARRAY_WEIGHT - rests[places])
    order = np.argsort(rank_key, kind="stable")  # segments rise: sorted but for a few each
    ranked = rank_key[order]
    same = ranked[1:] == ranked[:-1]
    if same.any():
        tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
        among = np.sort(order[tied])
        mixes = mix_array(ties[of[among]], keys[places[among]])
        order[tied] = among[np.lexsort((mixes, rank_key[among]))]
    of = of[order]
    heads = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    rank = np.arange(len(of)) - np.repeat(heads, np.diff(np.r_[heads, len(of)]))
    return places[order[rank < left[of]]]


def allocate_rows(amounts: Int64s, weights: Int64s, keys: UInt64s, ties: UInt64s) -> Int64s:
    """``allocate`` n amounts by the same k weights; returns parts [n, k]."""
    n, k = len(amounts), len(weights)
    if k > _COMPARED or not n:
        parts = allocate_segments(
            amounts, np.full(n, k, np.int64), np.tile(weights, n), np.tile(keys, n), ties
        )
        return parts.reshape(n, k)
    total = int(weights.sum())
    assert weights.min() >= 0, "a negative weight"
    assert 0 < total <= MAX_ARRAY_WEIGHT, "weights out of range"
    size = np.abs(amounts)
    quotient = size // total
    asked = (size - quotient * total) * weights[:, None]
    shares = asked // total
    parts = quotient * weights[:, None] + shares
    left = size - parts.sum(axis=0)
    some = np.flatnonzero(left)
    if len(some):
        rests = asked[:, some] - shares[:, some] * total
        parts[:, some] += _ranks(rests, keys, ties[some]) < left[some]
    signed: Int64s = np.where(amounts < 0, -parts, parts).T
    return signed


def _ranks(rests: Int64s, keys: UInt64s, ties: UInt64s) -> Int64s:
    """Rank k remainders [k, n] of each column, the largest first, by comparing each two."""
    ranks = np.zeros(rests.shape, np.int64)
    for one in range(len(rests)):
        for before in range(one):
            first = rests[before] >= rests[one]
            same = np.flatnonzero(rests[before] == rests[one])
            if len(same):
                mixes = [mix_array(ties[same], keys[each : each + 1]) for each in (before, one)]
                first[same] = mixes[0] <= mixes[1]
            ranks[one] += first
            ranks[before] += ~first
    return ranks
