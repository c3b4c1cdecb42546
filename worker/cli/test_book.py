"""Commands of test books: list, open, reset, drop."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.store import parties, vendor_books
from service.store.database import unit_of_work
from service.store.vendor_books import NoTestBook, VendorBook
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.vendor_books.directory import BookDirectory
from worker.workplace import Workplace


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Vendors' books for tests.", no_args_is_help=True)
    group.command("list")(list_books)
    group.command("open")(open_book)
    group.command("reset")(reset_book)
    group.command("drop")(drop_book)
    app.add_typer(group, name="test-book")


def list_books(*, as_json: Json = False) -> None:
    """List all test books with their databases and clocks."""
    with workplace() as place, unit_of_work(place.database) as session:
        names = {vendor.party_id: vendor.name for vendor in parties.vendors(session)}
        books = [_facts(names.get(one.vendor_id, ""), one) for one in vendor_books.listing(session)]
    if as_json:
        screen.document(books)
        return
    columns = [Column(name) for name in ("vendor", "database", "ahead", "used")]
    screen.table("Test books", columns, [tuple(one.values()) for one in books])


def open_book(vendor: str, *, as_json: Json = False) -> None:
    """Make a vendor's test book if it has none; says what is missing where it cannot be made."""
    with workplace() as place:
        number = _number(place, vendor)
        screen.facts(_facts(vendor, BookDirectory(place).book_of(number)), as_json=as_json)


def reset_book(vendor: str, *, as_json: Json = False) -> None:
    """Put an empty test book in the place of a vendor's."""
    with workplace() as place:
        number = _number(place, vendor)
        screen.facts(_facts(vendor, BookDirectory(place).reset(number)), as_json=as_json)


def drop_book(vendor: str, *, as_json: Json = False) -> None:
    """Drop a vendor's test book; its test keys make a new one when they are used."""
    with workplace() as place:
        book = _known(place, vendor)
        BookDirectory(place).drop(book)
        screen.facts(_facts(vendor, book), as_json=as_json)


@contextmanager
def test_book(place: Workplace, vendor: str) -> Iterator[Workplace]:
    """Lend the workplace of a vendor's test book; raise UnknownVendor, NoTestBook."""
    directory = BookDirectory(place)
    try:
        yield directory.place_of(_known(place, vendor))
    finally:
        directory.close()


def _known(place: Workplace, vendor: str) -> VendorBook:
    number = _number(place, vendor)
    with unit_of_work(place.database) as session:
        book = vendor_books.of_vendor(session, number)
    if book is None:
        raise NoTestBook(number)
    return book


def _number(place: Workplace, vendor: str) -> int:
    with unit_of_work(place.database) as session:
        number = parties.vendor_named(session, vendor).party_id
    assert number is not None
    return number


def _facts(vendor: str, book: VendorBook) -> dict[str, object]:
    return {
        "vendor": vendor,
        "database": book.database_name,
        "ahead": str(book.offset),
        "used": f"{book.last_used_at:%Y-%m-%d %H:%M}",
    }
