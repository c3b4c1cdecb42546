"""Sessions of people and keys of vendors."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import (
    Context,
    SignedIn,
    VendorOrOperator,
    clear_session_cookie,
    log_in,
    log_out,
    set_session_cookie,
)
from service.api.documented import problems
from service.api.paging import Number
from service.store import parties, people
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.rows import ApiKeyRow
from service.store.text_rules import BadText

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)
VendorName = Annotated[
    str, Query(max_length=200, description="Name of the vendor; an operator gives it.")
]


class Credentials(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"login": "ada@example.org", "password": "..."}]},
    )
    login: str = Field(max_length=200)
    password: str = Field(max_length=200)


class SessionAnswer(BaseModel):
    """Who is logged in, and the token that methods which change something need."""

    login: str
    role: str
    party_id: int | None
    csrf_token: str


class KeyOrder(BaseModel):
    """A key to make."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"label": "billing server"}]},
    )
    label: str = Field(description="1 to 100 characters.")
    vendor: str | None = Field(default=None, max_length=200, description="An operator gives it.")


class Key(BaseModel):
    """A key as it is known afterwards."""

    key_id: int
    label: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


class NewKey(Key):
    """A key with its secret, shown this once."""

    key: str


class KeyList(BaseModel):
    """All keys of a vendor, oldest first."""

    data: list[Key]


def _answer(person: Person) -> SessionAnswer:
    return SessionAnswer(
        login=person.login,
        role=person.role,
        party_id=person.party_id,
        csrf_token=person.csrf_token,
    )


@router.post("/v1/session", summary="Log in", responses=problems(400, 401, 403, 413, 415, 429))
def open_session(
    request: Request, response: Response, credentials: Annotated[Credentials, Body()]
) -> SessionAnswer:
    """Log in: sets the session cookie and returns the CSRF token of the session."""
    token, person = log_in(request, credentials.login, credentials.password)
    set_session_cookie(request, response, token)
    return _answer(person)


@router.get("/v1/session", summary="Who is logged in", responses=problems(401))
def get_session(person: SignedIn) -> SessionAnswer:
    """Return who is logged in, with the CSRF token."""
    return _answer(person)


@router.delete("/v1/session", summary="Log out", status_code=204, responses=problems(401, 403))
def close_session(request: Request, response: Response, _person: SignedIn) -> None:
    """End the session."""
    log_out(request)
    clear_session_cookie(request, response)


def _vendor_id(session: Session, person: Person, vendor: str | None) -> int:
    """Return the vendor meant: a vendor's user its own, an operator the one it names."""
    if person.party_id is not None:
        if vendor and parties.vendor_named(session, vendor).party_id != person.party_id:
            raise BadText("vendor", "must be your own, or left out")
        return person.party_id
    if not vendor:
        raise BadText("vendor", "must be given: the name of the vendor")
    found = parties.vendor_named(session, vendor).party_id
    assert found is not None
    return found


def _shown(row: ApiKeyRow) -> Key:
    assert row.key_id is not None
    return Key(
        key_id=row.key_id,
        label=row.label,
        prefix=row.prefix,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


@router.get("/v1/keys", summary="List a vendor's keys", responses=problems(401, 403))
def list_keys(context: Context, person: VendorOrOperator, vendor: VendorName = "") -> KeyList:
    """List keys with their first characters; the keys themselves are not kept."""
    with unit_of_work(context.database) as session:
        rows = people.keys_of(session, _vendor_id(session, person, vendor))
    return KeyList(data=[_shown(row) for row in rows])


@router.post(
    "/v1/keys",
    summary="Make an API key",
    status_code=201,
    responses=problems(400, 401, 403, 413, 415),
)
def make_key(
    context: Context,
    person: VendorOrOperator,
    response: Response,
    order: Annotated[KeyOrder, Body()],
) -> NewKey:
    """Make a key of a vendor. It is shown in this answer and never again."""
    with unit_of_work(context.database) as session:
        vendor_id = _vendor_id(session, person, order.vendor)
        key, row = people.add_key(session, vendor_id, order.label, now=context.clock())
    response.headers["Cache-Control"] = "no-store"
    return NewKey(**_shown(row).model_dump(), key=key)


@router.delete(
    "/v1/keys/{key_id}",
    summary="Revoke an API key",
    status_code=204,
    responses=problems(401, 403, 404),
)
def revoke_key(
    context: Context, person: VendorOrOperator, key_id: Number, vendor: VendorName = ""
) -> None:
    """Revoke a key at once; revoking it again changes nothing."""
    with unit_of_work(context.database) as session:
        vendor_id = _vendor_id(session, person, vendor)
        people.revoke_key(session, vendor_id, key_id, now=context.clock())
