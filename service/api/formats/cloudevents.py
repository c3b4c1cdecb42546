"""CloudEvents 1.0 in JSON: events of the type ``wellspring.sale.v1`` carry a sale as ``data``.

The sale's id is ``data.id``; without one it is ``source#id`` of the event, which the standard says
are unique together. Its time is ``data.sold_at``, else the event's ``time``.
"""

from collections.abc import Mapping

from service.api.formats.said import (
    MAX_ID_CHARS,
    NoSale,
    Said,
    SaidItem,
    Unreadable,
    shown_id,
    without_none,
)
from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import FieldError

TYPE = "wellspring.sale.v1"
_REQUIRED = ("id", "source", "type")


def said_by(event: object, place: str) -> SaidItem:
    """Read one event."""
    if not isinstance(event, dict):
        return Unreadable(None, (FieldError(place, "must be an object"),))
    errors = envelope_errors(event, place)
    kind, carried = event.get("type"), event.get("data")
    if not errors and kind != TYPE:
        return NoSale(place, shown_id(event["id"]), f"events of sales have the type {TYPE}")
    if not errors and not isinstance(carried, dict):
        errors = (FieldError(f"{place}.data", "must be an object, the sale"),)
    if errors:
        return Unreadable(shown_id(event.get("id")), errors)
    assert isinstance(carried, dict)
    fields = without_none(carried)
    names: dict[str, str] = {}
    if "id" not in fields:
        fields["id"], names["id"] = id_of(event), "id"
    if "sold_at" not in fields and event.get("time") is not None:
        fields["sold_at"], names["sold_at"] = event["time"], "time"
    return Said(place, fields, SaleFormat.CLOUDEVENTS, names=names, within="data.")


def envelope_errors(event: Mapping[str, object], place: str) -> tuple[FieldError, ...]:
    """Say what is wrong with the attributes of an event, whatever it carries."""
    errors = [
        FieldError(f"{place}.{name}", "must be a string that is not empty")
        for name in _REQUIRED
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion") != "1.0":
        errors.append(FieldError(f"{place}.specversion", 'must be "1.0"'))
    if "data_base64" in event:
        errors.append(FieldError(f"{place}.data_base64", "is not taken: send JSON as data"))
    kind = event.get("datacontenttype")
    if kind is not None and not _is_json(kind):
        errors.append(FieldError(f"{place}.datacontenttype", "must be application/json"))
    if not errors and len(id_of(event)) > MAX_ID_CHARS and not _has_own_id(event):
        rule = f"source and id must have at most {MAX_ID_CHARS - 1} characters together"
        errors.append(FieldError(f"{place}.id", rule))
    return tuple(errors)


def id_of(event: Mapping[str, object]) -> str:
    """Return what an event is known by: its source and its id."""
    return f"{event['source']}#{event['id']}"


def _has_own_id(event: Mapping[str, object]) -> bool:
    carried = event.get("data")
    return isinstance(carried, dict) and carried.get("id") is not None


def _is_json(kind: object) -> bool:
    named = kind.partition(";")[0].strip().lower() if isinstance(kind, str) else ""
    return named == "application/json" or named.endswith("+json")
