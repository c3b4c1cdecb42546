"""Registering many works at once: lines are tried first, then all are registered or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from service.api import work_batch
from service.api.body import JSON
from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.work_imports import MAX_WORKS, Batch, checked
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.registration import LongForm, long_form
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import Proposer
from service.store.text_rules import BadText

router = APIRouter()
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Tried:
    """What became, or would become, of the lines: each place with its outcome and the rule."""

    registered: int
    duplicate: int
    rejected: int
    lines: Sequence[tuple[str, str, str]]


@router.get("/works/import")
def batch_page(request: Request, _person: Creator) -> Response:
    """Show the empty form."""
    return _form(request, "", {}, None)


@router.post("/works/import", dependencies=[Depends(long_form)])
def send_batch(request: Request, form: LongForm, person: Creator, context: Context) -> Response:
    """Try the lines, or register all of them; where one is wrong nothing is registered."""
    raw = _raw(form)
    typed = raw.decode("utf-8", "replace")
    try:
        tried = _stored(context, person, raw, keep=form.get("action") == "register")
    except LedgerError as refusal:
        return _form(request, typed, errors_of([refusal], (), other="lines"), None)
    if form.get("action") != "register" or tried.rejected:
        return _form(request, typed, {}, tried)
    context.doorbell.ring()
    return pages.goto("/works?state=indexing&done=batch-registered")


def _raw(form: FormData) -> bytes:
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        return file.file.read()
    return str(form.get("lines", "")).replace("\r\n", "\n").encode("utf-8", "surrogatepass")


def _stored(context: WebContext, person: Person, raw: bytes, *, keep: bool) -> Tried:
    if not raw.strip():
        raise BadText("lines", "must not be empty")
    found, errors = checked(Batch(_kind(raw), raw), person)
    if len(found) + len(errors) > MAX_WORKS:
        raise BadText("lines", f"holds more than {MAX_WORKS} works")
    now = context.clock()
    with unit_of_work(context.database) as session:
        by = Proposer(person.party_id, person.login)
        stored, refused = work_batch.store(session, found, registered_at=now, now=now, proposer=by)
        wrong = [*errors, *refused]
        if wrong or not keep:
            session.rollback()
    told = [(one.place, "rejected", one.rule) for one in wrong]
    told += [(one.place, one.outcome, "") for one in stored]
    registered = sum(one.outcome == work_batch.REGISTERED for one in stored)
    return Tried(registered, len(stored) - registered, len(wrong), told[:_MOST_SHOWN])


def _kind(raw: bytes) -> str:
    """Say what lines are by how they begin: an array, JSON lines, or CSV."""
    first = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return {b"[": JSON, b"{": "application/x-ndjson"}.get(first, "text/csv")


def _form(request: Request, typed: str, errors: Mapping[str, str], tried: Tried | None) -> Response:
    return pages.render(
        request,
        "registration_batch.html",
        title="Register many works",
        status=422 if errors or (tried and tried.rejected) else 200,
        typed=typed,
        errors=errors,
        tried=tried,
        most=MAX_WORKS,
    )
