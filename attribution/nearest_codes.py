"""The codes nearest to queries, where all of them are compared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from attribution.codes import ZERO
from attribution.int8_product import int8_product

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRODUCTS_AT_ONCE = 4_000_000  # 16 MB a thread, while it searches
_FEWEST_QUERIES, _MOST_QUERIES = 16, 256
_CODES_AT_ONCE = 2_048  # their products are looked at while they are near the processor
_LARGEST_GROUP = 32  # the next three are powers of two
_GROUPS_PER_RESULT = 4
_NEVER = np.iinfo(np.int32).min + 1  # so that its negative is there too


def nearest(
    codes: NDArray[np.uint8],
    queries: NDArray[np.float32],
    k: int,
    *,
    dead: NDArray[np.int64],
    threads: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find the k greatest products of each query, float32[m, k] falling, and ranks int64[m, k].

    A rank is a row of codes uint8[n, dim]; equal products come in the order of their ranks, those
    of the rows ``dead`` not at all, and k is at most the number of the others. Queries are whole
    numbers in [-127, 127]; so are products, exactly.
    """
    assert 0 < k <= len(codes) - len(dead), k
    most = min(_MOST_QUERIES, _PRODUCTS_AT_ONCE // len(codes), -(-len(queries) // threads))
    step = max(_FEWEST_QUERIES, most)
    portions = [queries[start : start + step] for start in range(0, len(queries), step)]

    def found(portion: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return _nearest(codes, portion, k, dead)

    if len(portions) == 1:
        return found(queries)
    with ThreadPoolExecutor(min(threads, len(portions)), "search") as pool:
        parts = list(pool.map(found, portions))
    return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])


def _nearest(
    codes: NDArray[np.uint8], queries: NDArray[np.float32], k: int, dead: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find those of a few queries.

    Of k groups with the greatest maxima the least maximum is a bound: no product below it can be
    among the k greatest, and few others are at or above it.
    """
    group = _size_of_groups(len(codes), k)
    products, tops = _products(codes, queries, dead, group)
    last = tops.shape[1] - k
    bounds = np.partition(tops, last, axis=1)[:, last]
    query_of, group_of = np.nonzero(tops >= bounds[:, None])
    ranks = group_of[:, None] * group + np.arange(group)
    there = ranks < len(codes)
    values = products[np.where(there, ranks, 0), query_of[:, None]]
    there &= values >= bounds[query_of, None]
    query_of = np.broadcast_to(query_of[:, None], there.shape)[there]
    ranks, values = ranks[there], values[there]
    order = np.lexsort((ranks, -values, query_of))
    starts = np.searchsorted(query_of[order], np.arange(len(queries)))
    best = order[starts[:, None] + np.arange(k)]
    too_much = ZERO * queries.sum(axis=1, dtype=np.int64)
    return (values[best] - too_much[:, None]).astype(np.float32), ranks[best]


def _size_of_groups(count: int, k: int) -> int:
    """How many codes have one maximum, so that there are several groups for each result."""
    most = max(1, min(_LARGEST_GROUP, count // (_GROUPS_PER_RESULT * k)))
    return 1 << most.bit_length() - 1


def _products(
    codes: NDArray[np.uint8], queries: NDArray[np.float32], dead: NDArray[np.int64], group: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Multiply, int32[n, m], and find the maxima of each group of rows, int32[m, groups].

    Codes are taken as they lie there, so that products are too much by what zero counts.
    """
    multiplying = int8_product()
    factor = multiplying.factor(queries)
    products = np.empty((len(codes), len(queries)), dtype=np.int32)
    tops = np.empty((-(-len(codes) // group), len(queries)), dtype=np.int32)
    for start in range(0, len(codes), _CODES_AT_ONCE):
        end = min(start + _CODES_AT_ONCE, len(codes))
        some = products[start:end]
        multiplying.into(some, codes[start:end], factor)
        some[dead[(dead >= start) & (dead < end)] - start] = _NEVER
        whole = len(some) // group
        first = start // group
        grouped = some[: whole * group].reshape(whole, group, len(queries))
        np.max(grouped, axis=1, out=tops[first : first + whole])
        if whole * group < len(some):
            np.max(some[whole * group :], axis=0, out=tops[first + whole])
    return products, np.ascontiguousarray(tops.T)
