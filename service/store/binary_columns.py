"""Whole result sets as NumPy columns: one row of binary arrays, read without looking at values.

The layout of an array is that of PostgreSQL's array_send: dimensions, whether there are NULLs, the
type, size and lower bound, then each value after its length in four bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    return _columns(connection, _aggregated(query, kinds), parameters, kinds)


def columns_of_ranges(
    connection: psycopg.Connection,
    query: LiteralString,
    firsts: Sequence[int],
    lasts: Sequence[int],
    kinds: Mapping[str, str],
    *,
    rows: int,
) -> dict[str, NDArray[Any]]:
    """Return the columns of a query about ranges of numbers, as ``columns`` does, in any order.

    The query takes the arrays ``firsts`` and ``lasts``. rows: about how many are found; so many
    ranges are asked for at once that their arrays stay small: the server fills those in memory it
    keeps, large ones in pages it has to be given.
    """
    size = max(1, _A_PIECE * len(firsts) // max(rows, 1))
    parameters = (as_array(firsts), as_array(lasts), size)
    return _columns(connection, in_pieces(query, kinds), parameters, kinds)


_A_PIECE = 1_000
"""Rows of a piece."""


def in_pieces(query: LiteralString, kinds: Mapping[str, str]) -> str:
    """Write the whole query: its parameters are first and last numbers, and ranges of a piece."""
    return (
        "SELECT found.* FROM (SELECT %s::bigint[] AS all_firsts, "  # noqa: S608 - names of ours
        "%s::bigint[] AS all_lasts, "
        "%s::int AS size) AS told "
        "CROSS JOIN LATERAL generate_series(1, cardinality(all_firsts), size) AS at "
        "CROSS JOIN LATERAL (SELECT all_firsts[at : at + size - 1] AS firsts, "
        "all_lasts[at : at + size - 1] AS lasts) AS piece "
        f"CROSS JOIN LATERAL ({_aggregated(query, kinds)}) AS found"
    )


def as_array(values: Iterable[object]) -> str:
    """Write values as an array of PostgreSQL: quicker to send than a list, and to compare with."""
    return "{" + ",".join(map(str, values)) + "}"


def _aggregated(query: LiteralString, kinds: Mapping[str, str]) -> str:
    aggregated = ", ".join(
        f"string_agg({name}, '') AS {name}" if kind == "bytea" else f"array_agg({name}) AS {name}"
        for name, kind in kinds.items()
    )
    return f"SELECT {aggregated} FROM ({query}) AS t"  # noqa: S608 - names of ours


def _columns(
    connection: psycopg.Connection,
    query: str,
    parameters: Sequence[object],
    kinds: Mapping[str, str],
) -> dict[str, NDArray[Any]]:
    result = connection.execute(query.encode(), parameters, binary=True).pgresult
    assert result
    return {
        name: _column([result.get_value(row, at) for row in range(result.ntuples)], kind)
        for at, (name, kind) in enumerate(kinds.items())
    }


def _column(pieces: Sequence[bytes | None], kind: str) -> NDArray[Any]:
    if kind == "bytea":
        return np.frombuffer(b"".join(piece or b"" for piece in pieces), np.uint8)
    value = np.dtype(_WIDTH[kind])
    content = b"".join(piece[_HEADER:] for piece in pieces if piece)
    layout = np.dtype([("length", ">i4"), ("value", value)])
    assert len(content) % layout.itemsize == 0, f"no column of {kind}, or NULL in it"
    rows = np.frombuffer(content, layout)
    assert (rows["length"] == value.itemsize).all(), f"no column of {kind}, or NULL in it"
    return rows["value"].copy() if kind == "char3" else rows["value"].astype(np.int64)


def ragged(content: NDArray[np.uint8], counts: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return the values of arrays sent one after the other, of ``counts`` values each, none NULL.

    kind: ``int4`` or ``int8``.

    An array without values is sent without a dimension, in 12 bytes.
    """
    value = np.dtype(_WIDTH[kind])
    width = 4 + value.itemsize
    sizes = np.where(counts > 0, _HEADER + counts * width, _EMPTY)
    assert sizes.sum() == len(content), f"no arrays of {kind} of these lengths, or NULL in them"
    first = np.cumsum(sizes) - sizes + _HEADER + 4
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(first, counts) + within * width
    words, at = content.view(">i4"), at // 4  # all sizes are of whole words
    values: NDArray[np.int64] = words[at].astype(np.int64)
    if kind == "int8":
        values = values << 32 | content.view(">u4")[at + 1]
    return values
