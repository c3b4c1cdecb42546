"""Who asks: a vendor by key, a person by session cookie; and the proof that the person means it.

The portal uses the same: ``current_person``, ``require_role``, ``check_csrf``, ``log_in``.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from service.api.doors import WebContext
from service.api.failed_logins import FailedLogins
from service.ledger.errors import LedgerError
from service.store import people
from service.store.database import unit_of_work
from service.store.people import Person

SESSION_COOKIE = "wellspring_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
CREATOR, OPERATOR, VENDOR = people.ROLES
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

_session_scheme = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description=f"Set by POST /v1/session. Methods that change something need `{CSRF_HEADER}` too.",
    auto_error=False,
)
_key_scheme = HTTPBearer(
    scheme_name="vendorKey",
    description="`Authorization: Bearer ws_live_...`; cookies are ignored.",
    auto_error=False,
)


class NotSignedIn(LedgerError):
    """No session cookie, or one that is unknown or has expired."""

    def __init__(self) -> None:
        super().__init__("log in first: there is no session, or it has ended")


class KeyRefused(LedgerError):
    """No API key, or one that is unknown, mistyped or revoked; it is not said which."""

    def __init__(self) -> None:
        super().__init__("send a valid API key: Authorization: Bearer ws_live_...")


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


def context_of(request: Request) -> WebContext:
    """Return what the web was handed at start."""
    context: WebContext = request.app.state.context
    return context


def current_person(request: Request) -> Person | None:
    """Return who is logged in by the session cookie, None for nobody. Asks the database once."""
    if not hasattr(request.state, "person"):
        token = request.cookies.get(SESSION_COOKIE)
        request.state.person = _person_of(context_of(request), token) if token else None
    person: Person | None = request.state.person
    return person


def _person_of(context: WebContext, token: str) -> Person | None:
    with unit_of_work(context.database) as session:
        return people.person_of(session, token, now=context.clock())


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
        _cookie: Annotated[str | None, Security(_session_scheme)],
    ) -> Person:
        person = current_person(request)
        if person is None:
            raise NotSignedIn
        if person.role not in roles:
            raise RoleRefused(person.role, roles)
        if request.method not in _SAFE:
            check_csrf(request, person, token)
        return person

    return required


def calling_vendor(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_key_scheme)],
) -> int:
    """Return the vendor whose API key is sent; raise KeyRefused."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    context = context_of(request)
    if scheme.lower() == "bearer" and key:
        with unit_of_work(context.database) as session:
            vendor_id = people.vendor_of_key(session, key.strip())
        if vendor_id is not None:
            return vendor_id
    raise KeyRefused


def anyone_known(
    request: Request,
    token: Annotated[str | None, Depends(csrf_token_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_key_scheme)],
    cookie: Annotated[str | None, Security(_session_scheme)],
) -> None:
    """Let any vendor's key or any logged-in person pass; a key sent is the only thing looked at."""
    if "authorization" in request.headers:
        calling_vendor(request, bearer)
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
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_key_scheme)],
    cookie: Annotated[str | None, Security(_session_scheme)],
) -> Asker:
    """Return who asks, by key or by session; a key sent is the only thing looked at."""
    if "authorization" in request.headers:
        return Asker(calling_vendor(request, bearer), None)
    person = require_role(*people.ROLES)(request, token, cookie)
    if person.role == VENDOR:
        return Asker(person.party_id, None)
    return Asker(None, person.party_id)


def log_in(request: Request, login: str, password: str) -> tuple[str, Person]:
    """Open a session; return its token and the person. Raises LoginRefused, TooManyLogins."""
    context = context_of(request)
    failures: FailedLogins = request.app.state.failed_logins
    address = request.client.host if request.client else ""
    check_origin(request)
    failures.check(login, address, now=context.clock())
    try:
        with unit_of_work(context.database) as session:
            token, person = people.log_in(
                session,
                login,
                password,
                now=context.clock(),
                hours=context.settings.session_hours,
            )
    except people.LoginRefused:
        failures.failed(login, address, now=context.clock())
        raise
    failures.succeeded(login, address)
    return token, person


def check_password_again(request: Request, person: Person, password: str) -> None:
    """Raise LoginRefused unless it is the password of who is logged in, TooManyLogins after some.

    For what a stolen session must not do; failures count as those of the login.
    """
    context = context_of(request)
    failures: FailedLogins = request.app.state.failed_logins
    address = request.client.host if request.client else ""
    failures.check(person.login, address, now=context.clock())
    try:
        with unit_of_work(context.database) as session:
            people.check_password(session, person.user_id, password)
    except people.LoginRefused:
        failures.failed(person.login, address, now=context.clock())
        raise
    failures.succeeded(person.login, address)


def log_out(request: Request) -> None:
    """End the session of the cookie sent, if there is one."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with unit_of_work(context_of(request).database) as session:
            people.log_out(session, token)


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser a session; scripts cannot read it, other sites' forms do not send it."""
    settings = context_of(request).settings
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=settings.session_hours * 3_600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    """Take the session cookie back."""
    settings = context_of(request).settings
    response.delete_cookie(
        SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=settings.secure_cookies
    )


SignedIn = Annotated[Person, Depends(require_role(*people.ROLES))]
Creator = Annotated[Person, Depends(require_role(CREATOR))]
CreatorOrOperator = Annotated[Person, Depends(require_role(CREATOR, OPERATOR))]
Operator = Annotated[Person, Depends(require_role(OPERATOR))]
VendorOrOperator = Annotated[Person, Depends(require_role(VENDOR, OPERATOR))]
CallingVendor = Annotated[int, Depends(calling_vendor)]
AnyAsker = Annotated[Asker, Depends(asker)]
Context = Annotated[WebContext, Depends(context_of)]
