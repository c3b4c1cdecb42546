"""Events as OpenMeter takes them at ``/api/v1/events``: CloudEvents of any type that count tokens.

LiteLLM's logger ``openmeter`` posts ``completion_tokens``; OpenMeter's own examples post ``tokens``
with a ``type`` of ``output`` or ``input``. The id is ``source#id``. ``time`` is no part of what
makes a repeated event another one: LiteLLM writes it when it logs.
"""

from service.api.formats import cloudevents
from service.api.formats.said import NoSale, Said, SaidItem, Unreadable, shown_id, without_none
from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import FieldError

_COUNTS = ("output_tokens", "completion_tokens", "tokens")
_DIGITS = 16
_NOT_COMPARED = frozenset({"sold_at"})


def said_by(event: object, place: str) -> SaidItem:
    """Read one event."""
    if not isinstance(event, dict):
        return Unreadable(None, (FieldError(place, "must be an object"),))
    errors = cloudevents.envelope_errors(event, place)
    carried = event.get("data")
    if not errors and not isinstance(carried, dict):
        errors = (FieldError(f"{place}.data", "must be an object with model and tokens"),)
    if errors:
        return Unreadable(shown_id(event.get("id")), errors)
    assert isinstance(carried, dict)
    if "tokens" in carried and carried.get("type", "output") != "output":
        return NoSale(place, cloudevents.id_of(event), "only tokens of the type output are sold")
    count = next((name for name in _COUNTS if carried.get(name) is not None), _COUNTS[0])
    fields = {
        "id": cloudevents.id_of(event),
        "tier": carried.get("tier"),
        "output_tokens": _number(carried.get(count)),
        "text": carried.get("text"),
        "sold_at": event.get("time"),
        "model": carried.get("model"),
    }
    return Said(
        place,
        without_none(fields),
        SaleFormat.OPENMETER,
        names={"id": "id", "sold_at": "time", "output_tokens": f"data.{count}"},
        within="data.",
        uncompared=_NOT_COMPARED,
    )


def _number(given: object) -> object:
    """OpenMeter takes numbers as strings too."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= _DIGITS:
        return int(given)
    return given
