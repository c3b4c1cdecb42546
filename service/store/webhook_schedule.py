"""What comes of a try to deliver: taken, tried again and when, given up, the endpoint disabled.

The waits are those that Standard Webhooks recommends, ten tries over three days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.store.webhooks import Cause

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Between a try and the next; after as many there is one last try."""
MOST_TRIES = len(WAITS) + 1
MOST_SPREAD_PPM = 200_000
"""By how much a wait may be longer, so that many that failed at once do not come back at once."""
MOST_WAIT = timedelta(days=1)
DISABLE_AFTER = timedelta(days=5)
"""An endpoint that has taken nothing for so long is disabled."""
LEAST_TRIES = 5
"""Only a delivery that was tried so often disables: a first failure after weeks of silence is one,
and not weeks of them."""
SLOW_AFTER = timedelta(seconds=3)
_REST = timedelta(minutes=1)
_GONE, _TOO_MANY = 410, 429
_OVERLOADED = frozenset((_TOO_MANY, 502, 503, 504))


class Result(StrEnum):
    """What becomes of a delivery."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. status: of HTTP, None where no answer came. text: its beginning."""

    status: int | None
    text: str
    took: timedelta
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP: 2xx

    @property
    def is_slow(self) -> bool:
        """Whether the next one had better not be in a hurry."""
        return not self.is_taken or self.took > SLOW_AFTER


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery and its endpoint.

    disabled, reason: why the endpoint is, None where it is not. rests_until: nothing is sent to it
    before.
    """

    result: Result
    next_try_at: datetime
    failing_since: datetime | None
    rests_until: datetime | None = None
    disabled: Cause | None = None
    reason: str = ""


def judge(
    answer: Answer, *, tries: int, failing_since: datetime | None, spread_ppm: int, now: datetime
) -> Verdict:
    """Decide about a delivery after its n-th try since it was made or replayed.

    failing_since: when the endpoint began to take nothing. spread_ppm: by how much the wait is
    longer, 0 to 200,000.
    """
    if answer.is_taken:
        return Verdict(Result.DELIVERED, now, None)
    since = failing_since or now
    if answer.status == _GONE:
        told = "it answered 410 Gone"
        return Verdict(Result.DROPPED, now, since, disabled=Cause.GONE, reason=told)
    if now - since >= DISABLE_AFTER and tries >= LEAST_TRIES:
        told = f"it took nothing since {since:%Y-%m-%d %H:%M} UTC"
        return Verdict(Result.DROPPED, now, since, disabled=Cause.FAILING, reason=told)
    rests = _rest(answer, now=now)
    if tries >= MOST_TRIES:
        return Verdict(Result.FAILED, now, since, rests)
    wait = WAITS[max(tries, 1) - 1]
    later = now + wait + wait * spread_ppm // 1_000_000
    return Verdict(Result.WAITING, max(later, rests or later), since, rests)


def _rest(answer: Answer, *, now: datetime) -> datetime | None:
    """Return until when an endpoint that is overloaded, or says so, is left alone."""
    if answer.status not in _OVERLOADED:
        return None
    return now + min(answer.retry_after or _REST, MOST_WAIT)
