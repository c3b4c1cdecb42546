"""The courier of a process: delivers webhooks in a thread of its own, until nothing is due.

A task that waited for somebody's server would keep sales waiting: it only wakes the courier.
"""

import asyncio
from threading import Event, Lock, Thread

import structlog

from service.ledger.errors import LedgerError
from service.store import webhook_deliveries
from service.store.database import unit_of_work
from worker.outbox.webhooks import DATABASE_AWAY, deliver, post_of
from worker.workplace import Workplace

STOP_SECONDS = 20.0
log = structlog.get_logger()


class Courier:
    """Delivers what is due at one place; woken as often as anybody likes."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._lock = Lock()
        self._stopped = Event()
        self._thread: Thread | None = None
        self._is_woken = False
        self._complained = ""

    def wake(self) -> None:
        """Deliver what is due, now or right after what is under way; returns at once."""
        with self._lock:
            self._is_woken = True
            if self._thread is None and not self._stopped.is_set():
                self._thread = Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait until nothing is under way any more."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def stop(self) -> None:
        """Take nothing more, and wait for what is under way as long as one try may last."""
        self._stopped.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while self._goes_on():
            try:
                self._deliver()
            except LedgerError as error:
                self._complain(error.sentence)
            except DATABASE_AWAY as error:  # the next tick wakes again
                log.warning("courier.failed", error=type(error).__name__)
            except Exception:  # a thread that ended unseen would never be woken again
                log.exception("courier.failed")

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._is_woken or self._stopped.is_set():
                self._thread = None
                return False
            self._is_woken = False
            return True

    def _deliver(self) -> None:
        database, clock = self._place.database, self._place.clock
        with unit_of_work(database) as session:
            if not webhook_deliveries.due(session, now=clock()):
                return
        post = post_of(self._place.settings)
        asyncio.run(deliver(database, post, clock=clock, is_stopped=self._stopped.is_set))

    def _complain(self, sentence: str) -> None:
        """Say once what keeps everything waiting, not at every tick."""
        if sentence != self._complained:
            log.warning("courier.unset", sentence=sentence)
            self._complained = sentence
