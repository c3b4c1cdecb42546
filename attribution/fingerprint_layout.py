"""The columns of a fingerprint as bytes, and every rule they must keep when they come back.

Little-endian, one column after the other: the length of the version (uint16) and the version in
UTF-8; ``length_chars``, ``normalisation_changed_ppm``, number of passages, numbers of a vector
(uint32 each); then for all passages starts, ends, number of distinct terms, number of 3-grams
(uint32 each), hashes (16 bytes), vectors (float16), terms (uint64), their counts (uint16) and
3-grams (uint64).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.lexical import LexicalPrints
from attribution.registration import CONTENT_HASH_BYTES
from attribution.values import WHOLE_PPM, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

UNIT_WITHIN = 0.002
"""How far the length of a vector may lie from 1: 0.001 of the encoder, 0.0005 of float16."""
LONGEST_VECTOR = 65_535
_VERSION = struct.Struct("<H")
_HEAD = struct.Struct("<IIII")
_GRAM_WORDS = 3


class FingerprintRefused(Exception):
    """Bytes that are no fingerprint to decide on; ``place`` and ``rule`` say why."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"fingerprint, {place}: {rule}")
        self.place = place
        self.rule = rule


class BrokenRule(FingerprintRefused):
    """A column holds what no text has."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(place, rule)


def columns_of(fingerprint: Fingerprint, version: str) -> bytes:
    """Write a fingerprint and its version."""
    name = version.encode()
    lexical = fingerprint.lexical
    vectors = fingerprint.vectors.astype("<f2")
    head = _HEAD.pack(
        fingerprint.length_chars,
        fingerprint.normalisation_changed_ppm,
        len(fingerprint),
        vectors.shape[1],
    )
    columns = (
        fingerprint.starts.astype("<u4"),
        fingerprint.ends.astype("<u4"),
        np.diff(lexical.term_offsets).astype("<u4"),
        np.diff(lexical.gram_offsets).astype("<u4"),
    )
    return b"".join(
        (
            _VERSION.pack(len(name)) + name + head,
            *(column.tobytes() for column in columns),
            *fingerprint.hashes,
            vectors.tobytes(),
            lexical.terms.astype("<u8").tobytes(),
            lexical.counts.astype("<u2").tobytes(),
            lexical.grams.astype("<u8").tobytes(),
        )
    )


def fingerprint_of(content: bytes) -> tuple[Fingerprint, str]:
    """Read what ``columns_of`` wrote; raises BrokenRule for what no text can have."""
    rest = _Rest(content)
    version = rest.name()
    length_chars, changed_ppm, count, dimension = rest.head()
    _check(changed_ppm <= WHOLE_PPM, "changed", f"must not pass {WHOLE_PPM} ppm")
    _check(dimension <= LONGEST_VECTOR, "vectors", f"must have at most {LONGEST_VECTOR} numbers")
    starts = rest.column("starts", "<u4", count).astype(np.int64)
    ends = rest.column("ends", "<u4", count).astype(np.int64)
    _check_spans(starts, ends, length_chars)
    term_counts = rest.column("terms", "<u4", count).astype(np.int64)
    gram_counts = rest.column("grams", "<u4", count).astype(np.int64)
    hashes = rest.column("hashes", f"V{CONTENT_HASH_BYTES}", count)
    vectors = rest.column("vectors", "<f2", count * dimension).reshape(count, dimension)
    lexical = _lexical(rest, term_counts, gram_counts)
    _check(rest.is_empty, "content", "must end with the last 3-gram")
    fingerprint = Fingerprint(
        starts=starts,
        ends=ends,
        vectors=_units(vectors),
        hashes=tuple(bytes(each) for each in hashes),
        lexical=lexical,
        length_chars=length_chars,
        normalisation_changed_ppm=changed_ppm,
    )
    return fingerprint, version


@dataclass(slots=True)
class _Rest:
    """What of a content is not read yet."""

    content: bytes
    at: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether all is read."""
        return self.at == len(self.content)

    def name(self) -> str:
        """Read the version."""
        (length,) = _VERSION.unpack(self._bytes("version", _VERSION.size))
        try:
            return self._bytes("version", length).decode()
        except UnicodeDecodeError:
            raise BrokenRule("version", "must be UTF-8") from None

    def head(self) -> Sequence[int]:
        """Read length, changed part, number of passages and numbers of a vector."""
        return _HEAD.unpack(self._bytes("head", _HEAD.size))

    def column(self, place: str, dtype: str, count: int) -> NDArray[Any]:
        """Read so many numbers."""
        kind = np.dtype(dtype)
        if count == 0 or kind.itemsize == 0:
            return np.zeros(count, kind)
        return np.frombuffer(self._bytes(place, count * kind.itemsize), kind)

    def _bytes(self, place: str, count: int) -> bytes:
        start, self.at = self.at, self.at + count
        _check(self.at <= len(self.content), place, f"must have {count} bytes, has fewer")
        return self.content[start : self.at]


def _check(holds: object, place: str, rule: str) -> None:
    if not holds:
        raise BrokenRule(place, rule)


def _check_spans(starts: NDArray[np.int64], ends: NDArray[np.int64], length_chars: int) -> None:
    _check((starts < ends).all(), "ends", "must lie behind their starts")
    _check((starts[1:] >= ends[:-1]).all(), "starts", "must rise, each behind the end before it")
    _check((ends <= length_chars).all(), "ends", f"must not pass the {length_chars} characters")


def _units(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    wide = vectors.astype(np.float32)
    _check(np.isfinite(wide).all(), "vectors", "must be finite numbers")
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide, dtype=np.float64))
    rule = f"must have length 1 within {UNIT_WITHIN}"
    _check((np.abs(lengths - 1) <= UNIT_WITHIN).all(), "vectors", rule)
    return wide


def _lexical(
    rest: _Rest, term_counts: NDArray[np.int64], gram_counts: NDArray[np.int64]
) -> LexicalPrints:
    """Read terms, counts and 3-grams; each three consecutive words are one 3-gram."""
    term_offsets, gram_offsets = (
        np.concatenate([np.zeros(1, np.int64), np.cumsum(each)])
        for each in (term_counts, gram_counts)
    )
    terms = rest.column("terms", "<u8", int(term_offsets[-1])).astype(np.uint64)
    counts = rest.column("counts", "<u2", len(terms)).astype(np.uint16)
    grams = rest.column("grams", "<u8", int(gram_offsets[-1])).astype(np.uint64)
    passage_of = np.repeat(np.arange(len(term_counts)), term_counts)
    rising = (terms[1:] > terms[:-1]) | (passage_of[1:] != passage_of[:-1])
    _check(rising.all(), "terms", "must be distinct and rise within a passage")
    _check((counts > 0).all(), "counts", "must be above 0")
    words = np.bincount(passage_of, weights=counts, minlength=len(term_counts)).astype(np.int64)
    expected = np.maximum(words - (_GRAM_WORDS - 1), 0)
    rule = "must be one for each three consecutive words of a passage"
    _check((gram_counts == expected).all(), "grams", rule)
    return LexicalPrints(term_offsets, terms, counts, gram_offsets, grams)
