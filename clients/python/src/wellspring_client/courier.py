"""The thread that sends in the background: when, how often, and until when."""

import logging
import threading
import time
from pathlib import Path

from wellspring_client.counters import Counters
from wellspring_client.sender import Sender
from wellspring_client.waiting import Waiting

SYNC_SECONDS = 1.0
ADOPT_SECONDS = 30.0
_AFTER_FAULT_SECONDS = 5.0

_log = logging.getLogger("wellspring_client")


class Courier:
    """Sends once a batch is full or the first of it has waited long enough.

    All waits are of the monotonic clock: a wall clock that jumps changes nothing here.
    """

    def __init__(
        self,
        waiting: Waiting,
        sender: Sender,
        counters: Counters,
        *,
        batch_size: int,
        interval_seconds: float,
    ) -> None:
        self._waiting = waiting
        self._sender = sender
        self._counters = counters
        self._batch_size = batch_size
        self._interval = interval_seconds
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._fresh = 0
        self._send_at: float | None = None
        self._not_before = 0.0
        self._adopt_at = 0.0
        self._hurries = False
        self._ends_at: float | None = None
        self._unsynced = threading.Event()
        self._is_over_now = threading.Event()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread unless it runs; raise RuntimeError where no thread can be started."""
        with self._changed:
            if self._ends_at is None and not self.is_running:
                self._thread = threading.Thread(target=self._run, name="wellspring", daemon=True)
                self._thread.start()
                if self._waiting.spool is not None and self._waiting.spool.syncs_later:
                    threading.Thread(target=self._sync, name="spool", daemon=True).start()

    def note(self) -> None:
        """Know that a sale was recorded."""
        self._unsynced.set()
        with self._changed:
            self._fresh += 1
            if self._send_at is None:
                self._send_at = time.monotonic() + self._interval
                self._changed.notify_all()
            elif self._fresh >= self._batch_size:
                self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Send now; return whether all that was recorded before is answered for good in time.

        Waits between failures are cut short once, but not one that the server asked for.
        """
        mark, until = self._waiting.mark(), time.monotonic() + seconds
        with self._changed:
            self._hurries = True
            self._not_before = min(self._not_before, time.monotonic() + self._sender.asked_seconds)
            self._changed.notify_all()
            while not self._waiting.is_past(mark):
                left = until - time.monotonic()
                if left <= 0 or self._sender.is_stopped or not self.is_running:
                    return False
                self._changed.wait(left)
        return True

    def resume(self, api_key: str | None) -> None:
        """Send again after the key was refused, with another key if one is given."""
        with self._changed:
            self._sender.api_key = api_key or self._sender.api_key
            self._sender.is_stopped = False
            self._hurries, self._not_before = True, 0.0
            self._changed.notify_all()

    def end(self, seconds: float) -> None:
        """Send what can be sent in so many seconds, then let go; nothing on disk is lost."""
        with self._changed:
            self._ends_at = time.monotonic() + seconds
            self._changed.notify_all()
            running = self._thread if self.is_running else None
        if running is None:
            self._let_go()
            return
        running.join(seconds + 0.2)
        if running.is_alive():
            self._waiting.leave()

    def _run(self) -> None:
        while self._rests_until_due():
            self._wait_after(self._step())
        self._let_go()

    def _sync(self) -> None:
        """Let the disk have what was written a second ago, also while a request is under way."""
        spool = self._waiting.spool
        assert spool is not None
        while self._unsynced.wait() and not self._is_over_now.wait(SYNC_SECONDS):
            self._unsynced.clear()
            try:
                spool.sync()
            except OSError as error:
                _log.error("the spool %s cannot be synced: %s", spool.folder, error.strerror)

    def _let_go(self) -> None:
        self._is_over_now.set()
        self._unsynced.set()
        self._waiting.release()
        self._sender.close()

    def _rests_until_due(self) -> bool:
        """Wait until there is something to send; keep the spool meanwhile. False: it is over."""
        while True:
            self._tend()
            with self._changed:
                now = time.monotonic()
                if self._ends_at is not None and self._is_over(now):
                    return False
                due = self._due_at()
                if due <= now:
                    self._fresh = 0
                    return True
                self._changed.wait(min(due - now, self._until_tended(now)))

    def _is_over(self, now: float) -> bool:
        assert self._ends_at is not None
        if self._sender.is_stopped or now >= self._ends_at or self._waiting.is_empty():
            return True
        return self._not_before >= self._ends_at

    def _due_at(self) -> float:
        never = float("inf")
        if self._sender.is_stopped or self._waiting.is_empty():
            self._hurries = False
            return never
        at_once = self._hurries or self._ends_at is not None
        if at_once or self._waiting.pending() >= self._batch_size or self._send_at is None:
            return self._not_before
        return max(self._send_at, self._not_before)

    def _until_tended(self, now: float) -> float:
        if self._waiting.spool is None:
            return ADOPT_SECONDS
        return max(self._adopt_at - now, 0.1)

    def _tend(self) -> None:
        """Look for what ended processes left."""
        spool = self._waiting.spool
        if spool is None:
            return
        try:
            if time.monotonic() >= self._adopt_at and self._ends_at is None:
                self._adopt_at = time.monotonic() + ADOPT_SECONDS
                self._counters.add(adopted=spool.adopt(note=_note))
        except OSError as error:
            _log.error("the spool %s cannot be kept: %s", spool.folder, error.strerror)

    def _step(self) -> float | None:
        try:
            return self._sender.step()
        except Exception:  # noqa: BLE001 - the thread goes on
            _log.exception("a batch could not be sent; it is kept and tried again")
            self._counters.last_error = "a fault of the client, see the log"
            return _AFTER_FAULT_SECONDS

    def _wait_after(self, seconds: float | None) -> None:
        with self._changed:
            now = time.monotonic()
            self._not_before = now + (seconds or 0.0)
            if seconds == 0.0:
                waits = self._waiting.pending() > 0
                self._send_at = now + self._interval if waits else None
            self._changed.notify_all()


def _note(path: Path) -> None:
    _log.info("segment %s of a process that ended is taken over", path.name)
