"""Which test books exist, by vendor: rows of the live database, and nothing of what is in them.

Instants here are real ones; the clock of a book runs ahead of them by its offset.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period

MOST_AHEAD = timedelta(days=3_660)
"""How far the clock of a test book may run ahead in all."""
_USE_NOTED_EVERY = timedelta(seconds=10)
_LOOKED_AT_FOR = timedelta(minutes=2)
"""How long after its last use a book is looked at, so that a lost ring costs no more than that."""
_MAKING = 7_900_001


class NoTestBook(LedgerError):
    """A vendor has no test book."""

    def __init__(self, vendor_id: int) -> None:
        super().__init__(f"vendor {vendor_id} has no test book", vendor_id=vendor_id)


class ClockBackwards(LedgerError):
    """The clock of a test book was to be set back."""

    def __init__(self, now: datetime) -> None:
        super().__init__(f"the clock of a test book only goes forwards; it is {now.isoformat()}")


class ClockTooFar(LedgerError):
    """The clock of a test book was to run further ahead than it may."""

    def __init__(self) -> None:
        super().__init__(f"the clock of a test book runs at most {MOST_AHEAD.days} days ahead")


class NoRightToMake(LedgerError):
    """The role that owns the database may not make further ones."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"test books are databases of their own: let an administrator of the database server "
            f'say ALTER ROLE "{role}" CREATEDB, then try again',
            role=role,
        )


class NoTestMode(LedgerError):
    """This installation has no test books."""

    def __init__(self) -> None:
        super().__init__("this installation has no test mode (WELLSPRING_TEST_MODE)")


class TestBookFull(LedgerError):
    """A test book has as many sales as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"a test book takes {most} sales: empty it with POST /v1/test/reset", most=most
        )


@dataclass(frozen=True, slots=True)
class VendorBook:
    """A test book. book_vendor_id: the vendor's number in it; close_until: YYYYMM to be closed."""

    vendor_id: int
    database_name: str
    book_vendor_id: int
    offset: timedelta
    close_until: int
    made_at: datetime
    last_used_at: datetime

    def at(self, real_now: datetime) -> datetime:
        """Return the instant that the book's clock shows."""
        return real_now + self.offset


_MAY_WAIT = "(drained_at IS NULL OR drained_at < last_used_at + :looked)"
_COLUMNS = (
    "vendor_id, database_name, book_vendor_id, offset_seconds, close_until, made_at, last_used_at"
)


def of_vendor(session: Session, vendor_id: int, *, lock: bool = False) -> VendorBook | None:
    """Return the test book of a vendor, if it has one."""
    query = f"SELECT {_COLUMNS} FROM test_book WHERE vendor_id = :vendor"  # noqa: S608 - our columns
    found = session.execute(text(query + " FOR UPDATE" * lock), {"vendor": vendor_id})
    row = found.mappings().first()
    return _book(row) if row else None


def listing(session: Session) -> list[VendorBook]:
    """List all test books in order of their vendors."""
    query = f"SELECT {_COLUMNS} FROM test_book ORDER BY vendor_id"  # noqa: S608 - our columns
    return [_book(row) for row in session.execute(text(query)).mappings()]


def wait_for_makers(session: Session) -> None:
    """Be the only one who makes or drops test books until the transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING})


def put(
    session: Session, vendor_id: int, database_name: str, book_vendor_id: int, *, now: datetime
) -> VendorBook:
    """Keep that a vendor's test book is this database from now on, its clock being the real one."""
    session.execute(
        text(
            "INSERT INTO test_book (vendor_id, database_name, book_vendor_id, made_at, "
            "last_used_at) VALUES (:vendor, :name, :in_book, :now, :now) "
            "ON CONFLICT (vendor_id) DO UPDATE SET database_name = excluded.database_name, "
            "book_vendor_id = excluded.book_vendor_id, offset_seconds = 0, close_until = 0, "
            "made_at = excluded.made_at, last_used_at = excluded.last_used_at, "
            "worked_at = NULL, drained_at = NULL"
        ),
        {"vendor": vendor_id, "name": database_name, "in_book": book_vendor_id, "now": now},
    )
    made = of_vendor(session, vendor_id)
    assert made is not None
    return made


def forget(session: Session, vendor_id: int) -> None:
    """Keep no more that a vendor has a test book."""
    session.execute(text("DELETE FROM test_book WHERE vendor_id = :id"), {"id": vendor_id})


def used(session: Session, book: VendorBook, *, now: datetime) -> None:
    """Note that a book is used, once in ten seconds at most: for a while it is looked at."""
    if book.last_used_at + _USE_NOTED_EVERY <= now:
        rung(session, book.vendor_id, now=now)


def rung(session: Session, vendor_id: int, *, now: datetime) -> None:
    """Note that rows of a book may wait for a worker."""
    session.execute(
        text(
            "UPDATE test_book SET last_used_at = greatest(last_used_at, :now) WHERE vendor_id = :v"
        ),
        {"now": now, "v": vendor_id},
    )


def advance(session: Session, vendor_id: int, to: datetime, *, real_now: datetime) -> VendorBook:
    """Move the clock of a book forwards to an instant; months that end so are to be closed.

    Raises NoTestBook, ClockBackwards, ClockTooFar.
    """
    book = _locked(session, vendor_id)
    before = book.at(real_now)
    if to < before:
        raise ClockBackwards(before)
    offset = book.offset + (to - before)
    if offset > MOST_AHEAD:
        raise ClockTooFar
    until = book.close_until
    if Period.of(to) > Period.of(before):
        ended = Period.of(Period.of(to).start - timedelta(days=1))
        until = max(until, ended.number)
    session.execute(
        text(
            "UPDATE test_book SET offset_seconds = :seconds, close_until = :until, "
            "last_used_at = greatest(last_used_at, :now) WHERE vendor_id = :vendor"
        ),
        {
            "seconds": -(-offset // timedelta(seconds=1)),
            "until": until,
            "now": real_now,
            "vendor": vendor_id,
        },
    )
    return _locked(session, vendor_id)


def close_until(session: Session, vendor_id: int, period: Period, *, now: datetime) -> VendorBook:
    """Ask for all months of a book until this one to be closed; raise NoTestBook."""
    _locked(session, vendor_id)
    session.execute(
        text(
            "UPDATE test_book SET close_until = greatest(close_until, :p), "
            "last_used_at = greatest(last_used_at, :now) WHERE vendor_id = :v"
        ),
        {"p": period.number, "now": now, "v": vendor_id},
    )
    return _locked(session, vendor_id)


def any_waiting(session: Session) -> bool:
    """Whether a test book may have work for a worker."""
    query = f"SELECT EXISTS (SELECT 1 FROM test_book WHERE {_MAY_WAIT})"  # noqa: S608 - our words
    return bool(session.execute(text(query), {"looked": _LOOKED_AT_FOR}).scalar_one())


def claim_next(session: Session, *, now: datetime, rested: timedelta) -> VendorBook | None:
    """Return the book that waits longest for a worker of those that may have work, if any.

    A book is looked at until it was found drained two minutes after its last use. rested: how long
    ago a book must have been worked on.
    """
    query = (
        "UPDATE test_book SET worked_at = :now WHERE vendor_id = (SELECT vendor_id "  # noqa: S608
        f"FROM test_book WHERE {_MAY_WAIT} AND (worked_at IS NULL OR worked_at <= :before) "
        "ORDER BY worked_at NULLS FIRST, vendor_id LIMIT 1 FOR UPDATE SKIP LOCKED) "
        f"RETURNING {_COLUMNS}"
    )
    row = session.execute(
        text(query), {"now": now, "before": now - rested, "looked": _LOOKED_AT_FOR}
    )
    found = row.mappings().first()
    return _book(found) if found else None


def drained(session: Session, book: VendorBook, *, at: datetime) -> None:
    """Note that nothing waited in a book at an instant, before which it was looked at."""
    session.execute(
        text(
            "UPDATE test_book SET drained_at = :at "
            "WHERE vendor_id = :vendor AND database_name = :name"
        ),
        {"at": at, "vendor": book.vendor_id, "name": book.database_name},
    )


def unused_since(session: Session, instant: datetime) -> list[VendorBook]:
    """List the books that nobody used since."""
    query = f"SELECT {_COLUMNS} FROM test_book WHERE last_used_at < :at"  # noqa: S608 - our columns
    return [_book(row) for row in session.execute(text(query), {"at": instant}).mappings()]


def _locked(session: Session, vendor_id: int) -> VendorBook:
    found = of_vendor(session, vendor_id, lock=True)
    if found is None:
        raise NoTestBook(vendor_id)
    return found


def _book(row: RowMapping) -> VendorBook:
    return VendorBook(
        row["vendor_id"],
        row["database_name"],
        row["book_vendor_id"],
        timedelta(seconds=row["offset_seconds"]),
        row["close_until"],
        row["made_at"],
        row["last_used_at"],
    )
