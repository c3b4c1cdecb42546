"""A call that LiteLLM logged as a sale: from its StandardLoggingPayload to the client's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from wellspring_client import openai_response

TIER = "tier:"
REDACTED = "redacted-by-litellm"
"""What LiteLLM writes instead of a text that it was told not to log."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GENERATING = frozenset(
    f"{prefix}{call}"
    for call in ("completion", "text_completion", "responses", "anthropic_messages")
    for prefix in ("", "a")
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was sold; ``tier`` None where no tag says it. ``id``: LiteLLM's own of the call.

    sold_at: its start, which is the same however often a call is logged.
    """

    id: str | None
    tier: str | None
    output_tokens: int | None
    input_tokens: int | None
    text: str | None
    model: str | None
    sold_at: datetime | None


def call_of(payload: Mapping[str, object]) -> Call | None:
    """Read a payload; None where nothing was sold: the call failed or generated no tokens.

    An answer from LiteLLM's cache was sold as well. The model is the name that the vendor sells,
    its model group, where there is one.
    """
    tokens, asked = payload.get("completion_tokens"), payload.get("prompt_tokens")
    if payload.get("status") not in {None, "success"}:
        return None
    if payload.get("call_type") not in {None, *_GENERATING} and not tokens:
        return None
    name = payload.get("litellm_call_id") or payload.get("id")
    model = payload.get("model_group") or payload.get("model")
    return Call(
        id=name if isinstance(name, str) else None,
        tier=tier_of(payload.get("request_tags")),
        output_tokens=tokens if isinstance(tokens, int) else None,
        input_tokens=asked if isinstance(asked, int) else None,
        text=_text(payload.get("response")),
        model=model if isinstance(model, str) else None,
        sold_at=_instant(payload.get("startTime")),
    )


def tier_of(tags: object) -> str | None:
    """Return what the tag ``tier:NAME`` says; two tiers are given as they are, to be refused."""
    given = tags if isinstance(tags, Sequence) and not isinstance(tags, str) else ()
    found = {
        tag.strip()[len(TIER) :].strip().lower()
        for tag in given
        if isinstance(tag, str) and tag.strip().lower().startswith(TIER)
    }
    return " and ".join(sorted(found)) or None


def _text(response: object) -> str | None:
    if isinstance(response, str):
        text: str | None = response
    else:
        text = openai_response.generated(response).text
    return None if text is None or REDACTED in text.split("\n\n") else text


def _instant(seconds: object) -> datetime | None:
    """Read seconds since 1970, cut to microseconds as the server cuts them."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    return _EPOCH + timedelta(microseconds=int(Decimal(repr(seconds)) * 1_000_000))
