"""The second factor of a person's account, and the page of the login that asks for its code."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from service.api.asked_books import context_of
from service.api.signing_in import (
    HalfSessionMissing,
    check_password_again,
    complete_half,
    ring_of,
    rotated,
    set_session_cookie,
)
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.account import Anybody, Text
from service.portal.entrance import local_path
from service.portal.field_errors import errors_of
from service.store import joining, second_factor
from service.store.attempts import TooManyLogins
from service.store.database import unit_of_work
from service.store.people import Person

router = APIRouter()


@router.get("/login/code")
def code_form(request: Request, wanted: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Ask for the code that comes after the password."""
    return _code(request, local_path(wanted))


@router.post("/login/code")
def enter_code(
    request: Request, code: Text = "", wanted: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Check the code and open a whole session of another token."""
    try:
        token, _ = complete_half(request, code)
    except HalfSessionMissing:
        return pages.goto("/login")
    except (second_factor.CodeRefused, TooManyLogins) as refusal:
        return _code(request, local_path(wanted), refusal)
    answer = pages.goto(local_path(wanted))
    set_session_cookie(request, answer, token)
    return answer


@router.get("/account/second-factor")
def factor_page(request: Request, person: Anybody) -> Response:
    """Show the secret that waits to be confirmed, or that the second factor is on."""
    return _factor(request, person)


@router.post("/account/second-factor")
def begin_factor(request: Request, person: Anybody, password: Text = "") -> Response:
    """Make a secret, with the password; it counts once a code confirms it."""
    try:
        check_password_again(request, person, password)
    except LedgerError as refusal:
        return _factor(request, person, refusal, "password")
    context = context_of(request)
    with unit_of_work(context.database) as session:
        second_factor.begin(session, person.user_id, ring_of(request), now=context.clock())
    return pages.goto("/account/second-factor")


@router.post("/account/second-factor/confirm")
def confirm_factor(request: Request, person: Anybody, code: Text = "") -> Response:
    """Switch it on with a first code; show the recovery codes, this once. Other sessions end."""
    context, ring = context_of(request), ring_of(request)
    try:
        with unit_of_work(context.database) as session:
            now = context.clock()
            codes = second_factor.confirm(session, person.user_id, ring, code, now=now)
            joining.tell_change(session, person.login, person.user_id, now=now)
    except second_factor.CodeRefused as refusal:
        return _factor(request, person, refusal, "code")
    token = rotated(request, person)
    answer = pages.render(request, "recovery_codes.html", title="Recovery codes", codes=codes)
    answer.headers["Cache-Control"] = "no-store"
    set_session_cookie(request, answer, token)
    return answer


@router.post("/account/second-factor/off")
def switch_factor_off(request: Request, person: Anybody, password: Text = "") -> Response:
    """Take it away, with the password; other sessions end."""
    try:
        check_password_again(request, person, password)
    except LedgerError as refusal:
        return _factor(request, person, refusal, "password")
    context = context_of(request)
    with unit_of_work(context.database) as session:
        second_factor.switch_off(session, person.user_id)
        joining.tell_change(session, person.login, person.user_id, now=context.clock())
    answer = pages.goto("/account?done=factor-off")
    set_session_cookie(request, answer, rotated(request, person))
    return answer


def _code(request: Request, wanted: str, refusal: LedgerError | None = None) -> Response:
    status = 429 if isinstance(refusal, TooManyLogins) else 401 if refusal else 200
    errors = errors_of([refusal] if refusal else [], ("code",), other="code")
    return pages.render(
        request, "login_code.html", title="One-time code", status=status, wanted=wanted,
        errors=errors,
    )  # fmt: skip


def _factor(
    request: Request, person: Person, refusal: LedgerError | None = None, place: str = "form"
) -> Response:
    context = context_of(request)
    with unit_of_work(context.database) as session:
        secret = second_factor.waiting(session, person.user_id, ring_of(request))
    answer = pages.render(
        request,
        "second_factor.html",
        title="Second factor",
        status=422 if refusal else 200,
        secret=secret,
        uri=second_factor.uri_of(secret, person.login) if secret else "",
        needed=context.settings.operators_need_second_factor and person.role == "operator",
        errors=errors_of([refusal] if refusal else [], (place,), other=place),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
