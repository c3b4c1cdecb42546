"""A vendor's API keys: made, shown once, rotated with an overlap, revoked."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from service.api.api_keys import state_of
from service.api.dependencies import Context
from service.api.doors import WebContext
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.vendor_person import VendorPerson, day_of, vendor_of
from service.store import api_keys
from service.store.api_keys import KeyEnded, KeyNotFound, Scope
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.rows import ApiKeyRow
from service.store.text_rules import BadText

router = APIRouter()
_FIELDS = ("label", "scopes", "expires_at", "overlap_hours")
_OVERLAPS = (
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("0", "not at all: the old key ends now"),
)
WORDS: Mapping[str, str] = {
    Scope.READ: "Read everything that is yours",
    Scope.SALES: "Report and change sales",
    Scope.OFFERS: "Make offers for licences",
}
"""What each scope lets a key do; others say their own name."""


def _scopes() -> list[tuple[str, str]]:
    return [(str(one), WORDS.get(one, str(one))) for one in Scope]


@router.get("/vendor/keys")
def keys_page(request: Request, person: VendorPerson, context: Context) -> Response:
    """List the vendor's keys, those that let somebody in first."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        rows = api_keys.of_vendor(session, vendor_of(person))
    keys = [(row, state_of(row, now=now)) for row in rows]
    valid = [one for one in keys if not api_keys.has_ended(one[0], now=now)]
    return pages.render(
        request,
        "vendor_keys.html",
        title="Keys",
        valid=valid,
        ended=[one for one in keys if one not in valid],
    )


@router.get("/vendor/keys/new")
def new_key_page(request: Request, person: VendorPerson) -> Response:
    """Show the empty form."""
    assert person.party_id
    return _form(request, {"label": "", "expires_at": ""}, [str(one) for one in Scope], {})


@router.post("/vendor/keys/new")
def make_key(
    request: Request,
    person: VendorPerson,
    context: Context,
    label: Annotated[str, Form()] = "",
    expires_at: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a key and show it, this once."""
    chosen, now, ends = scopes or [], context.clock(), None
    typed = {"label": label, "expires_at": expires_at}
    try:
        if expires_at.strip():
            ends = _end_of(expires_at)
        with unit_of_work(context.database) as session:
            made = api_keys.make(
                session,
                vendor_of(person),
                label.strip(),
                scopes=[one for one in Scope if one in chosen],
                expires_at=ends,
                now=now,
            )
    except BadText as refusal:
        return _form(request, typed, chosen, errors_of([refusal], _FIELDS))
    return _once(request, made)


def _end_of(typed: str) -> datetime:
    """Return the end of a day: a key that expires on it lets somebody in all day long."""
    day = day_of(typed)
    if day is None:
        raise BadText("expires_at", "must be a day like 2030-01-31, or empty")
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


@router.get("/vendor/keys/{key_id}/rotate")
def rotation_page(
    request: Request, person: VendorPerson, context: Context, key_id: int
) -> Response:
    """Say what a rotation does before it is done."""
    row = _own(context, person, key_id)
    return _rotation(request, row, "24", {})


@router.post("/vendor/keys/{key_id}/rotate")
def rotate(
    request: Request,
    person: VendorPerson,
    context: Context,
    key_id: int,
    overlap_hours: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Make a key like another, which ends after the overlap; show the new one, this once."""
    try:
        hours = int(overlap_hours) if overlap_hours in dict(_OVERLAPS) else -1
        with unit_of_work(context.database) as session:
            made = api_keys.rotate(
                session,
                vendor_of(person),
                key_id,
                overlap=timedelta(hours=hours),
                now=context.clock(),
            )
    except (BadText, KeyEnded) as refusal:
        row = _own(context, person, key_id)
        return _rotation(request, row, overlap_hours, errors_of([refusal], _FIELDS))
    return _once(request, made)


@router.get("/vendor/keys/{key_id}/revoke")
def revocation_page(
    request: Request, person: VendorPerson, context: Context, key_id: int
) -> Response:
    """Say what a revocation does before it is done."""
    row = _own(context, person, key_id)
    return pages.render(request, "vendor_key_revoke.html", title=f"Revoke {row.label}", key=row)


@router.post("/vendor/keys/{key_id}/revoke")
def revoke(person: VendorPerson, context: Context, key_id: int) -> Response:
    """Revoke a key at once."""
    with unit_of_work(context.database) as session:
        api_keys.revoke(session, vendor_of(person), key_id, now=context.clock())
    return pages.goto("/vendor/keys?done=key-revoked")


def _own(context: WebContext, person: Person, key_id: int) -> ApiKeyRow:
    with unit_of_work(context.database) as session:
        for row in api_keys.of_vendor(session, vendor_of(person)):
            if row.key_id == key_id:
                return row
    raise KeyNotFound(key_id)


def _form(
    request: Request, typed: Mapping[str, str], chosen: list[str], errors: Mapping[str, str]
) -> Response:
    return pages.render(
        request,
        "vendor_key_new.html",
        title="Make a key",
        status=422 if errors else 200,
        typed=typed,
        chosen=chosen,
        scopes=_scopes(),
        errors=errors,
    )


def _rotation(
    request: Request, row: ApiKeyRow, overlap: str, errors: Mapping[str, str]
) -> Response:
    return pages.render(
        request,
        "vendor_key_rotate.html",
        title=f"Rotate {row.label}",
        status=422 if errors else 200,
        key=row,
        overlap=overlap,
        overlaps=_OVERLAPS,
        errors=errors,
    )


def _once(request: Request, made: tuple[str, ApiKeyRow]) -> Response:
    """Show a whole key; no history of the browser keeps the page."""
    secret, row = made
    answer = pages.render(
        request, "vendor_key_made.html", title="Your new key", secret=secret, key=row
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
