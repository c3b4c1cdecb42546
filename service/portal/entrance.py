"""The door: log in, log out, and where each role goes first."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context, current_person, require_role
from service.api.powers import may
from service.api.signing_in import (
    begin_half,
    clear_session_cookie,
    log_in,
    log_out,
    set_session_cookie,
)
from service.portal import pages
from service.store.attempts import TooManyLogins
from service.store.people import ROLES, LoginRefused
from service.store.second_factor import SecondFactorMissing

router = APIRouter()

_FIRST_PAGE = {"creator": "/home", "operator": "/operator", "vendor": "/vendor"}


def local_path(wanted: str) -> str:
    """Return a path of this site as given, ``/`` for anything that might lead elsewhere."""
    safe = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if safe and "\\" not in wanted else "/"


@router.get("/")
def first_page(request: Request) -> Response:
    """Lead to the first page of the visitor's role, or to the login."""
    person = current_person(request)
    if person is None:
        return pages.goto("/login")
    sees_no_money = person.role == "creator" and not may(person, "money")
    return pages.goto("/works" if sees_no_money else _FIRST_PAGE[person.role])


@router.get("/login")
def login_page(
    request: Request, context: Context, wanted: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Show the form; who is logged in already is led on."""
    if current_person(request):
        return pages.goto(local_path(wanted))
    return _form(request, context, login="", wanted=local_path(wanted), error="", status=200)


@router.post("/login")
def enter(
    request: Request,
    context: Context,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Check login and password; a refusal shows the form again with the login kept."""
    try:
        token, _ = log_in(request, login, password)
    except SecondFactorMissing:
        answer = pages.goto(f"/login/code?next={quote(local_path(wanted))}")
        set_session_cookie(request, answer, begin_half(request, login, password))
        return answer
    except (LoginRefused, TooManyLogins) as refusal:
        sentence = refusal.sentence[0].upper() + refusal.sentence[1:] + "."
        status = 429 if isinstance(refusal, TooManyLogins) else 401
        return _form(
            request, context, login=login, wanted=local_path(wanted), error=sentence, status=status
        )
    answer = pages.goto(local_path(wanted))
    set_session_cookie(request, answer, token)
    return answer


def _form(
    request: Request, context: Context, *, login: str, wanted: str, error: str, status: int
) -> Response:
    return pages.render(
        request,
        "login.html",
        title="Log in",
        status=status,
        login=login,
        wanted=wanted,
        error=error,
        embedded=context.settings.embedded,
        may_sign_up=context.settings.sign_up,
    )


@router.post("/logout", dependencies=[Depends(require_role(*ROLES))])
def leave(request: Request) -> Response:
    """End the session."""
    log_out(request)
    answer = pages.goto("/login?done=logged-out")
    clear_session_cookie(request, answer)
    return answer
