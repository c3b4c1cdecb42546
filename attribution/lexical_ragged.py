"""Rows of different lengths, one after the other in one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOW = np.uint64(32)
_LOW_MASK = np.uint64(0xFFFF_FFFF)


def offsets_of(lengths: NDArray[Any]) -> NDArray[np.int64]:
    """Give where each row starts, and where the last one ends: int64[n + 1] from 0."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def spans(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """List the positions of all members of the rows, int64: start, start + 1, ... of each."""
    lengths = lengths.astype(np.int64)
    offsets = offsets_of(lengths)
    shift = np.repeat(starts.astype(np.int64) - offsets[:-1], lengths)
    return np.arange(offsets[-1], dtype=np.int64) + shift


def found_in(
    rising: NDArray[Any], wanted: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Look up each wanted value in a rising array: its position, and whether it is there.

    The position of what is not there is meaningless, but one that can be read where any is.
    """
    wanted = wanted.astype(rising.dtype, copy=False)
    at = np.searchsorted(rising, wanted)
    if not len(rising):
        return at, np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(at, len(rising) - 1)
    return at, rising[at] == wanted


def first_not_below(
    values: NDArray[Any], low: NDArray[np.int64], high: NDArray[np.int64], wanted: NDArray[Any]
) -> NDArray[np.int64]:
    """Bisect many rows at once: the first position in [low, high) whose value is >= wanted.

    ``high`` where there is none; the values of each row rise.
    """
    low, high = low.copy(), high.copy()
    left = np.flatnonzero(low < high)
    while len(left):
        middle = (low[left] + high[left]) // 2
        below = values[middle] < wanted[left]
        low[left[below]] = middle[below] + 1
        high[left[~below]] = middle[~below]
        left = left[low[left] < high[left]]
    return low


def paired(high: NDArray[Any], low: NDArray[Any]) -> NDArray[np.uint64]:
    """Put two numbers below 2^32 into one that sorts by the first, then by the second."""
    return (high.astype(np.uint64) << _LOW) | low.astype(np.uint64)


def parted(pairs: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Undo ``paired``."""
    return (pairs >> _LOW).astype(np.int64), (pairs & _LOW_MASK).astype(np.int64)


def distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort in place and give each value once."""
    values.sort()
    return values[starts_in(values)]


def starts_in(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark where a new value begins in an array whose equal values stand together."""
    new = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def narrow(values: NDArray[Any], largest: int) -> NDArray[Any]:
    """Keep whole numbers up to ``largest`` in 1, 4 or 8 bytes."""
    return values.astype(narrow_type(largest))


def narrow_type(largest: int) -> type[np.unsignedinteger[Any]]:
    """Give the smallest of three unsigned types that holds ``largest``."""
    if largest <= np.iinfo(np.uint8).max:
        return np.uint8
    return np.uint32 if largest <= np.iinfo(np.uint32).max else np.uint64
