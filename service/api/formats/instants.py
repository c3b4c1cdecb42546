"""Instants as other formats write them: seconds or nanoseconds since 1970, cut to microseconds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from service.api.json_body import OddNumber

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SECONDS = 10**11
_MOST_DIGITS = 40


def of_epoch_seconds(given: object) -> object:
    """Write seconds since 1970, a number with or without a fraction, as our own form does.

    What is no such number is returned as it is, so that it is refused where instants are read.
    """
    if isinstance(given, bool) or not isinstance(given, int | OddNumber):
        return given
    try:
        seconds = Decimal(given.text if isinstance(given, OddNumber) else given)
    except InvalidOperation:
        return given
    if not seconds.is_finite() or abs(seconds) > _MOST_SECONDS:
        return given
    return _written(int(seconds * 1_000_000))


def of_epoch_nanoseconds(given: int) -> object:
    """Write nanoseconds since 1970 as our own form does; 0 is no instant: None."""
    return _written(given // 1_000) if given else None


def _written(microseconds: int) -> object:
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return str(microseconds)[:_MOST_DIGITS]
