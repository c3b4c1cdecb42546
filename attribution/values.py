"""What goes into a decision and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

WHOLE_PPM = 1_000_000
KINDS = ("verbatim", "paraphrase")


@dataclass(frozen=True, slots=True)
class Passage:
    """A consecutive piece of a text: characters [start, end) of the original."""

    start: int
    end: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.end, (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kept match: this span of the output was taken from that span of a work.

    All spans are half-open, in characters of the original texts. ``confidence`` lies in [0, 1];
    ``kind`` is "verbatim" or "paraphrase".
    """

    output_start: int
    output_end: int
    work_id: int
    passage_id: int
    source_start: int
    source_end: int
    confidence: float
    kind: str

    def __post_init__(self) -> None:
        assert 0.0 <= self.confidence <= 1.0, self.confidence
        assert self.kind in KINDS, self.kind


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one output divides among works.

    Invariant: sum(share_ppm.values()) + unmatched_ppm == 1_000_000, and every share is above 0.
    ``evidence`` is what the shares rest on, in order of the output. ``best`` is the likeliest
    source and how sure the engine is of it, in [0, 1], whether or not it is paid; None where
    nothing eligible was near.
    """

    share_ppm: Mapping[int, int]
    unmatched_ppm: int
    evidence: tuple[Evidence, ...]
    engine_version: str
    best: tuple[int, float] | None

    def __post_init__(self) -> None:
        assert all(share > 0 for share in self.share_ppm.values()), self.share_ppm
        assert self.unmatched_ppm >= 0, self.unmatched_ppm
        assert sum(self.share_ppm.values()) + self.unmatched_ppm == WHOLE_PPM
        assert self.best is None or 0.0 <= self.best[1] <= 1.0, self.best


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What a decision needs of a text, and no text.

    Row i of every field describes the i-th passage: ``starts`` and ``ends`` int64[n] in characters
    of the original, ``vectors`` float32[n, dim] of unit length, ``hashes`` n times 16 bytes of the
    normalised passage. ``length_chars`` is the length of the original text;
    ``normalisation_changed_ppm`` the part of it that looked like an evasion.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    vectors: NDArray[np.float32]
    hashes: tuple[bytes, ...]
    length_chars: int
    normalisation_changed_ppm: int

    def __post_init__(self) -> None:
        count = len(self.hashes)
        assert self.starts.shape == self.ends.shape == (count,), (self.starts.shape, count)
        assert self.vectors.ndim == 2, self.vectors.shape  # noqa: PLR2004  # rows of vectors
        assert len(self.vectors) == count, (self.vectors.shape, count)
        assert 0 <= self.normalisation_changed_ppm <= WHOLE_PPM

    def __len__(self) -> int:
        return len(self.hashes)
