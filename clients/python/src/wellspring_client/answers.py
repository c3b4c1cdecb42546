"""What an answer of the server means for the sales that were sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

STORED = ("created", "duplicate")
_ANSWERED = 200
_WAIT_AND_RETRY = (408, 425, 429)
_OWN_FAULT = 500
_TOO_MUCH = (400, 413, 422)
_KEY_REFUSED = (401, 403)
_MOST_WAIT_SECONDS = 3_600.0
_ODD_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What became of one sale. ``errors``: of a refused one, as the server said them."""

    outcome: str
    errors: tuple[Mapping[str, object], ...] = ()

    @property
    def is_stored(self) -> bool:
        """Whether the server has the sale."""
        return self.outcome in STORED


@dataclass(frozen=True, slots=True)
class Answered:
    """Every sale of the request was answered, in its order."""

    items: tuple[ItemAnswer, ...]


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing is known of the request: send it again, not before ``wait_seconds`` if given."""

    reason: str
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TryLess:
    """The request as a whole was refused: send fewer at once; a single one is set aside."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing is to be sent before somebody looks: the key is refused."""

    reason: str


Verdict = Answered | TryAgain | TryLess | Stop


def judge(status: int, headers: Mapping[str, str], content: bytes, *, sent: int) -> Verdict:
    """Say what an answer to a request of ``sent`` sales means."""
    reason = _reason(status, content)
    if status == _ANSWERED:
        items = _items(content, sent)
        if items is None:
            return TryAgain("an answer of 200 that is no answer to a report of sales")
        return Answered(items)
    if status in _KEY_REFUSED:
        return Stop(reason)
    if status in _TOO_MUCH:
        return TryLess(reason)
    wait = _retry_after(headers)
    if status in _WAIT_AND_RETRY or status >= _OWN_FAULT:
        return TryAgain(reason, wait)
    return TryAgain(reason, max(wait or 0.0, _ODD_WAIT_SECONDS))


def _reason(status: int, content: bytes) -> str:
    """Return status, code and detail of a problem (RFC 9457), as far as it is one."""
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return str(status)
    said = (str(problem[name])[:300] for name in ("code", "detail") if problem.get(name))
    return ": ".join([str(status), *said])


def _items(content: bytes, sent: int) -> tuple[ItemAnswer, ...] | None:
    try:
        answered = json.loads(content)["items"]
        items = tuple(
            ItemAnswer(str(item["outcome"]), tuple(item.get("errors") or ())) for item in answered
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return items if len(items) == sent else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the header asks to wait; a day is read by the answer's own Date."""
    said = headers.get("retry-after", "").strip()
    if said.isdigit():
        return min(float(said), _MOST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(said)
        now = headers.get("date")
        since = parsedate_to_datetime(now) if now else datetime.now(timezone.utc)
        return min(max((until - since).total_seconds(), 0.0), _MOST_WAIT_SECONDS)
    except (ValueError, TypeError):
        return None
