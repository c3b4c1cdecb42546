"""Logging in and out, and the cookie a browser keeps meanwhile; the portal uses the same."""

from fastapi import Request, Response

from service.api.dependencies import SESSION_COOKIE, check_origin, context_of
from service.api.failed_logins import FailedLogins
from service.store import people
from service.store.database import unit_of_work
from service.store.people import Person


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
