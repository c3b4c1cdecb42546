"""Logging in and out, and the cookie a browser keeps meanwhile; the portal uses the same."""

from datetime import timedelta

from fastapi import Request, Response
from sqlmodel import Session

from service.api.asked_books import context_of
from service.api.dependencies import SESSION_COOKIE, check_origin
from service.api.failed_logins import address_of, tried
from service.ledger.errors import LedgerError
from service.store import asking, key_ring, people, portal_sessions, second_factor
from service.store.database import unit_of_work
from service.store.key_ring import KeyRing
from service.store.people import Person
from service.store.portal_sessions import Device
from service.store.rows import PortalUserRow


class HalfSessionMissing(LedgerError):
    """A second factor comes without, or long after, the password."""

    def __init__(self) -> None:
        super().__init__("log in again: the code came too late")


class SignUpClosed(LedgerError):
    """This installation adds its creators itself."""

    def __init__(self) -> None:
        super().__init__("here nobody signs up alone: ask who runs this site")


def log_in(request: Request, login: str, password: str, *, code: str = "") -> tuple[str, Person]:
    """Open a session; return its token and the person. An older session of the browser ends.

    Raises LoginRefused, TooManyLogins, and, where the login has a second factor,
    SecondFactorMissing without a code and CodeRefused for a wrong one.
    """
    context = context_of(request)
    check_origin(request)
    with tried(request, login), unit_of_work(context.database) as session:
        user = people.user_with(session, login, password)
        assert user.user_id is not None
        if second_factor.is_on(session, user.user_id):
            if not code:
                raise second_factor.SecondFactorMissing
            now = context.clock()
            second_factor.check(session, user.user_id, ring_of(request), code, now=now)
        token = _begin(request, session, user)
        person = portal_sessions.person_of(session, token, now=context.clock())
    assert person
    return token, person


def begin_half(request: Request, login: str, password: str) -> str:
    """Check a password again and open a session that lasts until the second factor comes."""
    context = context_of(request)
    with tried(request, login, forgets=False), unit_of_work(context.database) as session:
        user = people.user_with(session, login, password)
        return _begin(request, session, user, is_half=True)


def complete_half(request: Request, code: str) -> tuple[str, Person]:
    """Turn the half session of the cookie into a whole one of another token.

    Raises HalfSessionMissing, CodeRefused, TooManyLogins.
    """
    context = context_of(request)
    check_origin(request)
    token, now = request.cookies.get(SESSION_COOKIE, ""), context.clock()
    with unit_of_work(context.database) as session:
        half = portal_sessions.person_of(session, token, now=now, is_half=True)
    if half is None:
        raise HalfSessionMissing
    with tried(request, half.login), unit_of_work(context.database) as session:
        second_factor.check(session, half.user_id, ring_of(request), code, now=now)
        user = session.get(PortalUserRow, half.user_id)
        assert user
        whole = _begin(request, session, user)
        person = portal_sessions.person_of(session, whole, now=now)
    assert person
    return whole, person


def rotated(request: Request, person: Person) -> str:
    """End all sessions of somebody and open a new one, after what protects them has changed."""
    with asking.nobody(), unit_of_work(context_of(request).database) as session:
        portal_sessions.end_all(session, person.user_id)
        user = session.get(PortalUserRow, person.user_id)
        assert user
        return _begin(request, session, user)


def open_for(request: Request, user_id: int) -> str:
    """Open a session for somebody who came by a link that was good; return its token."""
    with unit_of_work(context_of(request).database) as session:
        user = session.get(PortalUserRow, user_id)
        assert user
        half = second_factor.is_on(session, user_id)
        return _begin(request, session, user, is_half=half)


def _begin(
    request: Request, session: Session, user: PortalUserRow, *, is_half: bool = False
) -> str:
    context = context_of(request)
    device = Device(request.headers.get("user-agent", ""), address_of(request))
    old = request.cookies.get(SESSION_COOKIE)
    if old:
        portal_sessions.end(session, old)
    lasts = timedelta(hours=context.settings.session_hours)
    assert user.user_id is not None
    return portal_sessions.begin(
        session, user.user_id, device, now=context.clock(), lasts=lasts, is_half=is_half
    )


def check_password_again(request: Request, person: Person, password: str) -> None:
    """Raise LoginRefused unless it is the password of who is logged in, TooManyLogins after some.

    For what a stolen session must not do; failures count as those of the login.
    """
    with tried(request, person.login), unit_of_work(context_of(request).database) as session:
        people.check_password(session, person.user_id, password)


def log_out(request: Request) -> None:
    """End the session of the cookie sent, if there is one."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with unit_of_work(context_of(request).database) as session:
            portal_sessions.end(session, token)


def ring_of(request: Request) -> KeyRing:
    """Return the keys that seal account data and sign links; raise BadKeys."""
    settings = context_of(request).settings
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    return key_ring.load(given, settings.home, embedded=settings.embedded)


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
