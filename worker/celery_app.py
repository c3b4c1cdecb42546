"""Celery: tasks of one line that carry no facts, the doorbell, the tick and the embedded worker."""

import os
import warnings
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg
import structlog
from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_shutdown
from celery.worker import state
from sqlalchemy.exc import SQLAlchemyError

from service.api.logs import configure
from service.settings import Settings
from service.store import (
    account_letters,
    portal_sessions,
    vendor_books,
    webhook_deliveries,
)
from service.store.database import unit_of_work
from worker import console, drain
from worker.outbox import delivery, webhooks
from worker.outbox.account_letters import deliver_account_letters
from worker.outbox.courier import Courier
from worker.vendor_books import rounds
from worker.vendor_books.directory import BookDirectory
from worker.workplace import Workplace, open_workplace

TICK_SECONDS = 1.0
TIDY_SECONDS = 3_600
DELIVER_SECONDS = 60
RING_EXPIRES_SECONDS = 60
STOP_SECONDS = 60
BROKER_SECONDS = 10

log = structlog.get_logger()
_broker = Settings().broker_url
app = Celery("wellspring", broker="memory://localhost/" if _broker == "memory://" else _broker)
app.conf.update(
    task_ignore_result=True,
    task_default_queue="wellspring",
    task_publish_retry=False,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=3,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    # After a lost connection Celery would ask for another prefetch count and wait for the answer
    # for ever, should that connection be lost too: prefetch stays, no answer is awaited so long.
    worker_enable_prefetch_count_reduction=False,
    broker_transport_options={
        "polling_interval": 0.05,
        "read_timeout": BROKER_SECONDS,
        "write_timeout": BROKER_SECONDS,
    },
    beat_schedule={
        f"tick-{name}": {"task": name, "schedule": seconds, "options": {"expires": seconds}}
        for name, seconds in (
            *(("embed", 5), ("attribute", 5), ("settle", 5), ("notify", 5)),
            *(("console", 5), ("test-books", 5)),
            *(("deliver", DELIVER_SECONDS), ("tidy", TIDY_SECONDS)),
        )
    },
)

_place: dict[str, Workplace] = {}
_courier: dict[str, Courier] = {}
_books: dict[str, BookDirectory] = {}


def use(workplace: Workplace) -> None:
    """Let the tasks of this process work at one place."""
    _place["here"] = workplace
    _courier["here"] = Courier(workplace)
    _books["here"] = BookDirectory(workplace)


def place() -> Workplace:
    """Return this process's workplace; a worker started by Celery opens its own."""
    if "here" not in _place:
        use(open_workplace(Settings()))
    return _place["here"]


@app.task(name="embed")  # type: ignore[untyped-decorator]
def embed() -> None:
    """Embed works that wait. Rung by the doorbell and by the tick."""
    more = drain.embed(place())
    ring(embed if more else attribute)


@app.task(name="attribute")  # type: ignore[untyped-decorator]
def attribute() -> None:
    """Attribute sales that wait. Rung by the doorbell and by the tick."""
    again(attribute, more=drain.attribute(place()))


@app.task(name="settle")  # type: ignore[untyped-decorator]
def settle() -> None:
    """Settle what is attributed, close what closes, seal. Rung by the doorbell and by the tick."""
    again(settle, more=drain.settle(place()))


@app.task(name="console")  # type: ignore[untyped-decorator]
def do_jobs() -> None:
    """Do what operators asked for. Rung by the doorbell and by the tick."""
    again(do_jobs, more=console.work_off_next(place()))


@app.task(name="test-books")  # type: ignore[untyped-decorator]
def test_books() -> None:
    """Work on a vendor's test book that waits. Rung by the doorbell and by the tick."""
    again(test_books, more=rounds.step(place(), _books["here"]))


@app.task(name="deliver")  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver letters that are due. Rung by the tick: of accounts at once, others each minute."""
    deliver_account_letters(place().database, place().settings, clock=place().clock)
    again(deliver, more=delivery.deliver(place()))


@app.task(name="notify")  # type: ignore[untyped-decorator]
def notify() -> None:
    """Wake who delivers webhooks. Rung by the tick."""
    place()
    _courier["here"].wake()


@app.task(name="tidy")  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Delete texts, events and test books whose time has ended. Rung by the tick, once an hour."""
    drain.tidy(place())
    with unit_of_work(place().database) as session:
        portal_sessions.tidy(session, now=place().clock())
    webhooks.tidy(place())
    rounds.drop_unused(_books["here"])


@setup_logging.connect  # type: ignore[untyped-decorator]
def log_as_we_do(**_facts: object) -> None:
    """Keep Celery from setting up logging of its own; in our own process it is set up already."""
    if "here" not in _place:
        configure(Settings().log_level)


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def save_index(**_facts: object) -> None:
    """Save the index a worker has grown."""
    if "here" in _place:
        _courier["here"].stop()
        _books["here"].close()
        _place["here"].room.close()


def _account_letters_wait(workplace: Workplace) -> bool:
    with unit_of_work(workplace.database) as session:
        return account_letters.due(session, now=workplace.clock())


def _webhooks_wait(workplace: Workplace) -> bool:
    with unit_of_work(workplace.database) as session:
        return webhook_deliveries.due(session, now=workplace.clock())


def _test_books_wait(workplace: Workplace) -> bool:
    with unit_of_work(workplace.database) as session:
        return vendor_books.any_waiting(session)


def again(task: Any, *, more: bool) -> None:
    """Ring for the same work once more where some is left."""
    if more:
        ring(task)


def ring(*tasks: Any) -> None:
    """Send the rings; a broker that is down loses them and the tick makes up for it."""
    for task in tasks:
        try:
            task.apply_async(expires=RING_EXPIRES_SECONDS, retry=False)
        except Exception as error:  # noqa: BLE001 - any transport's error: rows wait, nothing is lost
            log.warning("doorbell.lost", task=task.name, error=type(error).__name__)


class CeleryDoorbell:
    """Rings workers from its own thread: a ring costs its caller nothing and never fails it."""

    def __init__(self) -> None:
        self._rung = Event()
        Thread(target=self._run, name="doorbell", daemon=True).start()

    def ring(self) -> None:
        """Ask for a ring; rings asked for meanwhile are one."""
        self._rung.set()

    def _run(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            ring(embed, attribute, settle, do_jobs, test_books)


class EmbeddedWorker:
    """A Celery worker and its tick in threads of this process, on ``memory://`` or any broker."""

    def __init__(self, workplace: Workplace) -> None:
        use(workplace)
        warnings.filterwarnings(
            "ignore", category=SecurityWarning
        )  # JSON only: no code is unpickled
        self._stopped = Event()
        self._worker = app.Worker(
            pool="threads",
            concurrency=2,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._threads = [
            Thread(target=self._worker.start, name="worker", daemon=True),
            Thread(target=self._tick, name="tick", daemon=True),
        ]

    def start(self) -> None:
        """Start working."""
        state.should_stop = None
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the running step.

        The worker's own thread does it: a connection to RabbitMQ hangs where two threads read it.
        """
        self._stopped.set()
        state.should_stop = os.EX_OK
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_SECONDS)

    def _tick(self) -> None:
        tidied = delivered = None
        while not self._stopped.wait(TICK_SECONDS):
            try:
                if drain.waits(place()):
                    ring(embed, attribute, settle)
                if console.waits(place().database):
                    ring(do_jobs)
                if _test_books_wait(place()):
                    ring(test_books)
                if _webhooks_wait(place()):
                    ring(notify)
                if tidied is None or monotonic() - tidied > TIDY_SECONDS:
                    tidied = monotonic()
                    ring(tidy)
                if _account_letters_wait(place()):
                    ring(deliver)
                if delivered is None or monotonic() - delivered > DELIVER_SECONDS:
                    delivered = monotonic()
                    ring(deliver)
            except (
                SQLAlchemyError,
                psycopg.Error,
            ) as error:  # the database is away: the next tick looks again
                log.warning("tick.failed", error=type(error).__name__)
