"""How people arrive by mail: sign-up, a forgotten password, invitations; each link is good once.

Whether an address has an account is never said here: every answer to it is the same.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.asked_books import context_of
from service.api.dependencies import Context, check_origin
from service.api.failed_logins import count_letter
from service.api.signing_in import SignUpClosed, open_for, ring_of, set_session_cookie
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.reading import checked_locale, checked_zone, guessed_locale, zones
from service.store import account_letters, attempts, joining, mail
from service.store.account_letters import AccountLetter, LetterKind, LinkRefused
from service.store.database import unit_of_work

Text = Annotated[str, Form()]


def sign_up_is_open(context: Context) -> None:
    """Raise SignUpClosed where the setting says so."""
    if not context.settings.sign_up:
        raise SignUpClosed


router = APIRouter()
_OPEN = [Depends(sign_up_is_open)]
_FIELDS = ("email", "name", "password", "locale", "time_zone")


@router.get("/sign-up", dependencies=_OPEN)
def sign_up_form(request: Request) -> Response:
    """Ask for an address."""
    return _ask(request, "/sign-up", "Sign up as a creator")


@router.post("/sign-up", dependencies=_OPEN)
def sign_up(request: Request, email: Text = "") -> Response:
    """Queue a letter, whoever has the address."""
    guessed = guessed_locale(request.headers.get("accept-language", ""))
    try:
        _count(request, email)
        with unit_of_work(context_of(request).database) as session:
            now = context_of(request).clock()
            account_letters.ask_to_sign_up(session, email, locale=guessed, time_zone="UTC", now=now)
    except (mail.BadAddress, attempts.TooManyLogins) as refusal:
        return _ask(request, "/sign-up", "Sign up as a creator", email=email, refusal=refusal)
    context_of(request).doorbell.ring()
    return pages.goto("/sign-up?done=letter")


@router.get("/forgot")
def forgot_form(request: Request) -> Response:
    """Ask for an address."""
    return _ask(request, "/forgot", "A new password")


@router.post("/forgot")
def forgot(request: Request, email: Text = "") -> Response:
    """Queue a letter with a link if somebody has the address."""
    try:
        _count(request, email)
        with unit_of_work(context_of(request).database) as session:
            account_letters.ask_to_reset(session, email, now=context_of(request).clock())
    except (mail.BadAddress, attempts.TooManyLogins) as refusal:
        return _ask(request, "/forgot", "A new password", email=email, refusal=refusal)
    context_of(request).doorbell.ring()
    return pages.goto("/forgot?done=letter")


@router.get("/sign-up/{link}", dependencies=_OPEN)
@router.get("/invitations/{link}")
@router.get("/reset/{link}")
def link_form(request: Request, link: str) -> Response:
    """Ask for a password, and for a name where there is no account yet. Nothing is used up."""
    with unit_of_work(context_of(request).database) as session:
        letter = _opened(request, session, link)
    typed = {"name": "", "locale": letter.locale, "time_zone": letter.time_zone}
    return _choose(request, letter, typed=typed)


@router.post("/sign-up/{link}", dependencies=_OPEN)
@router.post("/invitations/{link}")
@router.post("/reset/{link}")
def follow_link(
    request: Request,
    link: str,
    password: Text = "",
    name: Text = "",
    locale: Text = "",
    time_zone: Text = "UTC",
) -> Response:
    """Use the link up: make the account or set the password, and log in."""
    check_origin(request)
    typed = {"name": name, "locale": locale, "time_zone": time_zone}
    context = context_of(request)
    with unit_of_work(context.database) as session:
        letter = _opened(request, session, link)
    try:
        manner = {"locale": checked_locale(locale), "time_zone": checked_zone(time_zone)}
        with unit_of_work(context.database) as session:
            letter = _opened(request, session, link)
            user_id = _followed(request, session, letter, name, password, manner)
    except LinkRefused:
        raise
    except LedgerError as refusal:
        return _choose(request, letter, typed=typed, refusal=refusal)
    context.doorbell.ring()
    answer = pages.goto("/")
    set_session_cookie(request, answer, open_for(request, user_id))
    return answer


def _followed(
    request: Request,
    session: Session,
    letter: AccountLetter,
    name: str,
    password: str,
    manner: dict[str, str],
) -> int:
    now = context_of(request).clock()
    if letter.kind is LetterKind.SIGN_UP:
        return joining.as_creator(
            session,
            letter,
            name=name,
            password=password,
            locale=manner["locale"],
            time_zone=manner["time_zone"],
            now=now,
        )
    if letter.kind is LetterKind.INVITATION:
        return joining.by_invitation(session, letter, name=name, password=password, now=now)
    joining.reset_password(session, letter, password, now=now)
    assert letter.user_id is not None
    return letter.user_id


def _opened(request: Request, session: Session, link: str) -> AccountLetter:
    kinds = {"sign-up": LetterKind.SIGN_UP, "invitations": LetterKind.INVITATION}
    kind = kinds.get(request.url.path.split("/")[1], LetterKind.RESET)
    now = context_of(request).clock()
    return account_letters.opened(session, link, kind, ring_of(request), now=now)


def _count(request: Request, email: str) -> None:
    check_origin(request)
    mail.check_address(email.strip())
    count_letter(request, email.strip().lower())


def _ask(
    request: Request,
    action: str,
    title: str,
    *,
    email: str = "",
    refusal: LedgerError | None = None,
) -> Response:
    errors = errors_of([refusal] if refusal else [], ("email",), other="email")
    is_limited = isinstance(refusal, attempts.TooManyLogins)
    status = 429 if is_limited else 422 if refusal else 200
    return pages.render(
        request, "address.html", title=title, status=status, action=action, email=email,
        errors=errors,
    )  # fmt: skip


def _choose(
    request: Request,
    letter: AccountLetter,
    *,
    typed: dict[str, str],
    refusal: LedgerError | None = None,
) -> Response:
    return pages.render(
        request,
        "arrival.html",
        title="Choose a password",
        status=422 if refusal else 200,
        letter=letter,
        typed=typed,
        zones=zones(),
        errors=errors_of([refusal] if refusal else [], _FIELDS),
    )
