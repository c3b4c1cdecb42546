"""Which work a passage belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PassageRef:
    """A registered passage: characters [start, end) of its work's original text.

    ``content_hash``: 16-byte BLAKE2b of the normalised passage. ``origin``: the passage of an
    earlier work it was found to be taken from, when it was registered; what matches it belongs to
    that one. None where it stands for itself.
    """

    passage_id: int
    work_id: int
    start: int
    end: int
    content_hash: bytes
    origin: int | None = None


class Catalogue(Protocol):
    """What is registered, by passage."""

    def locate(self, passage_ids: NDArray[np.int64]) -> Mapping[int, PassageRef]:
        """Give the known ones of these passages, int64[n].

        An id may be missing: the index can be ahead of the catalogue, or behind it.
        """
        ...


class MemoryCatalogue:
    """A catalogue held in memory."""

    def __init__(self, refs: Iterable[PassageRef] = ()) -> None:
        self._refs = {ref.passage_id: ref for ref in refs}

    def add(self, refs: Iterable[PassageRef]) -> None:
        """Register passages; an id known before is replaced."""
        self._refs.update((ref.passage_id, ref) for ref in refs)

    def locate(self, passage_ids: NDArray[np.int64]) -> Mapping[int, PassageRef]:
        """Give the known ones of these passages, int64[n]."""
        return {at: self._refs[at] for at in passage_ids.tolist() if at in self._refs}
