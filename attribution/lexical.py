"""The words of passages as hashes: what can be compared without being read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_HEAD = struct.Struct("<II")
_NO_LENGTHS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class LexicalPrints:
    """Hashed words of n passages, one after the other.

    Passage i owns ``terms[term_offsets[i]:term_offsets[i + 1]]``, uint64, distinct and rising, with
    ``counts``, uint16, how often each stands in it; and
    ``grams[gram_offsets[i]:gram_offsets[i + 1]]``, uint64, one for each three consecutive words, in
    the order of the text. Offsets are int64[n + 1] from 0. Terms and grams share one space of 64
    bits.
    """

    term_offsets: NDArray[np.int64]
    terms: NDArray[np.uint64]
    counts: NDArray[np.uint16]
    gram_offsets: NDArray[np.int64]
    grams: NDArray[np.uint64]

    def __post_init__(self) -> None:
        assert len(self.term_offsets) == len(self.gram_offsets), len(self.gram_offsets)
        assert self.term_offsets[0] == self.gram_offsets[0] == 0
        assert self.term_offsets[-1] == len(self.terms) == len(self.counts), len(self.counts)
        assert self.gram_offsets[-1] == len(self.grams), len(self.grams)

    def __len__(self) -> int:
        return len(self.term_offsets) - 1

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Give the passages of these rows, int64[m], in that order; rows may come twice."""
        at_terms, term_offsets = _ragged(self.term_offsets, rows)
        at_grams, gram_offsets = _ragged(self.gram_offsets, rows)
        return type(self)(
            term_offsets,
            self.terms[at_terms],
            self.counts[at_terms],
            gram_offsets,
            self.grams[at_grams],
        )

    def packed(self) -> list[bytes]:
        """Give each passage as bytes, little-endian: two lengths, terms, counts, grams."""
        rows: list[bytes] = []
        for at in range(len(self)):
            own = slice(int(self.term_offsets[at]), int(self.term_offsets[at + 1]))
            grams = self.grams[int(self.gram_offsets[at]) : int(self.gram_offsets[at + 1])]
            terms, counts = self.terms[own], self.counts[own]
            rows.append(
                _HEAD.pack(len(terms), len(grams))
                + terms.astype("<u8").tobytes()
                + counts.astype("<u2").tobytes()
                + grams.astype("<u8").tobytes()
            )
        return rows

    @classmethod
    def unpacked(cls, rows: Iterable[bytes]) -> Self:
        """Read what ``packed`` wrote; raises ValueError where the bytes are something else."""
        terms, counts, grams = [], [], []
        for row in rows:
            if len(row) < _HEAD.size:
                raise ValueError(f"a lexical print of {len(row)} bytes has no head")
            term_count, gram_count = _HEAD.unpack_from(row)
            needed = _HEAD.size + 10 * term_count + 8 * gram_count
            if len(row) != needed:
                raise ValueError(f"a lexical print of {len(row)} bytes should have {needed}")
            at = _HEAD.size
            terms.append(np.frombuffer(row, "<u8", term_count, at).astype(np.uint64))
            at += 8 * term_count
            counts.append(np.frombuffer(row, "<u2", term_count, at).astype(np.uint16))
            at += 2 * term_count
            grams.append(np.frombuffer(row, "<u8", gram_count, at).astype(np.uint64))
        return cls.of(terms, counts, grams)

    @classmethod
    def of(
        cls,
        terms: Sequence[NDArray[np.uint64]],
        counts: Sequence[NDArray[np.uint16]],
        grams: Sequence[NDArray[np.uint64]],
    ) -> Self:
        """Put the arrays of single passages one after the other."""
        return cls(
            _offsets([len(each) for each in terms]),
            np.concatenate([np.zeros(0, np.uint64), *terms]),
            np.concatenate([np.zeros(0, np.uint16), *counts]),
            _offsets([len(each) for each in grams]),
            np.concatenate([np.zeros(0, np.uint64), *grams]),
        )

    @classmethod
    def joined(cls, parts: Sequence[LexicalPrints]) -> Self:
        """Put the passages of several prints one after the other."""
        return cls(
            _offsets(
                np.concatenate([_NO_LENGTHS, *(np.diff(each.term_offsets) for each in parts)])
            ),
            np.concatenate([np.zeros(0, np.uint64), *(part.terms for part in parts)]),
            np.concatenate([np.zeros(0, np.uint16), *(part.counts for part in parts)]),
            _offsets(
                np.concatenate([_NO_LENGTHS, *(np.diff(each.gram_offsets) for each in parts)])
            ),
            np.concatenate([np.zeros(0, np.uint64), *(part.grams for part in parts)]),
        )


def _offsets(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.asarray(lengths, dtype=np.int64), out=offsets[1:])
    return offsets


def _ragged(
    offsets: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the members of these rows, and the offsets of the rows taken."""
    lengths = np.diff(offsets)[rows]
    taken = _offsets(lengths)
    shift = np.repeat(offsets[:-1][rows] - taken[:-1], lengths)
    return np.arange(taken[-1], dtype=np.int64) + shift, taken
