"""LiteLLM's StandardLoggingPayload, as its logger ``generic_api`` posts it.

A payload is a sale where the call succeeded and generated tokens; one that was answered from the
cache was sold as well. Its id is ``litellm_call_id``, else ``id``, which providers may give twice.
The time of sale is ``startTime``: it is the same however often a call is logged. Costs are what the
vendor paid and are not looked at.
"""

from collections.abc import Mapping

from service.api.formats import instants, tags
from service.api.formats.messages import text_of_choices, text_of_messages
from service.api.formats.said import (
    NoSale,
    Said,
    SaidItem,
    Unreadable,
    is_one_of,
    shown_id,
    without_none,
)
from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import FieldError

REDACTED = "redacted-by-litellm"
"""What LiteLLM writes instead of a text that it was told not to log."""
_GENERATING = frozenset(
    f"{prefix}{call}"
    for call in ("completion", "text_completion", "responses", "anthropic_messages")
    for prefix in ("", "a")
)
_NAMES = {
    "id": "litellm_call_id",
    "tier": "request_tags",
    "output_tokens": "completion_tokens",
    "input_tokens": "prompt_tokens",
    "text": "response",
    "sold_at": "startTime",
}


def said_by(payload: object, place: str) -> SaidItem:
    """Read one payload; ``null`` is what is logged of a stream that still goes on."""
    if payload is None:
        return NoSale(place, None, "nothing was logged yet")
    if not isinstance(payload, dict):
        return Unreadable(None, (FieldError(place, "must be an object"),))
    given_id = payload.get("litellm_call_id") or payload.get("id")
    if reason := _no_sale(payload):
        return NoSale(place, shown_id(given_id), reason)
    given_tags = payload.get("request_tags")
    try:
        tier = tags.tier_of(given_tags if isinstance(given_tags, list) else ())
    except tags.TiersDiffer as error:
        errors = (FieldError(f"{place}.request_tags", str(error)),)
        return Unreadable(shown_id(given_id), errors)
    fields = {
        "id": given_id,
        "tier": tier,
        "output_tokens": payload.get("completion_tokens"),
        "input_tokens": payload.get("prompt_tokens"),
        "text": _text(payload.get("response")),
        "sold_at": instants.of_epoch_seconds(payload.get("startTime")),
        "model": payload.get("model_group") or payload.get("model") or None,
    }
    return Said(
        place,
        without_none(fields),
        SaleFormat.LITELLM,
        names=_NAMES,
        tier_is_tagged=tier is not None,
    )


def _no_sale(payload: Mapping[str, object]) -> str | None:
    if not is_one_of(payload.get("status"), {None, "success"}):
        return "the call failed: nothing was sold"
    call = payload.get("call_type")
    if not is_one_of(call, {None, *_GENERATING}) and not payload.get("completion_tokens"):
        return "the call generated no tokens"
    return None


def _text(response: object) -> str | None:
    """Return the text of a response: of chat, of plain completion, or of the Responses API."""
    text = _found(response)
    return None if text is None or REDACTED in text.split("\n\n") else text


def _found(response: object) -> str | None:
    if isinstance(response, str):
        return text_of_messages([response])
    if not isinstance(response, Mapping):
        return None
    choices, output = response.get("choices"), response.get("output")
    if isinstance(choices, list):
        return text_of_choices(choices)
    if isinstance(output, list):
        return text_of_messages(output)
    return text_of_messages([response])
