"""Whole result sets as NumPy columns: one row of binary arrays, read without looking at values.

The layout of an array is that of PostgreSQL's array_send: dimensions, whether there are NULLs, the
type, size and lower bound, then each value after its length in four bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray

_HEADER = 20
_WIDTH = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "bool": "u1", "char3": "S3"}


def columns(
    connection: psycopg.Connection,
    query: LiteralString,
    parameters: Sequence[object],
    kinds: Mapping[str, str],
) -> dict[str, NDArray[Any]]:
    """Run a query that makes a table ``t`` with columns of these kinds; return them by name.

    kinds: ``int2``, ``int4``, ``int8`` (numbers, and instants in microseconds), ``bool``, all as
    int64, and ``char3`` as S3. Rows keep the order of the query; no value is NULL.
    """
    aggregated = ", ".join(f"array_agg({name})" for name in kinds)
    whole = f"SELECT {aggregated} FROM ({query}) AS t"  # noqa: S608 - names of ours
    result = connection.execute(whole.encode(), parameters, binary=True).pgresult
    assert result
    return {
        name: _column(result.get_value(0, at), kind)
        for at, (name, kind) in enumerate(kinds.items())
    }


def _column(content: bytes | None, kind: str) -> NDArray[Any]:
    value = np.dtype(_WIDTH[kind])
    if content is None:
        return np.zeros(0, value if kind == "char3" else np.int64)
    layout = np.dtype([("length", ">i4"), ("value", value)])
    assert (len(content) - _HEADER) % layout.itemsize == 0, f"no column of {kind}, or NULL in it"
    rows = np.frombuffer(content, layout, offset=_HEADER)
    assert (rows["length"] == value.itemsize).all(), f"no column of {kind}, or NULL in it"
    return rows["value"].copy() if kind == "char3" else rows["value"].astype(np.int64)
