"""A sale as it is captured: fields by name to the JSON that is sent, the same at every retry."""

import json
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal

_RANDOM_BYTES = 10


class NotASale(ValueError):
    """What was given cannot be written as a sale; the rule says what would be right."""


def new_id() -> str:
    """Make an id: 12 hex digits of milliseconds, then 80 random bits; later ones sort later."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(_RANDOM_BYTES)}"


def now() -> datetime:
    """Return the instant of a capture."""
    return datetime.now(timezone.utc)


def body_of(fields: Mapping[str, object]) -> bytes:
    """Return the JSON of a sale in ASCII, without what is None; raise NotASale.

    A blank text is left out, as the server asks; a Decimal is written as a string of digits, an
    instant with its offset.
    """
    said = {name: _plain(name, given) for name, given in fields.items() if given is not None}
    text = said.get("text")
    if isinstance(text, str) and not text.strip():
        del said["text"]
    try:
        return json.dumps(said, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotASale(str(error)) from None


def _plain(name: str, given: object) -> object:
    if isinstance(given, Decimal):
        return format(given, "f")
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise NotASale(
                f"{name} must be an instant with offset, like datetime.now(timezone.utc)"
            )
        return given.isoformat()
    return given
