"""Which passage index an installation has: its own file, or Milvus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.faiss_index import FaissIndex
from attribution.milvus_index import MilvusIndex
from attribution.snapshot import SnapshotRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attribution.passage_index import PassageIndex


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Where the index of one encoder is kept: on Milvus if there is a URI, else in ``folder``.

    ``name`` sets installations that share a Milvus apart.
    """

    folder: Path
    milvus_uri: str | None
    name: str
    encoder_digest: str
    dimension: int
    threads: int

    @property
    def collection(self) -> str:
        """Name the collection on Milvus: of this installation, encoder and dimension alone."""
        name = "".join(letter if letter.isalnum() else "_" for letter in self.name)
        return f"passages_{name}_{self.encoder_digest[:16]}_{self.dimension}"


@dataclass(frozen=True, slots=True)
class OpenedIndex:
    """An index, the last row it has seen, and how to keep what it learns.

    ``keep(watermark)`` is called with the last row it has seen then.
    """

    index: PassageIndex
    watermark: int
    keep: Callable[[int], None]


def open_index(place: IndexPlace, *, newest: int | None = None) -> OpenedIndex:
    """Open the index kept; SnapshotRefused where it cannot be used or has seen past ``newest``.

    On Milvus one that was never filled is opened with watermark 0.
    """
    if place.milvus_uri is None:
        index, watermark = FaissIndex.load(
            place.folder,
            encoder_digest=place.encoder_digest,
            dimension=place.dimension,
            threads=place.threads,
            newest=newest,
        )
        return _in_folder(index, watermark, place)
    shared = MilvusIndex(place.milvus_uri, place.collection, place.dimension)
    seen = shared.watermark
    if newest is not None and seen > newest:
        shared.close()
        raise SnapshotRefused(f"has seen row {seen}, the last is {newest}")
    return OpenedIndex(shared, seen, shared.keep)


def empty_index(place: IndexPlace) -> OpenedIndex:
    """Start anew; on Milvus what was there is removed for all who share it."""
    if place.milvus_uri is None:
        return _in_folder(FaissIndex(place.dimension, threads=place.threads), 0, place)
    shared = MilvusIndex(place.milvus_uri, place.collection, place.dimension)
    shared.clear()
    return OpenedIndex(shared, 0, shared.keep)


def _in_folder(index: FaissIndex, watermark: int, place: IndexPlace) -> OpenedIndex:
    def keep(seen: int) -> None:
        index.save(place.folder, place.encoder_digest, seen)

    return OpenedIndex(index, watermark, keep)
