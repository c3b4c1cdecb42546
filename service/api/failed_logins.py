"""How often a login failed lately: counted in the database, so that all processes agree.

By login and address, by address, and by login from anywhere: whoever guesses from many machines is
stopped too, and locks the owner out for no longer than the window.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from fastapi import Request

from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.store import asking, attempts
from service.store.attempts import Limit, TooManyLogins
from service.store.database import unit_of_work
from service.store.name_rules import look_of

MOST_FAILURES = 5
WINDOW = timedelta(minutes=15)
OF_ONE = Limit("failed logins", MOST_FAILURES, WINDOW)
OF_ADDRESS = Limit("failed logins from one address", 60, WINDOW)
OF_LOGIN = Limit("failed logins of one login", 30, WINDOW)
LETTERS_TO_ONE = Limit("letters to one address", 3, timedelta(hours=1))
LETTERS_FROM_ONE = Limit("letters asked for from one address", 20, timedelta(hours=1))
INVITATIONS = Limit("invitations", 30, timedelta(hours=1))


@contextmanager
def tried(request: Request, login: str, *, forgets: bool = True) -> Iterator[None]:
    """Count an attempt to come in, and take it back if the block raises no refusal.

    forgets: earlier failures are forgotten then too; not where a second factor is still to come,
    or whoever knows a password could try codes without end. Raises TooManyLogins before the block
    where the last ones all failed.
    """
    context: WebContext = request.app.state.context
    address = address_of(request)
    name = look_of(login[:200])
    who = ((OF_ONE, f"{name}\n{address}"), (OF_ADDRESS, address), (OF_LOGIN, name))
    now = context.clock()
    try:
        with asking.nobody(), unit_of_work(context.database) as session:
            begun = [attempts.begin(session, limit, one, now=now) for limit, one in who]
    except TooManyLogins:
        request.app.state.metrics.logins.labels("limited").inc()
        raise
    try:
        yield
    except LedgerError:
        request.app.state.metrics.logins.labels("refused").inc()
        raise
    request.app.state.metrics.logins.labels("let-in").inc()
    with asking.nobody(), unit_of_work(context.database) as session:
        attempts.take_back(session, begun)
        if forgets:
            attempts.forget(session, OF_ONE, who[0][1])
            attempts.forget(session, OF_LOGIN, name)


def count_letter(request: Request, address: str) -> None:
    """Count a letter that is asked for; raise TooManyLogins. Nobody is told whose address it is."""
    context: WebContext = request.app.state.context
    with asking.nobody(), unit_of_work(context.database) as session:
        now = context.clock()
        attempts.begin(session, LETTERS_FROM_ONE, address_of(request), now=now)
        attempts.begin(session, LETTERS_TO_ONE, look_of(address[:254]), now=now)


def address_of(request: Request) -> str:
    """Return the address that asks, empty where it is not known."""
    return request.client.host if request.client else ""
