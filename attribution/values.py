"""What goes into a decision and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints

WHOLE_PPM = 1_000_000
KINDS = ("verbatim", "paraphrase")


@dataclass(frozen=True, slots=True)
class Passage:
    """A consecutive piece of a text: characters [start, end) of the original."""

    start: int
    end: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.end, (self.start, self.end)


class Standing(Enum):
    """What a registered work may do for one output: earn, win without pay (commons), nothing."""

    EARNS = "earns"
    COMMONS = "commons"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kept match: this span of the output was taken from that span of a work.

    All spans are half-open, in characters of the original texts. ``confidence`` lies in [0, 1];
    ``kind`` is "verbatim" or "paraphrase"; ``paid`` is False where the work is of the commons.
    """

    output_start: int
    output_end: int
    work_id: int
    passage_id: int
    source_start: int
    source_end: int
    confidence: float
    kind: str
    paid: bool = True

    def __post_init__(self) -> None:
        assert 0.0 <= self.confidence <= 1.0, self.confidence
        assert self.kind in KINDS, self.kind


@dataclass(frozen=True, slots=True)
class PassageVerdict:
    """What became of one passage of an output, and why; all spans as in ``Evidence``.

    The source is the likeliest one, paid or not; None and an empty span where nothing was near.
    ``reason``: "paid", "commons", "no likeness", "too faint" or "gate: too little of the work".
    """

    start: int
    end: int
    work_id: int | None
    passage_id: int | None
    source_start: int
    source_end: int
    confidence: float
    kind: str | None
    reason: str

    def __post_init__(self) -> None:
        assert 0.0 <= self.confidence <= 1.0, self.confidence
        assert self.kind is None or self.kind in KINDS, self.kind


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one output divides among works.

    Invariant: sum(share_ppm.values()) + unmatched_ppm == 1_000_000, and every share is above 0.
    ``evidence`` is what the shares rest on, in order of the output. ``best`` is the likeliest
    source and how sure the engine is of it, in [0, 1], whether or not it is paid; None where
    nothing eligible was near. ``unmatched_rows``: rows of the fingerprint that no work won, of the
    commons neither. ``passages`` explains every row.
    """

    share_ppm: Mapping[int, int]
    unmatched_ppm: int
    evidence: tuple[Evidence, ...]
    engine_version: str
    best: tuple[int, float] | None
    passages: tuple[PassageVerdict, ...] = ()
    unmatched_rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        assert all(share > 0 for share in self.share_ppm.values()), self.share_ppm
        assert self.unmatched_ppm >= 0, self.unmatched_ppm
        assert sum(self.share_ppm.values()) + self.unmatched_ppm == WHOLE_PPM
        assert self.best is None or 0.0 <= self.best[1] <= 1.0, self.best


@dataclass(frozen=True, slots=True)
class Finding:
    """What a work owes to one earlier work. ``share_ppm``: part of its text, in characters."""

    work_id: int
    share_ppm: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """How a new work stands to those registered before it.

    ``originality_ppm``: the part of its text that nothing earlier explains. ``findings``: earlier
    works it draws on, the largest share first; ``near_copy`` where the first of them explains so
    much that the work is a copy for an operator to judge, not a derivative. ``flags``: "stuffed"
    (the same words or sentences over and over), "evasive" (normalisation changed more than 1 %).
    """

    originality_ppm: int
    findings: tuple[Finding, ...]
    near_copy: bool
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What a decision needs of a text, and no text.

    Row i of every field describes the i-th passage: ``starts`` and ``ends`` int64[n] in characters
    of the original, ``vectors`` float32[n, dim] of unit length, ``hashes`` n times 16 bytes of the
    normalised passage, ``lexical`` its hashed words. ``length_chars`` is the length of the original
    text; ``normalisation_changed_ppm`` the part of it that looked like an evasion.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    vectors: NDArray[np.float32]
    hashes: tuple[bytes, ...]
    lexical: LexicalPrints
    length_chars: int
    normalisation_changed_ppm: int

    def __post_init__(self) -> None:
        count = len(self.hashes)
        assert self.starts.shape == self.ends.shape == (count,), (self.starts.shape, count)
        assert self.vectors.ndim == 2, self.vectors.shape  # noqa: PLR2004  # rows of vectors
        assert len(self.vectors) == len(self.lexical) == count, (self.vectors.shape, count)
        assert 0 <= self.normalisation_changed_ppm <= WHOLE_PPM

    def __len__(self) -> int:
        return len(self.hashes)
