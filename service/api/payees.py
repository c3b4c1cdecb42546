"""Payees: who is paid, where, what must be settled before, and the checks operators record."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import OPERATOR, Context, CreatorOrOperator, Operator
from service.api.documented import problems
from service.api.paging import Number
from service.api.signing_in import check_password_again
from service.ledger.errors import LedgerError
from service.ledger.payee import Account, CheckKind, CheckOutcome, Profile, obstacles
from service.ledger.tax import NO_ADVICE, PayeeKind
from service.settings import Settings
from service.store import (
    key_ring,
    parties,
    payee_accounts,
    payee_checks,
    payees,
)
from service.store.account_details import checked
from service.store.database import unit_of_work
from service.store.key_ring import KeyRing
from service.store.payee_checks import NewCheck
from service.store.people import Person

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class ProfileBody(BaseModel):
    """Who is paid."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "legal_name": "Ada Example",
                    "country": "DE",
                    "kind": "person",
                    "currency": "EUR",
                    "address": ["1 Harbour Road", "20457 Hamburg"],
                    "tax_number": "",
                    "invoice": False,
                }
            ]
        },
    )
    legal_name: str = Field(description="As the bank and the authorities know it: 1 to 140.")
    country: str = Field(description="Of residence: two capitals, ISO 3166.")
    kind: PayeeKind = PayeeKind.PERSON
    currency: str = Field(description="In which it is paid: three capitals, ISO 4217.")
    address: list[str] = Field(default_factory=list, description="At most three lines.")
    tax_number: str = ""
    invoice: bool = Field(default=False, description="Whether self-billing invoices are wanted.")


class AccountOrder(BaseModel):
    """Where a payee is paid from now on, and the password of who asks."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"password": "...", "iban": "DE89370400440532013000"}]},
    )
    password: SecretStr = Field(max_length=200, description="Your own, again.")
    iban: str = Field(default="", max_length=60)
    number: str = Field(default="", max_length=60, description="Where there is no IBAN.")
    bic: str = Field(default="", max_length=20)
    email: str = Field(default="", max_length=300, description="Of a wallet.")


class ShownAccount(BaseModel):
    """An account as far as it may be shown."""

    method: str
    masked: str
    usable_at: datetime = Field(description="Nothing is paid to it before.")


class CheckOrder(BaseModel):
    """What a check came to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "identity", "outcome": "passed", "evidence": "Passport seen."}]
        },
    )
    kind: CheckKind
    outcome: CheckOutcome
    evidence: str
    expires_on: date | None = None


class ShownCheck(CheckOrder):
    """A check as it was recorded."""

    matches: list[str] = Field(description="Entries of the list that a screen found.")
    checked_by: str
    checked_at: datetime


class Obstacle(BaseModel):
    """Something that keeps a payee from being paid."""

    code: str
    sentence: str
    until: str | None


class ShownPayee(BaseModel):
    """All that is known of a payee, account numbers masked."""

    payee_id: int
    profile: ProfileBody | None
    account: ShownAccount | None
    checks: list[ShownCheck]
    died_on: date | None
    waits_for: list[Obstacle]
    note: str


@router.get("/v1/payees/{payee_id}", summary="Get a payee", responses=problems(401, 403, 404))
def get_payee(context: Context, person: CreatorOrOperator, payee_id: Number) -> ShownPayee:
    """Return who a payee is, where it is paid, and all that keeps it from being paid now."""
    with unit_of_work(context.database) as session:
        check_own(session, person, payee_id)
        return _shown(session, payee_id, now=context.clock())


@router.put(
    "/v1/payees/{payee_id}/profile",
    summary="Say who is paid",
    responses=problems(400, 401, 403, 404, 413, 415),
)
def put_profile(
    context: Context,
    person: CreatorOrOperator,
    payee_id: Number,
    order: Annotated[ProfileBody, Body()],
) -> ShownPayee:
    """Keep who a payee is from now on; what was kept before stays on record."""
    profile = Profile(
        order.legal_name,
        order.country,
        order.kind,
        order.currency,
        tuple(order.address),
        order.tax_number,
        order.invoice,
    )
    with unit_of_work(context.database) as session:
        check_own(session, person, payee_id)
        payees.add(session, payee_id, profile, by=person.login, now=context.clock())
        return _shown(session, payee_id, now=context.clock())


@router.put(
    "/v1/payees/{payee_id}/account",
    summary="Say where it is paid",
    responses=problems(400, 401, 403, 404, 413, 415, 429),
)
def put_account(
    request: Request,
    context: Context,
    person: CreatorOrOperator,
    payee_id: Number,
    order: Annotated[AccountOrder, Body()],
) -> ShownAccount:
    """Keep where a payee is paid, sealed. Needs your password again; a change waits before use."""
    details = checked(
        iban_text=order.iban, number=order.number, bic_text=order.bic, email=order.email
    )
    with unit_of_work(context.database) as session:
        check_own(session, person, payee_id)
    check_password_again(request, person, order.password.get_secret_value())
    with unit_of_work(context.database) as session:
        account = payee_accounts.set_account(
            session,
            payee_id,
            details,
            _ring(context.settings),
            by=person.login,
            now=context.clock(),
            cooling_days=context.settings.payee_cooling_days,
        )
    return _account(account)


@router.post(
    "/v1/payees/{payee_id}/checks",
    summary="Record a check",
    status_code=201,
    responses=problems(400, 401, 403, 413, 415),
)
def add_check(
    context: Context, person: Operator, payee_id: Number, order: Annotated[CheckOrder, Body()]
) -> ShownPayee:
    """Record a check of identity, rights warranty or sanctions, or decide about a hit."""
    new = NewCheck(payee_id, order.kind, order.outcome, order.evidence, order.expires_on)
    with unit_of_work(context.database) as session:
        payee_checks.add(session, new, by=person.login, now=context.clock())
        return _shown(session, payee_id, now=context.clock())


def check_own(session: Session, person: Person, payee_id: int) -> None:
    """Raise PayeeNotFound for another's payee, UnknownHolder for one that nobody is."""
    if person.role != OPERATOR and person.party_id != payee_id:
        raise payees.PayeeNotFound(payee_id)
    parties.check_holders(session, [payee_id])


def _ring(settings: Settings) -> KeyRing:
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    return key_ring.load(given, settings.home, embedded=settings.embedded)


def _shown(session: Session, payee_id: int, *, now: datetime) -> ShownPayee:
    known = payees.known(session, [payee_id])[payee_id]
    who = known.profile
    return ShownPayee(
        payee_id=payee_id,
        profile=ProfileBody(
            legal_name=who.legal_name,
            country=who.country,
            kind=who.kind,
            currency=who.currency,
            address=list(who.address),
            tax_number=who.tax_number,
            invoice=who.invoice,
        )
        if who
        else None,
        account=_account(known.account) if known.account else None,
        checks=[
            ShownCheck(
                kind=one.check.kind,
                outcome=one.check.outcome,
                evidence=one.check.evidence,
                expires_on=one.check.expires_on,
                matches=list(one.check.matches),
                checked_by=one.checked_by,
                checked_at=one.checked_at,
            )
            for one in payee_checks.history(session, payee_id)
        ],
        died_on=known.died_on,
        waits_for=[_obstacle(error) for error in obstacles(known, now=now)],
        note=NO_ADVICE,
    )


def _obstacle(error: LedgerError) -> Obstacle:
    until = error.facts.get("until")
    return Obstacle(
        code=error.code, sentence=error.sentence, until=None if until is None else str(until)
    )


def _account(account: Account) -> ShownAccount:
    return ShownAccount(method=account.method, masked=account.masked, usable_at=account.usable_at)
