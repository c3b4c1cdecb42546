"""Fingerprints as bytes, to be kept or sent instead of the text."""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING

from attribution.fingerprint_layout import (
    BrokenRule,
    FingerprintRefused,
    columns_of,
    fingerprint_of,
)

if TYPE_CHECKING:
    from attribution.encoder import Encoder
    from attribution.values import Fingerprint

MAGIC = b"WSFP"
FORMAT = 1
MAX_CONTENT_BYTES = 32 * 2**20
"""Content of a fingerprint, unpacked: a text of about 2 million characters."""
MAX_RATIO = 20
"""Bytes of content that one byte of the file may stand for."""
_OUTER = struct.Struct("<4sHI32s")
_LEVEL, _STORED = 6, 0


class NotAFingerprint(FingerprintRefused):
    """The bytes are something else."""

    def __init__(self) -> None:
        super().__init__("magic", f"the first bytes must be {MAGIC.decode()}")


class OtherFormat(FingerprintRefused):
    """The bytes are of a format that is not read here."""

    def __init__(self, found: int) -> None:
        super().__init__("format", f"must be {FORMAT}, is {found}")


class Truncated(FingerprintRefused):
    """The bytes end too early."""

    def __init__(self, rule: str) -> None:
        super().__init__("length", rule)


class Damaged(FingerprintRefused):
    """The bytes are not those that were written."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(place, rule)


class FingerprintTooLarge(FingerprintRefused):
    """More content than is taken, or more than so small a file may stand for."""

    def __init__(self, rule: str) -> None:
        super().__init__("content", rule)


class OtherMaker(FingerprintRefused):
    """A fingerprint of another version, which nothing here can be compared with."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__("version", f"must be {wanted}, is {found[:80]!r}")


def fingerprint_version(encoder: Encoder) -> str:
    """Name all that a fingerprint follows from: normaliser, cutter, words, encoder.

    It is how an engine version begins; the rest, training and method, decides on fingerprints
    and makes none, so that one stays good when the engine is trained anew.
    """
    return f"normalise_v1/cut_v1/terms_v1/{encoder.digest[:12]}"


def sealed(fingerprint: Fingerprint, version: str) -> bytes:
    """Write a fingerprint; the same one is the same bytes. ``version``: at most 255 bytes of UTF-8.

    Vectors are kept as float16, which is what encoders give: nothing is lost. Raises
    FingerprintTooLarge above MAX_CONTENT_BYTES.
    """
    content = columns_of(fingerprint, version)
    if len(content) > MAX_CONTENT_BYTES:
        raise FingerprintTooLarge(f"must not pass {MAX_CONTENT_BYTES} bytes, has {len(content)}")
    packed = zlib.compress(content, _LEVEL)
    if len(content) > MAX_RATIO * len(packed):  # the same sentence over and over
        packed = zlib.compress(content, _STORED)
    return _OUTER.pack(MAGIC, FORMAT, len(content), sha256(content).digest()) + packed


def opened(sealed_bytes: bytes) -> tuple[Fingerprint, str]:
    """Read what ``sealed`` wrote: a fingerprint that decides as the first one, and its version.

    Raises FingerprintRefused, with place and rule, for any other bytes; nothing else, and never
    more than MAX_CONTENT_BYTES of memory a fingerprint, whatever the bytes say.
    """
    return fingerprint_of(_content(sealed_bytes))


def opened_for(sealed_bytes: bytes, *, version: str, dimension: int) -> Fingerprint:
    """Do as ``opened``, and refuse what was not made by this version; raises FingerprintRefused."""
    fingerprint, made_by = opened(sealed_bytes)
    if made_by != version:
        raise OtherMaker(made_by, version)
    if fingerprint.vectors.shape[1] != dimension:
        rule = f"must have {dimension} numbers each, have {fingerprint.vectors.shape[1]}"
        raise BrokenRule("vectors", rule)
    return fingerprint


def content_hash(sealed_bytes: bytes) -> bytes:
    """Name the content of bytes that ``opened`` takes: 32 bytes, whatever compressed them."""
    return bytes(_OUTER.unpack_from(sealed_bytes)[3])


def _content(sealed_bytes: bytes) -> bytes:
    if not sealed_bytes.startswith(MAGIC):
        raise NotAFingerprint
    if len(sealed_bytes) < _OUTER.size:
        raise Truncated(f"must be more than {_OUTER.size} bytes, is {len(sealed_bytes)}")
    _, version, length, digest = _OUTER.unpack_from(sealed_bytes)
    packed = memoryview(sealed_bytes)[_OUTER.size :]
    if version != FORMAT:
        raise OtherFormat(version)
    if length > MAX_CONTENT_BYTES:
        raise FingerprintTooLarge(f"must not pass {MAX_CONTENT_BYTES} bytes, says {length}")
    if length > MAX_RATIO * len(packed):
        rule = f"must not pass {MAX_RATIO} times the {len(packed)} bytes it is packed in"
        raise FingerprintTooLarge(f"{rule}, says {length}")
    content = _unpacked(packed, length)
    if sha256(content).digest() != digest:
        raise Damaged("checksum", "must be the SHA-256 of the content")
    return content


def _unpacked(packed: memoryview, length: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, length + 1)
    except zlib.error:
        raise Damaged("content", "must be a zlib stream") from None
    if len(content) > length:
        raise FingerprintTooLarge(f"must have the {length} bytes it says, has more")
    if len(content) < length or not unpacking.eof:
        raise Truncated(f"the content must have the {length} bytes it says and end there")
    if unpacking.unused_data:
        raise Damaged("content", "nothing may follow it")
    return content
