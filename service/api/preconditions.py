"""If-Match: what somebody changes is what they saw."""

import re
from typing import Annotated

from fastapi import Header

from service.ledger.errors import LedgerError
from service.store.text_rules import BadText

_SEEN = re.compile(r'"([0-9]{1,18})"', re.ASCII)

IfMatch = Annotated[str | None, Header(description='The ETag as you saw it, `"0"` for none.')]


class IfMatchMissing(LedgerError):
    """Something was to be changed without saying what was seen."""

    def __init__(self) -> None:
        rule = "send If-Match with the ETag of what you saw"
        super().__init__(rule, place="If-Match", rule=rule)


def etag(number: int) -> str:
    """Write the number of a version as an ETag."""
    return f'"{number}"'


def seen(if_match: str | None) -> int:
    """Return the number of the version that was seen; raise IfMatchMissing, BadText."""
    if if_match is None:
        raise IfMatchMissing
    found = _SEEN.fullmatch(if_match.strip())
    if not found:
        raise BadText("If-Match", 'must be an ETag that was given, like "12"')
    return int(found[1])
