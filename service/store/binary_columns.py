"""Whole result sets as NumPy columns: one row of binary arrays, read without looking at values.

The layout of an array is that of PostgreSQL's array_send: dimensions, whether there are NULLs, the
type, size and lower bound, then each value after its length in four bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray

_HEADER, _EMPTY = 20, 12
_WIDTH = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "bool": "u1", "char3": "S3"}


def columns(
    connection: psycopg.Connection,
    query: LiteralString,
    parameters: Sequence[object],
    kinds: Mapping[str, str],
) -> dict[str, NDArray[Any]]:
    """Run a query that makes a table ``t`` with columns of these kinds; return them by name.

    kinds: ``int2``, ``int4``, ``int8`` (numbers, and instants in microseconds), ``bool``, all as
    int64, ``char3`` (text of three characters) as S3, and ``bytea``: all values joined, as uint8.
    Rows keep the order of the query, the same for all columns; no value is NULL.
    """
    aggregated = ", ".join(
        f"string_agg({name}, '')" if kind == "bytea" else f"array_agg({name})"
        for name, kind in kinds.items()
    )
    whole = f"SELECT {aggregated} FROM ({query}) AS t"  # noqa: S608 - names of ours
    result = connection.execute(whole.encode(), parameters, binary=True).pgresult
    assert result
    return {
        name: _column(result.get_value(0, at), kind)
        for at, (name, kind) in enumerate(kinds.items())
    }


def _column(content: bytes | None, kind: str) -> NDArray[Any]:
    if kind == "bytea":
        return np.frombuffer(content or b"", np.uint8)
    value = np.dtype(_WIDTH[kind])
    if content is None:
        return np.zeros(0, value if kind == "char3" else np.int64)
    layout = np.dtype([("length", ">i4"), ("value", value)])
    assert (len(content) - _HEADER) % layout.itemsize == 0, f"no column of {kind}, or NULL in it"
    rows = np.frombuffer(content, layout, offset=_HEADER)
    assert (rows["length"] == value.itemsize).all(), f"no column of {kind}, or NULL in it"
    return rows["value"].copy() if kind == "char3" else rows["value"].astype(np.int64)


def ragged(content: NDArray[np.uint8], counts: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return the values of arrays sent one after the other, of ``counts`` values each, none NULL.

    An array without values is sent without a dimension, in 12 bytes.
    """
    value = np.dtype(_WIDTH[kind])
    width = 4 + value.itemsize
    sizes = np.where(counts > 0, _HEADER + counts * width, _EMPTY)
    assert sizes.sum() == len(content), f"no arrays of {kind} of these lengths, or NULL in them"
    first = np.cumsum(sizes) - sizes + _HEADER + 4
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(first, counts) + within * width
    values = content[at[:, None] + np.arange(value.itemsize)].view(value)
    flat: NDArray[np.int64] = values.reshape(-1).astype(np.int64)
    return flat
