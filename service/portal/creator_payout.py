"""Where a creator is paid: who it is, the account, what keeps money back, and tax facts."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.signing_in import check_password_again
from service.ledger.errors import LedgerError
from service.ledger.money import BadCurrency
from service.ledger.payee import (
    MAX_LINES,
    AccountMissing,
    BadCountry,
    Profile,
    ProfileMissing,
    obstacles,
)
from service.ledger.tax import NO_ADVICE, PayeeKind
from service.portal import pages
from service.portal.field_errors import errors_of
from service.store import advances, key_ring, parties, payee_accounts, payees, tax_summaries
from service.store.account_details import BadAccount, checked
from service.store.attempts import TooManyLogins
from service.store.database import unit_of_work
from service.store.people import LoginRefused, Person
from service.store.text_rules import BadText

router = APIRouter()
_PROFILE_FIELDS = ("legal_name", "country", "currency", "address", "tax_number")
_ACCOUNT_FIELDS = ("iban", "number", "bic", "email")
_REFUSED_PROFILE = (BadCountry, BadCurrency, BadText)
Typed = Mapping[str, str]
_OBSTACLES: Mapping[type[LedgerError], str] = {
    ProfileMissing: "You have not said who is paid: legal name, country and currency.",
    AccountMissing: "You have given no account.",
}


@router.get("/payout")
def payout_page(request: Request, person: Creator, context: Context) -> Response:
    """Show who is paid and where, what waits, what was withheld and what was paid early."""
    assert person.party_id is not None
    now = context.clock()
    with unit_of_work(context.database) as session:
        known = payees.known(session, [person.party_id])[person.party_id]
        early = advances.listing(session, holder_id=person.party_id)
        vendors = parties.names(session, sorted({one.vendor_id for one in early}))
        years = {
            year: tax_summaries.of_year(session, year, payee_id=person.party_id)
            for year in (now.year, now.year - 1)
        }
    return pages.render(
        request,
        "payout.html",
        title="Payout",
        payee=known,
        obstacles=[_said(error) for error in obstacles(known, now=now)],
        now=now,
        advances=early,
        vendors=vendors,
        years={year: found for year, found in years.items() if found},
        no_advice=NO_ADVICE,
    )


def _said(error: LedgerError) -> str:
    """Say to the payee itself what keeps it from being paid."""
    plain = _OBSTACLES.get(type(error))
    return plain or error.sentence[0].upper() + error.sentence[1:] + "."


@router.get("/payout/profile")
def profile_page(request: Request, person: Creator, context: Context) -> Response:
    """Show who is paid as a form."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        who = payees.known(session, [person.party_id])[person.party_id].profile
        name = parties.names(session, [person.party_id])[person.party_id]
    typed = {
        "legal_name": who.legal_name if who else name,
        "country": who.country if who else "",
        "kind": str(who.kind) if who else str(PayeeKind.PERSON),
        "currency": who.currency if who else "",
        "address": "\n".join(who.address) if who else "",
        "tax_number": who.tax_number if who else "",
        "invoice": "yes" if who and who.invoice else "",
    }
    return _profile_form(request, typed, {})


@router.post("/payout/profile")
def keep_profile(
    request: Request,
    person: Creator,
    context: Context,
    legal_name: Annotated[str, Form()] = "",
    country: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    currency: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    tax_number: Annotated[str, Form()] = "",
    invoice: Annotated[str, Form()] = "",
) -> Response:
    """Keep who is paid from now on; what was kept before stays on record."""
    assert person.party_id is not None
    typed = {
        "legal_name": legal_name,
        "country": country,
        "kind": kind,
        "currency": currency,
        "address": address,
        "tax_number": tax_number,
        "invoice": invoice,
    }
    try:
        profile = _profile(typed)
        with unit_of_work(context.database) as session:
            payees.add(session, person.party_id, profile, by=person.login, now=context.clock())
    except _REFUSED_PROFILE as refusal:
        place = {BadCountry: "country", BadCurrency: "currency"}.get(type(refusal), "form")
        return _profile_form(
            request, typed, errors_of([refusal], _PROFILE_FIELDS, other=place), status=422
        )
    return pages.goto("/payout?done=profile-kept")


def _profile(typed: Typed) -> Profile:
    lines = tuple(line.strip() for line in typed["address"].splitlines() if line.strip())
    if len(lines) > MAX_LINES:
        raise BadText("address", f"has {len(lines)} lines, at most {MAX_LINES} are taken")
    return Profile(
        typed["legal_name"].strip(),
        typed["country"].strip().upper(),
        PayeeKind.COMPANY if typed["kind"] == PayeeKind.COMPANY else PayeeKind.PERSON,
        typed["currency"].strip().upper(),
        lines,
        typed["tax_number"].strip(),
        invoice=bool(typed["invoice"]),
    )


def _profile_form(
    request: Request, typed: Typed, errors: Mapping[str, str], *, status: int = 200
) -> Response:
    return pages.render(
        request,
        "payout_profile.html",
        title="Who is paid",
        status=status,
        typed=typed,
        errors=errors,
        kinds=[(str(kind), kind.value.capitalize()) for kind in PayeeKind],
    )


@router.get("/payout/account")
def account_page(request: Request, person: Creator, context: Context) -> Response:
    """Show the form for another account; what is kept now is shown masked."""
    return _account_form(request, context, person, {}, {})


@router.post("/payout/account")
def keep_account(
    request: Request,
    person: Creator,
    context: Context,
    password: Annotated[str, Form(max_length=200)] = "",
    iban: Annotated[str, Form(max_length=60)] = "",
    number: Annotated[str, Form(max_length=60)] = "",
    bic: Annotated[str, Form(max_length=20)] = "",
    email: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Keep the account, sealed. Takes the password again; a change waits before it is used."""
    assert person.party_id is not None
    typed = {"iban": iban, "number": number, "bic": bic, "email": email}
    try:
        details = checked(iban_text=iban, number=number, bic_text=bic, email=email)
        check_password_again(request, person, password)
    except BadAccount as refusal:
        errors = errors_of([refusal], _ACCOUNT_FIELDS)
        return _account_form(request, context, person, typed, errors, status=422)
    except (LoginRefused, TooManyLogins) as refusal:
        said = "It is not your password." if isinstance(refusal, LoginRefused) else ""
        errors = {"password": said or refusal.sentence.capitalize() + "."}
        status = 403 if said else 429
        return _account_form(request, context, person, typed, errors, status=status)
    settings = context.settings
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    with unit_of_work(context.database) as session:
        payee_accounts.set_account(
            session,
            person.party_id,
            details,
            key_ring.load(given, settings.home, embedded=settings.embedded),
            by=person.login,
            now=context.clock(),
            cooling_days=settings.payee_cooling_days,
        )
    return pages.goto("/payout?done=account-kept")


def _account_form(
    request: Request,
    context: WebContext,
    person: Person,
    typed: Typed,
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response:
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        account = payees.known(session, [person.party_id])[person.party_id].account
    return pages.render(
        request,
        "payout_account.html",
        title="Where you are paid",
        status=status,
        typed=dict.fromkeys(_ACCOUNT_FIELDS, "") | dict(typed),
        errors=errors,
        account=account,
        cooling_days=context.settings.payee_cooling_days,
    )
