"""Batches as objects line by line: JSON Lines, a JSON array or CSV; bad lines are errors."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.api import json_body
from service.api.json_body import BadJson, TooManyValues
from service.ledger.sale_report import FieldError

MAX_FIELD_CHARS = 6_000_000
csv.field_size_limit(MAX_FIELD_CHARS)  # of the process: the library knows no other way


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a batch as an object; ``place`` names it."""

    place: str
    value: Mapping[str, object]


def of_json_lines(raw: bytes) -> Iterator[Line | FieldError]:
    """Yield the objects of JSON Lines in UTF-8; blank lines are passed over."""
    for number, one in enumerate(raw.split(b"\n"), start=1):
        if one.strip():
            yield _json_line(f"line {number}", one)


def _json_line(place: str, raw: bytes) -> Line | FieldError:
    try:
        value = json_body.read(raw.rstrip(b"\r"), place=place)
    except (BadJson, TooManyValues) as error:
        return FieldError(place, str(error.facts.get("rule", error.sentence)))
    return of_value(place, value)


def of_value(place: str, value: object) -> Line | FieldError:
    """Return a value that was read already as a line."""
    if not isinstance(value, dict):
        return FieldError(place, "must be a JSON object")
    return Line(place, value)


def of_csv(raw: bytes, *, columns: Sequence[str]) -> Iterator[Line | FieldError]:
    """Yield the rows of CSV in UTF-8 by the names of its first row; empty fields are left out.

    Commas, or semicolons where the first row has no comma. A row is placed by the line it ends on.
    """
    try:
        text = json_body.decode(raw, place="file")
    except BadJson as error:
        yield FieldError(str(error.facts["place"]), str(error.facts["rule"]))
        return
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    try:
        for row in rows:
            place = f"line {rows.line_num}"
            if names is None:
                names = [one.strip().lower() for one in row]
                if errors := list(_wrong_names(names, columns)):
                    yield from errors
                    return
            elif row:
                yield _csv_line(place, names, row)
    except csv.Error as error:
        yield FieldError(f"line {rows.line_num}", str(error))


def _wrong_names(names: Sequence[str], columns: Sequence[str]) -> Iterator[FieldError]:
    for name in names:
        if name not in columns:
            shown = json_body.printable(name)
            yield FieldError("line 1", f"unknown column {shown!r}; known are {', '.join(columns)}")
        elif names.count(name) > 1:
            yield FieldError("line 1", f"column {name!r} is there twice")


def _csv_line(place: str, names: Sequence[str], row: Sequence[str]) -> Line | FieldError:
    if len(row) != len(names):
        return FieldError(place, f"has {len(row)} fields, the first row has {len(names)}")
    return Line(place, {name: one for name, one in zip(names, row, strict=True) if one.strip()})
