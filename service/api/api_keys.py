"""Keys of vendors: made, listed, rotated and revoked by the vendor's user or an operator."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import Context, VendorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.store import api_keys, parties
from service.store.api_keys import Scope
from service.store.database import unit_of_work
from service.store.mode import Mode
from service.store.people import Person
from service.store.rows import ApiKeyRow
from service.store.text_rules import BadText

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)
VendorName = Annotated[
    str, Query(max_length=200, description="Name of the vendor; an operator gives it.")
]
_EVERYTHING = sorted(Scope)


class KeyOrder(BaseModel):
    """A key to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"label": "billing server", "scopes": ["sales:write"]},
                {"label": "tests", "mode": "test"},
                {"label": "audit", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00Z"},
            ]
        },
    )
    label: str = Field(description="1 to 100 characters.")
    vendor: str | None = Field(default=None, max_length=200, description="An operator gives it.")
    scopes: list[Scope] = Field(
        default=_EVERYTHING, max_length=len(Scope), description="What it may do; all if left out."
    )
    expires_at: AwareDatetime | None = Field(default=None, description="Absent: it has no end.")
    mode: Mode = Field(default=Mode.LIVE, description="Of which books: live, or those for tests.")


class RotationOrder(BaseModel):
    """How long the old key goes on beside the new one."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"overlap_hours": 48}]}
    )
    vendor: str | None = Field(default=None, max_length=200, description="An operator gives it.")
    overlap_hours: int = Field(default=24, ge=0, le=720, description="0: it ends at once.")


class KeyState(StrEnum):
    """Whether a key lets anybody in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Key(BaseModel):
    """A key as it is known afterwards."""

    key_id: int
    label: str
    prefix: str
    mode: Mode
    scopes: list[Scope]
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    replaces: int | None = Field(description="The key it was made to replace.")


class NewKey(Key):
    """A key with its secret, shown this once."""

    key: str


class KeyList(BaseModel):
    """All keys of a vendor, oldest first."""

    data: list[Key]


def state_of(row: ApiKeyRow, *, now: datetime) -> KeyState:
    """Say whether a key lets anybody in, and why not."""
    if row.revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.EXPIRED if api_keys.has_ended(row, now=now) else KeyState.VALID


def vendor_meant(session: Session, person: Person, vendor: str | None) -> int:
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


def _shown(row: ApiKeyRow, *, now: datetime) -> Key:
    assert row.key_id is not None
    return Key(
        key_id=row.key_id,
        label=row.label,
        prefix=row.prefix,
        mode=api_keys.mode_of(row),
        scopes=[Scope(scope) for scope in row.scopes],
        state=state_of(row, now=now),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        replaces=row.replaces,
    )


def _answer(response: Response, made: tuple[str, ApiKeyRow], *, now: datetime) -> NewKey:
    key, row = made
    response.headers["Cache-Control"] = "no-store"
    return NewKey(**_shown(row, now=now).model_dump(), key=key)


@router.get("/v1/keys", summary="List a vendor's keys", responses=problems(401, 403))
def list_keys(context: Context, person: VendorOrOperator, vendor: VendorName = "") -> KeyList:
    """List keys with their first characters; the keys themselves are not kept."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        rows = api_keys.of_vendor(session, vendor_meant(session, person, vendor))
        return KeyList(data=[_shown(row, now=now) for row in rows])


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
    """Make a key of a vendor. It is shown in this answer and never again.

    A key of mode `test` lets into the vendor's test book alone, which is made now if there is none.
    """
    now = context.clock()
    with unit_of_work(context.database) as session:
        vendor_id = vendor_meant(session, person, order.vendor)
    if order.mode is Mode.TEST:
        context.books.open(vendor_id)
    with unit_of_work(context.database) as session:
        made = api_keys.make(
            session,
            vendor_id,
            order.label,
            mode=order.mode,
            scopes=order.scopes,
            expires_at=order.expires_at,
            now=now,
        )
        return _answer(response, made, now=now)


@router.post(
    "/v1/keys/{key_id}/rotate",
    summary="Replace an API key",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def rotate_key(
    context: Context,
    person: VendorOrOperator,
    response: Response,
    key_id: Number,
    order: Annotated[RotationOrder | None, Body()] = None,
) -> NewKey:
    """Make a key with the label and scopes of another, which goes on for the overlap and ends."""
    now, asked = context.clock(), order or RotationOrder()
    with unit_of_work(context.database) as session:
        made = api_keys.rotate(
            session,
            vendor_meant(session, person, asked.vendor),
            key_id,
            overlap=timedelta(hours=asked.overlap_hours),
            now=now,
        )
        return _answer(response, made, now=now)


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
        vendor_id = vendor_meant(session, person, vendor)
        api_keys.revoke(session, vendor_id, key_id, now=context.clock())
