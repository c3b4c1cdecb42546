"""Which form a client takes (RFC 9110, 12.5.1) and whether it has it already (13.1.2)."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from service.ledger.errors import LedgerError

_MOST_RANGES = 50
_RANGE = re.compile(r"\s*([^\s;,/]+)/([^\s;,/]+)\s*((?:;[^,]*)?)", re.ASCII)
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.ASCII | re.IGNORECASE)


class NoFormTaken(LedgerError):
    """The client takes none of the media types there are."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"there is only {', '.join(offered)}: see the header Accept")


def preferred(accept: str, offered: Sequence[str]) -> str:
    """Return the offered media type that an Accept header likes best, of equals the first.

    An empty header takes anything. Raises NoFormTaken.
    """
    if not accept.strip():
        return offered[0]
    ranges = list(_ranges(accept))
    liked = [(_liking(ranges, one), one) for one in offered]
    best = max(quality for quality, _ in liked)
    if not best:
        raise NoFormTaken(offered)
    return next(one for quality, one in liked if quality == best)


def _ranges(accept: str) -> Iterator[tuple[str, Decimal]]:
    for part in accept.split(",")[:_MOST_RANGES]:
        found = _RANGE.fullmatch(part)
        if found:
            quality = _QUALITY.search(found[3])
            yield f"{found[1]}/{found[2]}".lower(), Decimal(quality[1] if quality else 1)


def _liking(ranges: Sequence[tuple[str, Decimal]], media_type: str) -> Decimal:
    """Return the quality of the most specific range that covers a media type, 0 for none."""
    kind = media_type.partition("/")[0]
    for wanted in (media_type, f"{kind}/*", "*/*"):
        qualities = [quality for name, quality in ranges if name == wanted]
        if qualities:
            return max(qualities)
    return Decimal(0)


def etag_of(content: bytes) -> str:
    """Return the strong entity tag of a representation."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def has_already(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names this entity; a weak tag names it as well."""
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return if_none_match.strip() == "*" or etag in tags
