"""Registering a work: paste a text, say who holds it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.forms import ReadingBusy, Upload, file_text, source_of
from service.intake.refusals import FileRefused
from service.ledger.errors import LedgerError
from service.ledger.rights import HolderTwice, NoHolder, ShareOutOfRange, SplitNotWhole
from service.portal import pages
from service.portal.draft import MOST_ROWS, BadPercent, Draft, read
from service.portal.field_errors import errors_of
from service.store import parties, registered_rights, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import Proposer
from service.store.text_rules import BadText
from service.store.work_facts import Source

router = APIRouter()

_MAX_FIELD_BYTES = 6_000_000
_REFUSALS = (
    BadPercent,
    BadText,
    works.TextTooLong,
    works.TextRegistered,
    parties.HolderAmbiguous,
    HolderTwice,
    NoHolder,
    ShareOutOfRange,
    SplitNotWhole,
)


async def long_form(request: Request) -> AsyncIterator[FormData]:
    """Read a form whose fields may be as long as a work; later readers are given the same."""
    form = await request.form(max_part_size=_MAX_FIELD_BYTES)
    yield form
    await form.close()


LongForm = Annotated[FormData, Depends(long_form)]


@router.get("/works/new")
def registration_page(request: Request, person: Creator, context: Context) -> Response:
    """Show the empty form."""
    return _form(request, context, person.party_id, Draft(), {})


@router.post("/works/new", dependencies=[Depends(long_form)])
def register(request: Request, form: LongForm, person: Creator, context: Context) -> Response:
    """Register what was typed; what is wrong is said beside the field and nothing is stored."""
    draft, source = read(form), None
    if "more" in form:
        rows = (*draft.others, ("", ""))[:MOST_ROWS]
        wider = replace(draft, others=rows)
        return _form(request, context, person.party_id, wider, {})
    assert person.party_id is not None
    try:
        found, source = file_of(form)
    except (FileRefused, ReadingBusy) as refusal:
        return _form(request, context, person.party_id, draft, _errors([refusal]))
    draft = replace(draft, text=found) if found else draft
    if faults := draft.faults():
        return _form(request, context, person.party_id, draft, _errors(faults))
    try:
        work_id = _register(context, person, draft, source)
    except _REFUSALS as refusal:
        return _form(request, context, person.party_id, draft, _errors([refusal]))
    context.doorbell.ring()
    return pages.goto(f"/works/{work_id}?done=registered")


def _register(context: WebContext, person: Person, draft: Draft, source: Source | None) -> int:
    assert person.party_id is not None
    now, new = context.clock(), replace(draft.new_work(), source=source)
    with unit_of_work(context.database) as session:
        row = works.register(session, new, registered_at=now, now=now)
        others = {
            name: parties.holder_named(session, name, now=now).party_id or 0
            for name, _ in draft.named_others
        }
        shares = draft.shares(person.party_id, others)
        assert row.work_id is not None
        by = Proposer(person.party_id, person.login)
        registered_rights.first_split(
            session, row.work_id, shares, proposer=by, day=now.date(), now=now
        )
        return row.work_id


def file_of(form: FormData) -> tuple[str, Source | None]:
    """Return the text of the form's file and which file it was; neither where none was chosen.

    Raises FileRefused, ReadingBusy.
    """
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return "", None
    read_text = file_text(Upload(file.filename, file.file.read(), {}))
    return read_text.text, source_of(read_text)


def _errors(refusals: Sequence[LedgerError]) -> dict[str, str]:
    """Return the sentence by field; one about no other field is about holders."""
    return errors_of(refusals, ("title", "language", "text", "file"), other="holders")


def _form(
    request: Request,
    context: WebContext,
    holder_id: int | None,
    draft: Draft,
    errors: dict[str, str],
) -> Response:
    assert holder_id is not None
    with unit_of_work(context.database) as session:
        name = parties.names(session, [holder_id])[holder_id]
    return pages.render(
        request,
        "registration.html",
        title="Register a work",
        status=422 if errors else 200,
        draft=draft,
        name=name,
        errors=errors,
    )
