"""A report of sales as it is sent: one object, an array, or one object a line; item by item."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from service.api import json_body
from service.api.doors import FingerprintCheck
from service.api.formats.native import SaleDefaults, external_id_of, parse_sale
from service.ledger.errors import LedgerError
from service.ledger.sale_report import MAX_SALES, FieldError, ItemOutcome, Outcome, ReportedSale
from service.store.terms import Terms

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MEDIA_TYPES = (JSON, *NDJSON)
_STATED = SaleDefaults()
_Parse = Callable[[object, str], ReportedSale | tuple[FieldError, ...]]


class TooManySales(LedgerError):
    """A request holds more sales than one may."""

    def __init__(self) -> None:
        super().__init__(f"a request has at most {MAX_SALES} sales", limit=MAX_SALES)


@dataclass(frozen=True, slots=True)
class SalesRequest:
    """The items of one request in order: a sale, or the refusal of what was meant as one."""

    items: tuple[ReportedSale | ItemOutcome, ...]
    is_single: bool

    @property
    def reported(self) -> list[ReportedSale]:
        """The items that can be stored."""
        return [item for item in self.items if isinstance(item, ReportedSale)]

    def answered(self, outcomes: list[ItemOutcome]) -> list[ItemOutcome]:
        """Return the outcome of every item, given those of ``reported`` in their order."""
        stored = iter(outcomes)
        return [next(stored) if isinstance(i, ReportedSale) else i for i in self.items]


def read(
    kind: str, raw: bytes, *, terms: Terms, now: datetime, fingerprints: FingerprintCheck
) -> SalesRequest:
    """Read a body of one of MEDIA_TYPES; what is wrong with one item refuses that item only.

    Raises BadJson, TooManyValues or TooManySales where the whole body cannot be taken.
    """
    parse = partial(parse_sale, terms=terms, now=now, defaults=_STATED, fingerprints=fingerprints)
    if kind in NDJSON:
        return SalesRequest(tuple(_lines(raw, parse)), is_single=False)
    value = json_body.read(raw)
    if not isinstance(value, list):
        return SalesRequest((_item(value, "sale", parse),), is_single=True)
    if len(value) > MAX_SALES:
        raise TooManySales
    read_items = (_item(one, f"sales[{at}]", parse) for at, one in enumerate(value))
    return SalesRequest(tuple(read_items), is_single=False)


def _item(value: object, place: str, parse: _Parse) -> ReportedSale | ItemOutcome:
    sale = parse(value, place)
    if isinstance(sale, ReportedSale):
        return sale
    return ItemOutcome(external_id_of(value), Outcome.REJECTED, errors=sale)


def _lines(raw: bytes, parse: _Parse) -> Iterator[ReportedSale | ItemOutcome]:
    """Yield the items of NDJSON; empty lines are passed over but counted, lines count from 1."""
    count = 0
    for number, ended in enumerate(io.BytesIO(raw), start=1):
        line = ended.strip()
        if not line:
            continue
        count += 1
        if count > MAX_SALES:
            raise TooManySales
        place = f"line {number}"
        try:
            value = json_body.read(line, place=place)
        except (json_body.BadJson, json_body.TooManyValues) as error:
            where, rule = error.facts.get("place", place), error.facts.get("rule", error.sentence)
            refused = FieldError(str(where), str(rule))
            yield ItemOutcome(None, Outcome.REJECTED, errors=(refused,))
            continue
        yield _item(value, place, parse)
