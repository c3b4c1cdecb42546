"""The size of a protobuf message, before it is parsed: a few bytes can stand for much memory.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Mapping

from service.api.formats.span import MAX_DEPTH
from service.api.json_body import MAX_VALUES, BadJson, TooManyValues

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LEVELS = 4 + 3 * MAX_DEPTH
"""A request, its resources, scopes and spans; a value inside a value takes at most three."""

Shape = Mapping[int, "Shape"]
"""Fields of a message that hold messages, by number."""


def check(raw: bytes, shape: Shape) -> None:
    """Raise TooManyValues or BadJson; linear in time, and bounded by the count of fields taken.

    Every field is counted; only fields of ``shape`` are looked into.
    """
    waiting = [(0, len(raw), shape, 0)]
    count = 0
    while waiting:
        at, end, fields, level = waiting.pop()
        if level > _LEVELS:
            raise BadJson("body", f"is nested deeper than {MAX_DEPTH} values")
        while at < end:
            count += 1
            if count > MAX_VALUES:
                raise TooManyValues
            tag, at = _varint(raw, at, end)
            kind = tag & 7
            if kind == _LENGTH:
                length, at = _varint(raw, at, end)
                inside = fields.get(tag >> 3)
                if inside is not None:
                    waiting.append((at, min(at + length, end), inside, level + 1))
                at += length
            elif kind == _VARINT:
                _, at = _varint(raw, at, end)
            else:
                at += _FIXED.get(kind) or _broken()
        if at > end:
            _broken()


def _varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:  # noqa: PLR2004 - bits of the longest one
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at
        shift += 7
    return _broken(), at


def _broken() -> int:
    raise BadJson("body", "is no message in protobuf")
