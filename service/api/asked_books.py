"""Which books a request is of: the live ones, or the test book of the vendor of a test key.

Here alone books are chosen, by the key's prefix, before anything is asked of them.
"""

from typing import cast

from fastapi import Request

from service.api.doors import OpenBook, WebContext
from service.api.rate_limits import RateLimits
from service.ledger.errors import LedgerError
from service.store import api_keys
from service.store.api_keys import CallingKey
from service.store.database import unit_of_work
from service.store.mode import Mode


class KeyRefused(LedgerError):
    """No API key, or one that is unknown, mistyped, revoked or expired; it is not said which."""

    def __init__(self) -> None:
        super().__init__("send a valid API key: Authorization: Bearer ws_live_...")


class TestKeyNeeded(LedgerError):
    """Something of test books was asked with a key of the live ones."""

    def __init__(self) -> None:
        super().__init__("this is for test books: send a test key (ws_test_...)")


def live_context_of(request: Request) -> WebContext:
    """Return what the web was handed at start, whatever key is sent."""
    return cast("WebContext", request.app.state.context)


def context_of(request: Request) -> WebContext:
    """Return what the web was handed; where a test key is sent, the vendor's test book's.

    Here alone books are chosen: by the key's prefix, before anything is asked. Raises KeyRefused.
    """
    book = test_book_of(request)
    return book.context if book else live_context_of(request)


def test_book_of(request: Request) -> OpenBook | None:
    """Return the test book a request is for, None for the live books; raise KeyRefused."""
    key = key_in(request)
    if not key.startswith(api_keys.PREFIXES[Mode.TEST]):
        return None
    if not hasattr(request.state, "test_book"):
        request.state.mode = Mode.TEST
        caller = caller_of(request, key)
        request.state.test_book = live_context_of(request).books.open(caller.vendor_id)
    book: OpenBook = request.state.test_book
    return book


def key_in(request: Request) -> str:
    """Return the key that is sent, empty for none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def caller_of(request: Request, key: str) -> CallingKey:
    """Return whose key it is, by the live books: those alone know keys. Asks them once."""
    if not hasattr(request.state, "calling_key"):
        live = live_context_of(request)
        with unit_of_work(live.database) as session:
            found = api_keys.caller_of(session, key, now=live.clock()) if key else None
        if found is None:
            raise KeyRefused
        rates_of(request).count(request, f"key {found.key_id}", now=live.clock())
        request.state.calling_key = found
    caller: CallingKey = request.state.calling_key
    return caller


def rates_of(request: Request) -> RateLimits:
    """Return what counts how often somebody asks."""
    rates: RateLimits = request.app.state.rates
    return rates
