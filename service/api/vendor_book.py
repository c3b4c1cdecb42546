"""Test books: a vendor's own books for tests, whose clock it moves. Only test keys get in."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.asked_books import TestKeyNeeded, test_book_of
from service.api.body import StrictRoute
from service.api.dependencies import ReportingKey
from service.api.documented import problems
from service.api.doors import OpenBook
from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.store import periods, provoked, vendor_books
from service.store.database import unit_of_work
from service.store.mode import Mode
from service.store.provoked import TestWork
from service.store.text_rules import BadText
from service.store.vendor_books import VendorBook

router = APIRouter(tags=["test books"], route_class=StrictRoute)
_REFUSED = (401, 403)
_CHANGED = (*_REFUSED, 400, 409, 413, 415)


def book_asked_for(request: Request, _key: ReportingKey) -> OpenBook:
    """Return the test book of the key that is sent; raise KeyRefused, ScopeMissing, TestKeyNeeded.

    The scope to read is enough to look, changes take that to report sales.
    """
    book = test_book_of(request)
    if book is None:
        raise TestKeyNeeded
    return book


Book = Annotated[OpenBook, Depends(book_asked_for)]


class ClockOrder(BaseModel):
    """Where to move the clock: to an instant, or by some days and seconds; never back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"advance_by_days": 31}, {"advance_to": "2030-02-01T00:00:00Z"}]
        },
    )
    advance_to: AwareDatetime | None = None
    advance_by_days: int = Field(default=0, ge=0, le=3_660)
    advance_by_seconds: int = Field(default=0, ge=0, le=86_400)

    def target(self, now: datetime) -> datetime:
        """Return the instant meant; raise BadText where that is not one."""
        by = timedelta(days=self.advance_by_days, seconds=self.advance_by_seconds)
        if (self.advance_to is None) is not bool(by):
            raise BadText("advance_to", "or advance_by_days and advance_by_seconds: give one")
        return (now + by) if self.advance_to is None else self.advance_to.astimezone(UTC)


class CloseOrder(BaseModel):
    """Which month to close."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})
    period: str = Field(default="", description="YYYY-MM; empty: the newest that has ended.")


class TestMonth(BaseModel):
    """A month of the book: open, closing or closed."""

    period: str
    state: str


class BookClock(BaseModel):
    """The clock of a test book."""

    mode: Mode = Mode.TEST
    now: datetime = Field(description="What the book takes for now.")
    real_now: datetime
    ahead_seconds: int
    closes_until: str | None = Field(description="Months until this one are closed by themselves.")
    periods: list[TestMonth] = Field(description="Months that have met a sale, oldest first.")


class TestBook(BaseModel):
    """A test book: how full it is, and until when it is kept."""

    mode: Mode = Mode.TEST
    made_at: datetime = Field(description="After a reset, or where it was dropped, a new instant.")
    sales: int
    most_sales: int
    kept_until: datetime = Field(description="Each use moves it on; then the book is dropped.")
    clock: BookClock


class TestText(BaseModel):
    """A text of your own for the test book, so that sales that quote it find something."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"title": "Ode", "text": "The tide keeps no ledger, and yet it pays."}]
        },
    )
    title: str = Field(description="1 to 500 characters.")
    text: str = Field(max_length=200_000)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)


class TestWorkList(BaseModel):
    """The works of a test book: the sample's, which are fiction, and your own."""

    mode: Mode = Mode.TEST
    data: list[TestWork]


@router.get("/v1/test/book", summary="My test book", responses=problems(*_REFUSED))
def get_test_book(book: Book) -> TestBook:
    """Return how full the book is, what its clock shows, and until when it is kept."""
    return _shown(book, book.row)


@router.post("/v1/test/reset", summary="Empty my test book", responses=problems(*_CHANGED))
def reset_test_book(book: Book) -> TestBook:
    """Drop the book with all that is in it and make a new one, its clock showing the real time."""
    made = book.context.books.reset(book.row.vendor_id)
    return _shown(made, made.row)


@router.post(
    "/v1/test/terms", summary="Copy my terms into my test book", responses=problems(*_CHANGED)
)
def refresh_test_terms(book: Book) -> TestBook:
    """Copy contracts and rate cards that begin on days of which the book has none."""
    made = book.context.books.refresh(book.row.vendor_id)
    return _shown(made, made.row)


@router.get("/v1/test/clock", summary="Clock of my test book", responses=problems(*_REFUSED))
def get_test_clock(book: Book) -> BookClock:
    """Return what the book takes for now, and the state of its months."""
    return _clock(book, book.row)


@router.post(
    "/v1/test/clock", summary="Move the clock of my test book", responses=problems(*_CHANGED)
)
def move_test_clock(book: Book, order: Annotated[ClockOrder, Body()]) -> BookClock:
    """Move the clock forwards. Months that end thereby are closed as soon as their sales settled.

    It stays so: the clock goes on from there. A reset puts it back.
    """
    with unit_of_work(book.live.database) as session:
        real_now = book.live.clock()
        to = order.target(book.row.at(real_now))
        moved = vendor_books.advance(session, book.row.vendor_id, to, real_now=real_now)
    book.context.doorbell.ring()
    return _clock(book, moved)


@router.post(
    "/v1/test/close", summary="Close a month of my test book", responses=problems(*_CHANGED)
)
def close_test_month(book: Book, order: Annotated[CloseOrder | None, Body()] = None) -> BookClock:
    """Ask for all months until one that has ended to be closed; the worker does it."""
    now = book.row.at(book.live.clock())
    newest = Period.of(Period.of(now).start - timedelta(days=1))
    month = Period.parse(order.period) if order and order.period else newest
    if now < month.end:
        raise PeriodRunning(month)
    with unit_of_work(book.context.database) as session:
        if periods.state(session, month) == periods.CLOSED:
            raise PeriodClosed(month)
    with unit_of_work(book.live.database) as session:
        asked = vendor_books.close_until(session, book.row.vendor_id, month, now=book.live.clock())
    book.context.doorbell.ring()
    return _clock(book, asked)


@router.get("/v1/test/works", summary="Works of my test book", responses=problems(*_REFUSED))
def list_test_works(book: Book) -> TestWorkList:
    """List the works with their texts: what quotes them is attributed to them."""
    with unit_of_work(book.context.database) as session:
        return TestWorkList(data=provoked.works_of(session))


@router.post(
    "/v1/test/works",
    summary="Register a text in my test book",
    status_code=201,
    responses=problems(*_CHANGED),
)
def register_test_work(book: Book, order: Annotated[TestText, Body()]) -> TestWork:
    """Register a text that earns from now on, whole for one holder that is fiction."""
    now = book.context.clock()
    with unit_of_work(book.context.database) as session:
        made = provoked.register(session, order.title, order.text, order.language, now=now)
    book.context.doorbell.ring()
    return made


def _shown(book: OpenBook, row: VendorBook) -> TestBook:
    settings = book.context.settings
    with unit_of_work(book.context.database) as session:
        count = provoked.sales_count(session)
    return TestBook(
        made_at=row.made_at,
        sales=count,
        most_sales=settings.test_book_sales,
        kept_until=row.last_used_at + timedelta(days=settings.test_book_days),
        clock=_clock(book, row),
    )


def _clock(book: OpenBook, row: VendorBook) -> BookClock:
    real_now = book.live.clock()
    with unit_of_work(book.context.database) as session:
        met = periods.listing(session)
    return BookClock(
        now=row.at(real_now),
        real_now=real_now,
        ahead_seconds=row.offset // timedelta(seconds=1),
        closes_until=str(Period(row.close_until)) if row.close_until else None,
        periods=[TestMonth(period=str(month), state=state) for month, state, _ in met],
    )
