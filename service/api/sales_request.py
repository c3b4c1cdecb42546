"""A report of sales as it is sent: one item, several, or one a line; checked item by item."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from service.api import json_body
from service.api.formats.native import Checks, parse_said
from service.api.formats.said import Said, SaidItem, Unreadable, shown_id
from service.ledger.errors import LedgerError
from service.ledger.sale_report import MAX_SALES, FieldError, ItemOutcome, Outcome, ReportedSale

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_BETWEEN_OBJECTS = re.compile(rb"\}[ \t\r]*\n\s*\{")

SaidBy = Callable[[object, str], SaidItem]
"""Reads one item of a format, given its place."""


class TooManySales(LedgerError):
    """A request holds more sales than one may."""

    def __init__(self) -> None:
        super().__init__(f"a request has at most {MAX_SALES} sales", limit=MAX_SALES)


@dataclass(frozen=True, slots=True)
class SalesRequest:
    """The items of one request in order: a sale, or what became of one that cannot be stored."""

    items: tuple[ReportedSale | ItemOutcome, ...]
    is_single: bool = False

    @property
    def reported(self) -> list[ReportedSale]:
        """The items that can be stored."""
        return [item for item in self.items if isinstance(item, ReportedSale)]

    def answered(self, outcomes: list[ItemOutcome]) -> list[ItemOutcome]:
        """Return the outcome of every item, given those of ``reported`` in their order."""
        stored = iter(outcomes)
        return [next(stored) if isinstance(i, ReportedSale) else i for i in self.items]


@dataclass(frozen=True, slots=True)
class Checking:
    """What items of one vendor's report are checked against."""

    checks: Checks

    def item(self, said: SaidItem) -> ReportedSale | ItemOutcome:
        """Return an item as a sale, or what became of it."""
        if isinstance(said, Unreadable):
            return ItemOutcome(said.external_id, Outcome.REJECTED, errors=said.errors)
        if not isinstance(said, Said):
            reason = FieldError(said.place, said.rule)
            return ItemOutcome(said.external_id, Outcome.IGNORED, errors=(reason,))
        sale = parse_said(said, self.checks)
        if isinstance(sale, ReportedSale):
            return sale
        return ItemOutcome(shown_id(said.fields.get("id")), Outcome.REJECTED, errors=sale)


def of_json(raw: bytes, said_by: SaidBy, checking: Checking, *, name: str) -> SalesRequest:
    """Read one item, or an array of them; what is wrong with one refuses that item only.

    name: what places call an item, e.g. ``sale``. Raises BadJson, TooManyValues or TooManySales
    where the whole body cannot be taken.
    """
    value = json_body.read(raw)
    if not isinstance(value, list):
        return SalesRequest((checking.item(said_by(value, name)),), is_single=True)
    return of_array(value, said_by, checking, name=f"{name}s")


def of_array(value: object, said_by: SaidBy, checking: Checking, *, name: str) -> SalesRequest:
    """Read the items of an array; raise BadJson for what is none, TooManySales."""
    if not isinstance(value, list):
        raise json_body.BadJson("body", f"must be an array of {name}")
    if len(value) > MAX_SALES:
        raise TooManySales
    return of_items((said_by(one, f"{name}[{at}]") for at, one in enumerate(value)), checking)


def of_events(raw: bytes, said_by: SaidBy, checking: Checking, *, is_batch: bool) -> SalesRequest:
    """Read one event, or a batch of them, as the media type says."""
    value = json_body.read(raw)
    if is_batch:
        return of_array(value, said_by, checking, name="events")
    return SalesRequest((checking.item(said_by(value, "event")),), is_single=True)


def of_items(said: Iterable[SaidItem], checking: Checking) -> SalesRequest:
    """Check the items of a body that was read; raise TooManySales."""
    items: list[ReportedSale | ItemOutcome] = []
    for one in said:
        if len(items) == MAX_SALES:
            raise TooManySales
        items.append(checking.item(one))
    return SalesRequest(tuple(items))


def of_lines(raw: bytes, said_by: SaidBy, checking: Checking) -> SalesRequest:
    """Read NDJSON; empty lines are passed over but counted, lines count from 1."""
    return of_items(_lines(raw, said_by), checking)


def is_lines(raw: bytes) -> bool:
    """Whether a body is objects line by line: in one value no line break parts two of them."""
    return _BETWEEN_OBJECTS.search(raw) is not None


def _lines(raw: bytes, said_by: SaidBy) -> Iterator[SaidItem]:
    for number, ended in enumerate(io.BytesIO(raw), start=1):
        line = ended.strip()
        if not line:
            continue
        place = f"line {number}"
        try:
            value = json_body.read(line, place=place)
        except (json_body.BadJson, json_body.TooManyValues) as error:
            where, rule = error.facts.get("place", place), error.facts.get("rule", error.sentence)
            yield Unreadable(None, (FieldError(str(where), str(rule)),))
        else:
            yield said_by(value, place)
