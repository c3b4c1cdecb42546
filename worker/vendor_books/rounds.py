"""Works through test books: one bounded step of one book at a time, and live work comes first."""

from datetime import timedelta

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.ledger.period import Period
from service.store import closing, periods, vendor_books, webhook_deliveries
from service.store.database import unit_of_work
from service.store.vendor_books import VendorBook
from worker import drain
from worker.outbox.courier import Courier
from worker.vendor_books.directory import BookDirectory
from worker.workplace import Workplace

RESTED = timedelta(milliseconds=200)
RESTED_WHILE_LIVE_WAITS = timedelta(seconds=30)
log = structlog.get_logger()


def step(live: Workplace, directory: BookDirectory) -> bool:
    """Work on the test book that waits longest, for one step; whether more may wait.

    While live rows wait, a book gets a step in half a minute at most.
    """
    is_busy = drain.waits(live)
    rested = RESTED_WHILE_LIVE_WAITS if is_busy else RESTED
    now = live.clock()
    with unit_of_work(live.database) as session:
        book = vendor_books.claim_next(session, now=now, rested=rested)
    if book is None:
        return False
    try:
        place = directory.place_of(book)
        more = work(place, close_until=book.close_until)
        _tell(place)
    except (SQLAlchemyError, psycopg.Error) as error:  # reset, dropped, or to be migrated yet
        log.info("test-book.passed-over", error=type(error).__name__)
        return False
    if not more:
        with unit_of_work(live.database) as session:
            vendor_books.drained(session, book, at=now)
    return more and not is_busy


def _tell(place: Workplace) -> None:
    """Send what is due to webhooks made with test keys, in a thread that ends when it is sent."""
    with unit_of_work(place.database) as session:
        is_due = webhook_deliveries.due(session, now=place.clock())
    if is_due:
        Courier(place).wake()


def work(place: Workplace, *, close_until: int) -> bool:
    """Do what waits in one test book, for a step; whether more may wait."""
    if drain.embed(place) or drain.attribute(place):
        return True
    settled = drain.settle(place)
    begun = _begin_next(place, close_until)
    return settled or begun or drain.waits(place)


def _begin_next(place: Workplace, close_until: int) -> bool:
    """Begin to close the oldest open month of those to be closed; whether there was one."""
    with unit_of_work(place.database) as session:
        due = next_to_close(
            [one for one, state, _ in periods.listing(session) if state == periods.OPEN],
            close_until,
        )
        if due is None or periods.closing(session) is not None:
            return False
        closing.begin(session, due, early=True, now=place.clock())
        return True


def next_to_close(open_periods: list[Period], close_until: int) -> Period | None:
    """Return the oldest open month up to one (YYYYMM), None where there is none."""
    due = [one for one in open_periods if one.number <= close_until]
    return min(due, default=None)


def drop_unused(directory: BookDirectory) -> list[VendorBook]:
    """Drop the test books that nobody used for long, where this process may."""
    return directory.drop_unused() if directory.server().may_make() else []
