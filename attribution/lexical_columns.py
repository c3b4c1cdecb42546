"""The arrays of one segment: in memory, or in one file that every worker maps."""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_HEAD = struct.Struct("<8sQ")
_MAGIC = b"wslexic1"
_ALIGNED = 64
_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """N passages in the order of owner, work and id: their *ordinals*; H distinct hashes: *codes*.

    A run is a stretch of ordinals of one work of one owner; the owner may have changed since (see
    ``Ownership``), the order stays. What can be large is kept in as few bytes as hold it; offsets
    are one longer than what they part.
    """

    ids: NDArray[Any]  # int64[N] rising
    ordinals: NDArray[Any]  # uint32[N]: of ids
    ranks: NDArray[Any]  # uint32[N]: place in ids, by ordinal
    runs: NDArray[Any]  # uint32[N]: by ordinal
    run_starts: NDArray[Any]  # uint32[R + 1]: ordinals
    run_owners: NDArray[Any]  # int64[R] rising
    run_works: NDArray[Any]  # int64[R]
    works: NDArray[Any]  # int64[R] rising: run_works sorted
    work_runs: NDArray[Any]  # uint32[R]: of works
    term_offsets: NDArray[Any]
    term_codes: NDArray[Any]  # uint32, rising within a passage
    term_counts: NDArray[Any]
    gram_offsets: NDArray[Any]
    gram_codes: NDArray[Any]  # uint32, in the order of the text
    hashes: NDArray[Any]  # uint64[H] rising
    posting_offsets: NDArray[Any]
    postings: NDArray[Any]  # uint32: ordinals, rising within a hash
    owners: NDArray[Any]  # uint8[H]: how many owners of a hash this segment stands for
    holders: NDArray[Any]  # uint8[H]: how many works
    many: NDArray[Any]  # uint32 rising: codes of those with 255 or more of either
    many_owners: NDArray[Any]  # uint32
    many_holders: NDArray[Any]  # uint32


COLUMNS = tuple(field.name for field in fields(Columns))


class Sink(Protocol):
    """Takes columns piece by piece."""

    def append(self, column: str, piece: NDArray[Any]) -> None:
        """Put a piece at the end of a column; the type of the first piece is the column's."""
        ...

    def columns(self) -> Columns:
        """Give what was written, once all is."""
        ...


class MemorySink:
    """Keeps the pieces in memory."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[NDArray[Any]]] = defaultdict(list)

    def append(self, column: str, piece: NDArray[Any]) -> None:
        """Put a piece at the end of a column."""
        self._pieces[column].append(piece)

    def columns(self) -> Columns:
        """Join the pieces, column after column; each is let go as soon as it is joined."""
        return Columns(**{name: np.concatenate(self._pieces.pop(name)) for name in COLUMNS})


class FileSink:
    """Writes each column to a file of its own in an empty folder, and at last all to ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spill = path.with_suffix(".columns")
        self._spill.mkdir()
        self._types: dict[str, str] = {}

    def append(self, column: str, piece: NDArray[Any]) -> None:
        """Put a piece at the end of a column."""
        kind = piece.dtype.newbyteorder("<").str
        assert self._types.setdefault(column, kind) == kind, (column, kind)
        with (self._spill / column).open("ab") as file:
            np.ascontiguousarray(piece).astype(kind, copy=False).tofile(file)

    def columns(self) -> Columns:
        """Put the columns into one file and map it."""
        sizes = {name: (self._spill / name).stat().st_size for name in COLUMNS}
        with self._path.open("wb") as file:
            file.write(_header(self._types, sizes))
            for name in COLUMNS:
                spilled = self._spill / name
                with spilled.open("rb") as column:
                    while piece := column.read(_AT_ONCE):
                        file.write(piece)
                file.write(bytes(-file.tell() % _ALIGNED))
                spilled.unlink()
        self._spill.rmdir()
        return mapped(self._path)


def written(columns: Columns, path: Path) -> Columns:
    """Write columns to a file as they are and map it."""
    sink = FileSink(path)
    for name in COLUMNS:
        sink.append(name, getattr(columns, name))
    return sink.columns()


def mapped(path: Path) -> Columns:
    """Map the columns in a file; raises ValueError where it holds something else."""
    whole = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    if len(whole) < _HEAD.size:
        raise ValueError("no header")
    magic, length = _HEAD.unpack(whole[: _HEAD.size].tobytes())
    if magic != _MAGIC:
        raise ValueError("not of this format")
    header = json.loads(whole[_HEAD.size : _HEAD.size + length].tobytes())
    return Columns(**dict(_views(whole, header)))


def _views(whole: NDArray[np.uint8], header: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, kind, start, size in header:
        yield name, whole[start : start + size].view(np.dtype(kind))


def _header(types: dict[str, str], sizes: dict[str, int]) -> bytes:
    """Say where each column lies; every one starts at a multiple of 64 bytes."""
    length = 4096 - _HEAD.size
    start, table = 4096, []
    for name in COLUMNS:
        table.append((name, types[name], start, sizes[name]))
        start += sizes[name] + -sizes[name] % _ALIGNED
    body = json.dumps(table).encode()
    assert len(body) <= length, len(body)
    return _HEAD.pack(_MAGIC, length) + body.ljust(length)
