"""What one item of a report says, in the words of our own form, before any of it is checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from service.api import json_body
from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import FieldError

MAX_ID_CHARS = 200


@dataclass(frozen=True, slots=True)
class Said:
    """A sale as an item tells it. ``fields``: named as in our own form.

    names: what a field is called in the item, where it is not called so; ``within`` comes before
    all other names. tier_is_tagged: the tier was read from a tag. uncompared: fields that do not
    make a repeated report another one.
    """

    place: str
    fields: Mapping[str, object]
    format: SaleFormat = SaleFormat.NATIVE
    names: Mapping[str, str] = field(default_factory=dict)
    within: str = ""
    tier_is_tagged: bool = False
    uncompared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NoSale:
    """An item that tells of no sale; ``rule`` says why."""

    place: str
    external_id: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that cannot be read as one of its format."""

    external_id: str | None
    errors: tuple[FieldError, ...]


SaidItem = Said | NoSale | Unreadable


def shown_id(given: object) -> str | None:
    """Return an id as it can be answered with, whatever else is wrong with its item."""
    return json_body.printable(given, chars=MAX_ID_CHARS) if isinstance(given, str) else None


def without_none(fields: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is not given."""
    return {name: value for name, value in fields.items() if value is not None}


def is_one_of(value: object, known: Collection[object]) -> bool:
    """Whether a value of any JSON type is one of these; arrays and objects are none."""
    return not isinstance(value, list | dict) and value in known
