"""Cursor lists: ``?limit=&after=``, answered with data, has_more and next."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator

from service.ledger.errors import LedgerError

MAX_LIMIT = 100
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_Row = TypeVar("_Row")
_Item = TypeVar("_Item", bound=BaseModel)


def _digits(value: object) -> object:
    """Refuse what would be read as a number, but is not written in plain digits: 1.0, +1, 1_0."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number in plain digits")
    return value


_Whole = Annotated[int, BeforeValidator(_digits)]
Limit = Annotated[_Whole, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]
After = Annotated[
    str, Query(max_length=300, description="`next` of the list before; empty for the first.")
]
Number = Annotated[_Whole, Path(ge=1, le=2**63 - 1)]
"""An id in a path: 1 to 2^63 - 1."""


class BadCursor(LedgerError):
    """A cursor is not one that a list gave."""

    def __init__(self, after: str) -> None:
        super().__init__(f"{after[:40]!r} is not `next` of a list", after=after[:40])


class Page(BaseModel, Generic[_Item]):
    """One page of a list; pass ``next`` as ``after`` to go on."""

    data: list[_Item]
    has_more: bool
    next: str | None


def number_of(after: str) -> int:
    """Read a cursor that is a number, 0 where it is empty; raise BadCursor."""
    if after and not _NUMBER.fullmatch(after):
        raise BadCursor(after)
    return int(after or 0)


def page_of(
    rows: Sequence[_Row],
    limit: int,
    *,
    shown: Callable[[_Row], _Item],
    cursor: Callable[[_Row], object],
) -> Page[_Item]:
    """Make a page of rows that were asked for with one more than ``limit``."""
    kept = rows[:limit]
    has_more = len(rows) > limit
    return Page[_Item](
        data=[shown(row) for row in kept],
        has_more=has_more,
        next=str(cursor(kept[-1])) if has_more else None,
    )
