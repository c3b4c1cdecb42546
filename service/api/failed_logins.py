"""How often a login failed lately from one address: kept in this process only."""

from datetime import datetime, timedelta
from threading import Lock

from service.ledger.errors import LedgerError

MOST_FAILURES = 5
WINDOW = timedelta(minutes=15)
_MOST_KEYS = 10_000


class TooManyLogins(LedgerError):
    """A login failed too often from one address; it may be tried again later."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            f"too many failed logins: try again in {retry_after_seconds} seconds",
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class FailedLogins:
    """Counts failures by login and address; safe between threads, bounded in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures: dict[tuple[str, str], list[datetime]] = {}

    def check(self, login: str, address: str, *, now: datetime) -> None:
        """Raise TooManyLogins where the last MOST_FAILURES within WINDOW all failed."""
        with self._lock:
            recent = self._recent(_key(login, address), now)
            if len(recent) >= MOST_FAILURES:
                left = recent[-MOST_FAILURES] + WINDOW - now
                raise TooManyLogins(max(1, int(left.total_seconds())))

    def failed(self, login: str, address: str, *, now: datetime) -> None:
        """Remember one failure; the oldest key is forgotten where there are too many."""
        with self._lock:
            key = _key(login, address)
            recent = [*self._recent(key, now), now]
            self._failures.pop(key, None)
            self._failures[key] = recent[-MOST_FAILURES:]
            if len(self._failures) > _MOST_KEYS:
                del self._failures[next(iter(self._failures))]

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of a login from this address."""
        with self._lock:
            self._failures.pop(_key(login, address), None)

    def _recent(self, key: tuple[str, str], now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, []) if at > now - WINDOW]


def _key(login: str, address: str) -> tuple[str, str]:
    return login.strip().lower()[:200], address
