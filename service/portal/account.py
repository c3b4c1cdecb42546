"""A person's own account: how figures are shown, password, address, sessions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.asked_books import context_of
from service.api.dependencies import Context, require_role
from service.api.failed_logins import count_letter
from service.api.powers import may
from service.api.signing_in import check_password_again, ring_of, rotated, set_session_cookie
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.reading import checked_locale, checked_zone
from service.store import (
    account_letters,
    joining,
    mail,
    people,
    portal_sessions,
    second_factor,
)
from service.store.account_letters import LetterKind
from service.store.database import unit_of_work
from service.store.people import Person

router = APIRouter()
Text = Annotated[str, Form()]
Anybody = Annotated[Person, Depends(require_role(*people.ROLES))]
_FIELDS = ("locale", "time_zone", "password", "new_password", "email")


@router.get("/account")
def account_page(request: Request, person: Anybody) -> Response:
    """Show everything that somebody can change of their own."""
    return _page(request, person)


@router.post("/account/manner")
def set_manner(
    request: Request, person: Anybody, locale: Text = "", time_zone: Text = ""
) -> Response:
    """Keep how figures and times are shown."""
    try:
        chosen = checked_locale(locale), checked_zone(time_zone)
    except LedgerError as refusal:
        typed = {"locale": locale, "time_zone": time_zone}
        return _page(request, person, typed=typed, refusal=refusal)
    with unit_of_work(context_of(request).database) as session:
        people.set_manner(session, person.user_id, locale=chosen[0], time_zone=chosen[1])
    return pages.goto("/account?done=kept")


@router.post("/account/password")
def set_password(
    request: Request, person: Anybody, password: Text = "", new_password: Text = ""
) -> Response:
    """Change the password, with the old one; all sessions end but a new one here."""
    try:
        people.check_new_password(new_password, login=person.login)
    except LedgerError as refusal:
        return _page(request, person, refusal=refusal, place="new_password")
    try:
        check_password_again(request, person, password)
    except LedgerError as refusal:
        return _page(request, person, refusal=refusal, place="password")
    with unit_of_work(context_of(request).database) as session:
        people.set_password(session, person.user_id, new_password)
        joining.tell_change(session, person.login, person.user_id, now=context_of(request).clock())
    return _with_new_session(request, person, "/account?done=password-changed")


@router.post("/account/address")
def ask_for_address(
    request: Request, person: Anybody, address_password: Text = "", email: Text = ""
) -> Response:
    """Queue a letter to a new address that confirms it, with the password."""
    try:
        address = mail.check_address(email.strip()).lower()
        check_password_again(request, person, address_password)
        count_letter(request, address)
    except people.LoginRefused as refusal:
        typed, place = {"email": email}, "address_password"
        return _page(request, person, typed=typed, refusal=refusal, place=place)
    except LedgerError as refusal:
        return _page(request, person, typed={"email": email}, refusal=refusal, place="email")
    with unit_of_work(context_of(request).database) as session:
        now = context_of(request).clock()
        taken = people.is_taken(session, address)
        kind = LetterKind.EXISTS if taken else LetterKind.ADDRESS
        account_letters.queue(session, kind, address, now=now, user_id=person.user_id)
    context_of(request).doorbell.ring()
    return pages.goto("/account?done=letter")


@router.get("/account/address/{link}")
def address_form(request: Request, person: Anybody, link: str) -> Response:
    """Ask whether the address of a link is to be the login."""
    with unit_of_work(context_of(request).database) as session:
        letter = _opened(request, session, link, person)
    return pages.render(request, "new_address.html", title="Your new address", letter=letter)


@router.post("/account/address/{link}")
def confirm_address(request: Request, person: Anybody, link: str) -> Response:
    """Make it the login; all sessions end but a new one here."""
    with unit_of_work(context_of(request).database) as session:
        letter = _opened(request, session, link, person)
        joining.move(session, letter, person.login, now=context_of(request).clock())
    context_of(request).doorbell.ring()
    return _with_new_session(request, person, "/account?done=moved")


@router.post("/account/sessions/end")
def end_sessions(request: Request, person: Anybody, session_no: Text = "") -> Response:
    """End one session, or without a number all others."""
    number = int(session_no) if session_no.isascii() and session_no.isdigit() else 0
    with unit_of_work(context_of(request).database) as session:
        if session_no:
            portal_sessions.end_one(session, person.user_id, number)
        else:
            portal_sessions.end_all(session, person.user_id, but=person.session_no)
    return pages.goto("/account?done=sessions-ended")


def _opened(
    request: Request, session: Session, link: str, person: Person
) -> account_letters.AccountLetter:
    now, ring = context_of(request).clock(), ring_of(request)
    letter = account_letters.opened(session, link, LetterKind.ADDRESS, ring, now=now)
    if letter.user_id != person.user_id:
        raise account_letters.LinkRefused
    return letter


def _with_new_session(request: Request, person: Person, path: str) -> Response:
    answer = pages.goto(path)
    set_session_cookie(request, answer, rotated(request, person))
    return answer


def _page(
    request: Request,
    person: Person,
    *,
    typed: dict[str, str] | None = None,
    refusal: LedgerError | None = None,
    place: str = "form",
) -> Response:
    context: Context = context_of(request)
    with unit_of_work(context.database) as session:
        sessions = portal_sessions.listing(session, person.user_id, now=context.clock())
        codes_left = second_factor.recovery_codes_left(session, person.user_id)
    kept = {"locale": person.locale, "time_zone": person.time_zone, "email": ""}
    known = (*_FIELDS, "address_password") if place == "form" else (place,)
    return pages.render(
        request,
        "account.html",
        title="Your account",
        status=422 if refusal else 200,
        typed=kept | (typed or {}),
        errors=errors_of([refusal] if refusal else [], known, other=place),
        sessions=sessions,
        codes_left=codes_left,
        may_invite=person.role != "operator" and may(person, "members"),
    )
