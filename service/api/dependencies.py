"""Who asks: a vendor by key, a person by session cookie; and the proof that the person means it.

The portal uses the same: ``current_person``, ``require_role``, ``check_csrf``.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from service.api.asked_books import (
    caller_of,
    context_of,
    key_in,
    rates_of,
    test_book_of,
)
from service.api.back_pressure import Room
from service.api.doors import WebContext
from service.api.powers import check_power
from service.ledger.errors import LedgerError
from service.store import asking, people, portal_sessions
from service.store.api_keys import CallingKey, Scope
from service.store.database import unit_of_work
from service.store.people import Person

SESSION_COOKIE = "wellspring_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
CREATOR, OPERATOR, VENDOR = people.ROLES
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

session_scheme = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description=f"Set by POST /v1/session. Methods that change something need `{CSRF_HEADER}` too.",
    auto_error=False,
)
key_scheme = HTTPBearer(
    scheme_name="vendorKey",
    description="`Authorization: Bearer ws_live_...`, or `ws_test_...`; cookies are ignored.",
    auto_error=False,
)


class NotSignedIn(LedgerError):
    """No session cookie, or one that is unknown or has expired."""

    def __init__(self) -> None:
        super().__init__("log in first: there is no session, or it has ended")


class ScopeMissing(LedgerError):
    """A key may not do this."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"this takes a key with the scope {scope}", scope=str(scope))


class RoleRefused(LedgerError):
    """Somebody of another role asked."""

    def __init__(self, role: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"a {role} may not do this; it takes the role {' or '.join(allowed)}", role=role
        )


class CsrfRefused(LedgerError):
    """A request that changes something lacks the session's token, or comes from another site."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)


def current_person(request: Request) -> Person | None:
    """Return who is logged in by the session cookie, None for nobody. Asks the database once."""
    if not hasattr(request.state, "person"):
        token = request.cookies.get(SESSION_COOKIE)
        request.state.person = _person_of(context_of(request), token) if token else None
    person: Person | None = request.state.person
    return person


def _person_of(context: WebContext, token: str) -> Person | None:
    with unit_of_work(context.database) as session:
        idle = timedelta(minutes=context.settings.session_idle_minutes)
        return portal_sessions.person_of(session, token, now=context.clock(), idle=idle)


async def csrf_token_of(request: Request) -> str | None:
    """Return the token a request carries: header X-CSRF-Token, or the form's field csrf_token.

    Forms are those of pages: a program sends the header, and no form of strangers is read for it.
    """
    token = request.headers.get(CSRF_HEADER)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    of_program = request.url.path.startswith("/v1/")
    if token is not None or request.method in _SAFE or kind not in _FORMS or of_program:
        return token
    field = (await request.form()).get(CSRF_FIELD)
    return field if isinstance(field, str) else None


def check_csrf(request: Request, person: Person, token: str | None) -> None:
    """Raise CsrfRefused unless ``token`` is the session's and an Origin, if sent, is this site."""
    check_origin(request)
    if token is None or not secrets.compare_digest(token.encode(), person.csrf_token.encode()):
        raise CsrfRefused(f"send the session's token in the header {CSRF_HEADER}")


def check_origin(request: Request) -> None:
    """Raise CsrfRefused where an Origin header names another host than the Host header."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        host = ""
    if not host or host.lower() != request.headers.get("host", "").lower():
        raise CsrfRefused("the request comes from another site")


def require_role(*roles: str) -> Callable[..., Person]:
    """Return a dependency that gives the person if its role is one of these.

    Methods that change something need the CSRF token, as header or form field. Raises NotSignedIn,
    RoleRefused, CsrfRefused.
    """

    def required(
        request: Request,
        token: Annotated[str | None, Depends(csrf_token_of)],
        _cookie: Annotated[str | None, Security(session_scheme)],
    ) -> Person:
        person = current_person(request)
        if person is None:
            raise NotSignedIn
        now = context_of(request).clock()
        rates_of(request).count(request, f"user {person.user_id}", now=now)
        if person.role not in roles:
            raise RoleRefused(person.role, roles)
        check_power(request, person)
        if request.method not in _SAFE:
            check_csrf(request, person, token)
        _tell_who(request, person, now=now)
        return person

    return required


def _tell_who(request: Request, person: Person, *, now: datetime) -> None:
    """Let what this request changes be kept with who did it; links in a path are secrets."""
    deed = asking.Deed(
        now,
        person.user_id,
        person.role,
        person.member_role,
        person.party_id,
        getattr(request.scope.get("route"), "name", "unmatched"),
        request.method not in _SAFE,
    )
    asking.known(deed, {k: v for k, v in request.path_params.items() if k != "link"})


def calling_key(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(key_scheme)],
) -> CallingKey:
    """Return the API key that is sent, with the vendor's number in its books; raise KeyRefused."""
    caller = caller_of(request, key_in(request))
    book = test_book_of(request)
    return replace(caller, vendor_id=book.row.book_vendor_id) if book else caller


def key_that_may(change: Scope) -> Callable[..., CallingKey]:
    """Return a dependency that gives the key: to read, or to change something.

    Methods that change nothing need the scope to read, others ``change``. Raises KeyRefused,
    ScopeMissing, RateExceeded, and NoRoom for sales.
    """

    def allowed(request: Request, key: Annotated[CallingKey, Depends(calling_key)]) -> CallingKey:
        needed = Scope.READ if request.method in _SAFE else change
        if needed not in key.scopes:
            raise ScopeMissing(needed)
        if needed is Scope.SALES:
            room: Room = request.app.state.room
            room.check()
        return key

    return allowed


def vendor_who_may(change: Scope) -> Callable[..., int]:
    """Return a dependency that gives the vendor of the key; raises as ``key_that_may``."""
    may = key_that_may(change)

    def allowed(request: Request, key: Annotated[CallingKey, Depends(calling_key)]) -> int:
        return may(request, key).vendor_id

    return allowed


def anyone_known(
    request: Request,
    token: Annotated[str | None, Depends(csrf_token_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(key_scheme)],
    cookie: Annotated[str | None, Security(session_scheme)],
) -> None:
    """Let any vendor's key or any logged-in person pass; a key sent is the only thing looked at."""
    if "authorization" in request.headers:
        calling_key(request, bearer)
    else:
        require_role(*people.ROLES)(request, token, cookie)


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom something is asked: a vendor or a holder; an operator for neither, and sees all."""

    vendor_id: int | None
    holder_id: int | None


def asker(
    request: Request,
    token: Annotated[str | None, Depends(csrf_token_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(key_scheme)],
    cookie: Annotated[str | None, Security(session_scheme)],
) -> Asker:
    """Return who asks, by key or by session; a key sent is the only thing looked at."""
    if "authorization" in request.headers:
        key = calling_key(request, bearer)
        return Asker(vendor_who_may(Scope.SALES)(request, key), None)
    person = require_role(*people.ROLES)(request, token, cookie)
    if person.role == VENDOR:
        return Asker(person.party_id, None)
    return Asker(None, person.party_id)


SignedIn = Annotated[Person, Depends(require_role(*people.ROLES))]
Creator = Annotated[Person, Depends(require_role(CREATOR))]
CreatorOrOperator = Annotated[Person, Depends(require_role(CREATOR, OPERATOR))]
Operator = Annotated[Person, Depends(require_role(OPERATOR))]
VendorOrOperator = Annotated[Person, Depends(require_role(VENDOR, OPERATOR))]
CallingVendor = Annotated[int, Depends(vendor_who_may(Scope.SALES))]
ReportingKey = Annotated[CallingKey, Depends(key_that_may(Scope.SALES))]
OfferingVendor = Annotated[int, Depends(vendor_who_may(Scope.OFFERS))]
AnyAsker = Annotated[Asker, Depends(asker)]
Context = Annotated[WebContext, Depends(context_of)]
