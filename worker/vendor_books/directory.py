"""Opens the test books of an installation: made at first use, kept open while they are used."""

from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from threading import Lock

from service.api.doors import OpenBook, WebContext
from service.settings import Settings
from service.store import vendor_books
from service.store.database import unit_of_work
from service.store.mode import Mode
from service.store.vendor_books import VendorBook
from worker.engine_room import EngineRoom
from worker.fingerprints import EngineFingerprints
from worker.preview import EnginePreview
from worker.receipt_key import signer_of
from worker.vendor_books.server import BookServer, copy_vendor
from worker.workplace import Workplace, urls_of

MOST_OPEN = 8
"""How many books a process keeps open; the one used longest ago is closed."""


class BookDirectory:
    """The test books beside one live workplace. Safe to share between threads."""

    def __init__(self, live: Workplace, *, owner_url: str | None = None) -> None:
        """Open books on the server of a workplace; owner_url: None: as the settings say."""
        self._live = live
        self._owner_url = owner_url
        self._lock = Lock()
        self._open: OrderedDict[str, Workplace] = OrderedDict()

    def book_of(self, vendor_id: int) -> VendorBook:
        """Return the book of a vendor; one that has none gets one. Raises NoRightToMake."""
        with unit_of_work(self._live.database) as session:
            book = vendor_books.of_vendor(session, vendor_id)
        return book or self._made(vendor_id, anew=False)

    def reset(self, vendor_id: int) -> VendorBook:
        """Give a vendor an empty book with the real clock; the old one is dropped whole."""
        return self._made(vendor_id, anew=True)

    def refresh(self, vendor_id: int) -> VendorBook:
        """Copy the vendor's terms again: those that begin on days that the book has none of."""
        book = self.book_of(vendor_id)
        place = self.place_of(book)
        with unit_of_work(self._live.database) as live, unit_of_work(place.database) as session:
            copy_vendor(live, session, vendor_id, now=place.clock())
        return book

    def drop(self, book: VendorBook) -> None:
        """Drop a book with all that is in it and all its files."""
        with unit_of_work(self._live.database) as session:
            vendor_books.wait_for_makers(session)
            vendor_books.forget(session, book.vendor_id)
        self._dispose(book.database_name)

    def drop_unused(self) -> list[VendorBook]:
        """Drop the books that nobody used for as long as the settings keep them."""
        before = self._live.clock() - timedelta(days=self._live.settings.test_book_days)
        with unit_of_work(self._live.database) as session:
            unused = vendor_books.unused_since(session, before)
        for book in unused:
            self.drop(book)
        return unused

    def place_of(self, book: VendorBook) -> Workplace:
        """Return the workplace of a book with its clock; opened where it is not."""
        with self._lock:
            place = self._open.pop(book.database_name, None) or self._opened(book)
            self._open[book.database_name] = place
            closed = [self._open.popitem(last=False)[1]] if len(self._open) > MOST_OPEN else []
        for one in closed:
            one.close()
        return replace(place, clock=lambda: book.at(self._live.clock()))

    def close(self) -> None:
        """Save the indexes and give the connections back."""
        with self._lock:
            places, self._open = list(self._open.values()), OrderedDict()
        for place in places:
            place.close()

    def _made(self, vendor_id: int, *, anew: bool) -> VendorBook:
        if not anew:
            self.drop_unused()  # workers may not, where only the web knows the owner
        now = self._live.clock()
        with unit_of_work(self._live.database) as session:
            vendor_books.wait_for_makers(session)
            before = vendor_books.of_vendor(session, vendor_id)
            if before and not anew:
                return before
            name, number = self.server().make(vendor_id, now=now)
            made = vendor_books.put(session, vendor_id, name, number, now=now)
        if before:
            self._dispose(before.database_name)
        return made

    def _dispose(self, name: str) -> None:
        with self._lock:
            place = self._open.pop(name, None)
        if place:
            place.database.close()
        self.server().drop(name)
        rmtree(self._home(name), ignore_errors=True)

    def _opened(self, book: VendorBook) -> Workplace:
        server = self.server()
        server.bring_up_to_date(book.database_name)
        database = server.connect(book.database_name)
        settings = settings_of(self._live.settings, self._home(book.database_name))
        settings.home.mkdir(parents=True, exist_ok=True)
        room = EngineRoom(database, settings.home, threads=1, encoder=self._live.room.encoder)
        return Workplace(settings, database, room, self._live.clock)

    def _home(self, name: str) -> Path:
        return self._live.settings.home / "test-books" / name

    def server(self) -> BookServer:
        """Return where the databases of books are."""
        return BookServer(self._live.database, self._owner_url or urls_of(self._live.settings)[0])


def settings_of(live: Settings, home: Path) -> Settings:
    """Return the settings of a test book: nothing leaves it, and nobody else has to approve.

    It signs and seals with keys of its own, which prove nothing of live books.
    """
    return live.model_copy(
        update={
            "home": home,
            "outbox": None,
            "mail_from": "",
            "smtp_url": None,
            "milvus_uri": None,
            "receipt_key": None,
            "close_approvals": 0,
            "pool_approvals": 0,
        }
    )


class VendorTestBooks:
    """What the web asks of the test books."""

    def __init__(self, directory: BookDirectory, live: WebContext) -> None:
        self._directory, self._live = directory, live

    def open(self, vendor_id: int) -> OpenBook:
        """Return a vendor's book and its context; made at first use. Raises NoRightToMake."""
        book = self._directory.book_of(vendor_id)
        with unit_of_work(self._live.database) as session:
            vendor_books.used(session, book, now=self._live.clock())
        return self._opened(book)

    def reset(self, vendor_id: int) -> OpenBook:
        """Return an empty book in the place of the vendor's."""
        return self._opened(self._directory.reset(vendor_id))

    def refresh(self, vendor_id: int) -> OpenBook:
        """Return the vendor's book with its terms as they are now."""
        return self._opened(self._directory.refresh(vendor_id))

    def _opened(self, book: VendorBook) -> OpenBook:
        place = self._directory.place_of(book)
        context = WebContext(
            place.database,
            place.settings,
            BookBell(book, self._live),
            EnginePreview(place),
            place.clock,
            EngineFingerprints(place.room.encoder),
            signer_of(place.settings),
            mode=Mode.TEST,
            books=self,
            keys=self._live.database,
        )
        return OpenBook(book, context, self._live)


class BookBell:
    """Rings for one book: notes that it was used, then rings the live bell."""

    def __init__(self, book: VendorBook, live: WebContext) -> None:
        self._book, self._live = book, live

    def ring(self) -> None:
        """Ring and return at once."""
        with unit_of_work(self._live.database) as session:
            vendor_books.rung(session, self._book.vendor_id, now=self._live.clock())
        self._live.doorbell.ring()
