"""JSON read strictly: what is not exactly what it seems is refused, nothing is rounded.

Refused, though RFC 8259 leaves some of it open: NaN and Infinity, names given twice in one object,
bytes that are not UTF-8, nesting deeper than MAX_DEPTH, more than MAX_VALUES values. A number that
is not a whole one within 64 bits is kept as ``OddNumber``, which nothing takes for an int.
"""

import json
import re
from dataclasses import dataclass

from service.ledger.errors import LedgerError
from service.store.text_rules import BadText, check_text

MAX_DEPTH = 32
MAX_VALUES = 250_000
_MAX_DIGITS = 19
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_MAX_CHARS = 20_000_000


class BadJson(LedgerError):
    """A body is not the JSON that is taken; ``place`` says where."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


class TooManyValues(LedgerError):
    """A body holds more values than any request needs."""

    def __init__(self) -> None:
        super().__init__(f"the body holds more than {MAX_VALUES} values", limit=MAX_VALUES)


@dataclass(frozen=True, slots=True)
class OddNumber:
    """A number that is no whole number within 64 bits, as it was written (cut to 40 characters)."""

    text: str

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number, but too large."""
        return self.text.removeprefix("-").isdigit() and self.text != "-0"


def read(raw: bytes, *, place: str = "body") -> object:
    """Read one JSON value; raise BadJson or TooManyValues. Strings are not looked into."""
    text = decode(raw, place=place)
    _check_size(raw)
    try:
        value = json.loads(
            text,
            parse_float=_odd,
            parse_int=_whole,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        line = f"line {error.lineno} " if "\n" in text else ""
        raise BadJson(f"{place}, {line}column {error.colno}", error.msg) from None
    except _Refused as error:
        raise BadJson(place, str(error)) from None
    except RecursionError:
        raise BadJson(place, f"is nested deeper than {MAX_DEPTH} levels") from None
    _check_depth(value, place)
    return value


def _check_size(raw: bytes) -> None:
    """Raise TooManyValues before anything is built; linear in time and memory for any bytes."""
    bare, strings = _STRING.subn(b"", raw, count=2 * MAX_VALUES + 1)
    values = bare.count(b",") + bare.count(b"[") + bare.count(b"{")
    if strings > 2 * MAX_VALUES or values > MAX_VALUES:
        raise TooManyValues


def decode(raw: bytes, *, place: str) -> str:
    """Read UTF-8, with or without a byte order mark; raise BadJson naming the first bad byte."""
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadJson(f"{place}, byte {error.start}", "is not UTF-8") from None


def check_strings(value: object, *, place: str = "") -> None:
    """Raise BadText for the first string, or name, with a NUL or a lone surrogate."""
    waiting = [(value, place)]
    while waiting:
        one, at = waiting.pop()
        if isinstance(one, str):
            check_text(one, place=at or "body", max_chars=_MAX_CHARS, empty=True)
        elif isinstance(one, list):
            waiting.extend((each, f"{at}[{i}]") for i, each in enumerate(one))
        elif isinstance(one, dict):
            for name, each in one.items():
                inner = f"{at}.{printable(name)}" if at else printable(name)
                if printable(name) != name[:60] or "\0" in name:
                    raise BadText(inner, "the name has a character that cannot be kept")
                waiting.append((each, inner))


def printable(name: str, *, chars: int = 60) -> str:
    """Return a text as it can be shown in an answer: at most so long, lone surrogates escaped."""
    return name[:chars].encode(errors="backslashreplace").decode()


class _Refused(Exception):
    """Raised inside the standard library's reader, caught around it."""


def _odd(text: str) -> OddNumber:
    return OddNumber(text[:40])


def _whole(text: str) -> int | OddNumber:
    if len(text.removeprefix("-")) > _MAX_DIGITS or text == "-0":
        return OddNumber(text[:40])
    number = int(text)
    return number if -(2**63) <= number < 2**63 else OddNumber(text)


def _refuse_constant(text: str) -> object:
    raise _Refused(f"{text} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Refused(f"the name {printable(name)!r} is given twice in one object")
            seen.add(name)
    return value


def _check_depth(value: object, place: str) -> None:
    """Walk level by level; what is as deep as Python's own limit was refused before."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise BadJson(place, f"is nested deeper than {MAX_DEPTH} levels")


def _inside(value: object) -> list[object]:
    """Return the containers in a container."""
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, dict | list)]
    if isinstance(value, list):
        return [one for one in value if isinstance(one, dict | list)]
    return []
