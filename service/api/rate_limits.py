"""How often a key or a person may ask: counted in a window that moves, told in every answer."""

from datetime import datetime
from typing import Any

import structlog
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from service.ledger.errors import LedgerError
from service.settings import Settings

_SECONDS = 60
_STATE = "rate_limit_headers"
_log = structlog.get_logger("wellspring.api")


class RateExceeded(LedgerError):
    """A key or a person asks more often than the installation allows."""

    def __init__(self, limit: int, retry_after_seconds: int) -> None:
        super().__init__(
            f"more than {limit} requests in a minute: go on in {retry_after_seconds} seconds",
            limit=limit,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class RateLimits:
    """Counts requests by who asks; in this process, or in a Redis that all processes share.

    Where that Redis does not answer, requests are let through and it is logged: sales are worth
    more than their count.
    """

    def __init__(self, settings: Settings) -> None:
        """Count as the settings say; nothing where ``rate_limit_per_minute`` is 0."""
        self._limit = settings.rate_limit_per_minute
        if self._limit:
            url = settings.rate_limit_url
            shared: dict[str, Any] = {}
            if url:
                shared = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
            storage = storage_from_string(
                url.get_secret_value() if url else "memory://", wrap_exceptions=True, **shared
            )
            self._item = RateLimitItemPerMinute(self._limit)
            self._window = MovingWindowRateLimiter(storage)

    def count(self, request: Request, who: str, *, now: datetime) -> None:
        """Count a request of somebody like ``key 7``, once; raise RateExceeded past the limit.

        The answer tells the limit and what is left of it (draft-ietf-httpapi-ratelimit-headers-10).
        """
        if not self._limit or _STATE in request.scope["state"]:
            return
        try:
            is_within = self._window.hit(self._item, who)
            reset_at, left = self._window.get_window_stats(self._item, who)
        except StorageError as error:
            _log.warning("rate-limit.not-counted", error=type(error.storage_error).__name__)
            return
        seconds = min(max(1, round(reset_at - now.timestamp())), _SECONDS)
        request.scope["state"][_STATE] = [
            (b"ratelimit-policy", f'"requests";q={self._limit};w={_SECONDS}'.encode()),
            (b"ratelimit", f'"requests";r={max(left, 0)};t={seconds}'.encode()),
        ]
        if not is_within:
            raise RateExceeded(self._limit, seconds)


def headers_of(state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return the headers an answer carries, none where nothing was counted."""
    found: list[tuple[bytes, bytes]] = state.get(_STATE, [])
    return found
