"""How a table fits a line of given width: its columns, the size of its type, words that break.

Numbers are never broken, so their columns are as wide as their longest; text shares what is left.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from service.documents.statement_tables import Table

MAY_BREAK = "\u200b"
"""Where a line may break; nothing is seen of it."""

_LONGEST_WORD = 16
_TEXT_SIGNS = 16
"""What a column of text holds at least, and so the longest piece of a word that is not broken."""

_HEADING_LINES = 3
_SIGN_EM, _BOLD_SIGN_EM = 0.5, 0.6
_GUTTER, _LARGEST, _SMALLEST = 8.0, 8.0, 3.5
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Fit:
    """Size of type and widths of columns in points; a width of 0 takes a part of what is left."""

    size: float
    widths: tuple[float, ...]


def fitted(table: Table, *, width: float) -> Fit:
    """Fit a table into a line: in the usual size if that holds, else in the largest that does."""
    ems = [
        0.0 if column.style == "" else max(_ems(table, at))
        for at, column in enumerate(table.columns)
    ]
    text = sum(1 for one in ems if not one) * _TEXT_SIGNS * _SIGN_EM
    room = width - _GUTTER * (len(ems) - 1)
    size = max(min(_LARGEST, room / (sum(ems) + text)), _SMALLEST)
    return Fit(round(size, 2), tuple(round(one * size, 2) for one in ems))


def _ems(table: Table, at: int) -> Iterator[float]:
    """Yield how wide a column's cells are, its heading in about three lines, and its total."""
    heading = table.columns[at].name
    longest = max(len(word) for word in heading.split())
    yield max(longest, -(-len(heading) // _HEADING_LINES)) * _BOLD_SIGN_EM
    yield from (len(row[at]) * _SIGN_EM for row in table.rows)
    if at == len(table.columns) - 1:
        yield len(table.total) * _BOLD_SIGN_EM


def breakable(text: str) -> str:
    """Let a word that is longer than any column be broken; nothing is added that is seen."""
    if len(text) <= _LONGEST_WORD:
        return text
    return _LONG_WORD.sub(lambda found: _broken(found[0]), text)


def _broken(word: str) -> str:
    pieces, since = list[str](), 0
    for at, sign in enumerate(word):
        goes_on = unicodedata.category(sign).startswith("M") or sign in _JOINERS
        if since >= _LONGEST_WORD and not goes_on and word[at - 1] not in _JOINERS:
            pieces.append(MAY_BREAK)
            since = 0
        pieces.append(sign)
        since += 1
    return "".join(pieces)
