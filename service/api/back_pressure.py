"""Whether there is room for more sales: rows that wait to be settled, and disk.

That attribution is hours behind is no reason: what is reported is safe and waits its turn.
"""

import shutil
import time
from threading import Lock

from service.ledger.errors import LedgerError
from service.settings import Settings
from service.store import work_batches
from service.store.database import Database, unit_of_work

_LOOK_EVERY_SECONDS = 2.0
_MIB = 1 << 20


class NoRoom(LedgerError):
    """Sales are not taken now; nothing of the request was kept."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"no sales are taken now: {rule}; report the same again later", rule=rule)


class TooBusy(LedgerError):
    """As many requests are worked on as may be; nothing of this one was looked at."""

    def __init__(self) -> None:
        super().__init__("too many requests are being worked on: try again in a moment")


class Room:
    """Looks at the database and the disk once in two seconds, however many ask.

    Nobody waits for who looks: until then what was seen last is what is known.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        """Measure one installation by its settings."""
        self._database, self._settings = database, settings
        self._lock = Lock()
        self._looked_at, self._rule = float("-inf"), ""

    def check(self) -> None:
        """Raise NoRoom where too many sales wait by the settings, or the disk is nearly full."""
        if rule := self.lacking():
            raise NoRoom(rule)

    def lacking(self) -> str:
        """Say why no sales are taken now; empty where they are."""
        if time.monotonic() >= self._looked_at + _LOOK_EVERY_SECONDS:
            self._look()
        return self._rule

    def _look(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._rule = self._what_is_full()
            self._looked_at = time.monotonic()
        finally:
            self._lock.release()

    def _what_is_full(self) -> str:
        settings = self._settings
        if settings.home.exists():
            free = shutil.disk_usage(settings.home).free // _MIB
            if free < settings.least_free_disk_mib:
                return f"{free} MiB of disk are free, {settings.least_free_disk_mib} are kept"
        with unit_of_work(self._database) as session:
            waiting = work_batches.waiting(session)
        unsettled = waiting.to_attribute + waiting.to_settle
        if unsettled >= settings.most_unsettled_sales:
            return f"{unsettled} sales wait to be settled, {settings.most_unsettled_sales} may"
        return ""
