"""Editions of a creator's work: the list, and registering a further one."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.field_errors import said_or_raised
from service.portal.registration import LongForm, file_of, long_form
from service.store import editions, holdings
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.people import Person

router = APIRouter()
_FIELDS = ("text", "file", "note")


@router.get("/works/{work_id}/editions")
def editions_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """List the editions, newest first, with the form for a further one."""
    return _page(request, person, context, work_id, {}, {})


@router.post("/works/{work_id}/editions", dependencies=[Depends(long_form)])
def add_edition(
    request: Request, form: LongForm, person: Creator, context: Context, work_id: int
) -> Response:
    """Register a text as the next edition; what is new in it earns from now on."""
    assert person.party_id is not None
    now = context.clock()
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in ("text", "note")}
    try:
        read, source = file_of(form)
        typed["text"] = read or typed["text"]
        new = NewEdition(typed["text"], typed["note"].strip() or None, source=source)
        with unit_of_work(context.database) as session:
            holdings.check_present(session, person.party_id, work_id)
            editions.add(session, work_id, new, registered_at=now, now=now)
    except LedgerError as refusal:
        errors = said_or_raised(refusal, _FIELDS)
        return _page(request, person, context, work_id, typed, errors)
    context.doorbell.ring()
    return pages.goto(f"/works/{work_id}/editions?done=edition-added")


def _page(
    request: Request,
    person: Person,
    context: WebContext,
    work_id: int,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        found = editions.of_work(session, work_id)
    return pages.render(
        request,
        "work_editions.html",
        title=f"Editions of {work.title}",
        status=422 if errors else 200,
        work=work,
        editions=found[::-1],
        typed={"text": "", "note": ""} | dict(typed),
        errors=errors,
    )
