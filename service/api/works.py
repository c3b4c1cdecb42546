"""Creators register works and withdraw them."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.api.shown_works import (
    ExaminedWork,
    GivenIdentifier,
    Work,
    examined,
    identifiers_of,
    shown,
)
from service.api.splits import HolderShare, get_seen
from service.api.work_registration import register
from service.store import editions, holdings, works
from service.store.database import unit_of_work
from service.store.identifiers import MOST_OF_A_WORK
from service.store.text_rules import check_text
from service.store.work_facts import Kind
from service.store.works import NewWork

router = APIRouter(tags=["works"], route_class=StrictRoute)


class WorkOrder(BaseModel):
    """A work to register."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "title": "Ode to the tide",
                    "text": "The tide keeps no ledger, and yet it pays the shore. ...",
                    "language": "en",
                    "reference": "ode-1",
                    "kind": "poem",
                    "created_on": "1984-06",
                    "identifiers": [{"scheme": "orcid", "value": "0000-0002-1825-0097"}],
                }
            ]
        },
    )
    title: str = Field(description="1 to 500 characters.")
    text: str = Field(description="At most 5 MB of UTF-8.")
    language: str = Field(
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        max_length=35,
        description="BCP 47, like en or zh-Hant.",
    )
    reference: str | None = Field(default=None, description="Your own id of the work, unique.")
    kind: str = Field(default=Kind.OTHER, description=f"One of {', '.join(Kind)}.")
    created_on: str | None = Field(
        default=None, description="When it was written: YYYY, YYYY-MM or YYYY-MM-DD."
    )
    identifiers: list[GivenIdentifier] = Field(
        default_factory=list, max_length=MOST_OF_A_WORK, description="What it has elsewhere."
    )
    holders: list[HolderShare] | None = Field(
        default=None,
        max_length=1_000,
        description="Absent: the creator alone. A creator is one of them.",
    )


class IdentifierOrder(BaseModel):
    """Identifiers that an edition of a work got after its registration."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"identifiers": [{"scheme": "isbn", "value": "9780306406157"}]}]
        },
    )
    identifiers: list[GivenIdentifier] = Field(min_length=1, max_length=MOST_OF_A_WORK)
    edition: int = Field(default=1, ge=1, le=1_000)


@router.post(
    "/v1/works",
    summary="Register a work",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def register_work(
    context: Context, person: CreatorOrOperator, order: Annotated[WorkOrder, Body()]
) -> Work:
    """Register a work from now on; it earns from sales at or after this instant."""
    if order.reference is not None:
        check_text(order.reference, place="reference", max_chars=works.MAX_REFERENCE_CHARS)
    work = NewWork(
        order.title,
        order.text,
        order.language,
        order.reference,
        kind=order.kind,
        created_on=order.created_on,
        identifiers=identifiers_of(order.identifiers),
    )
    return register(context, person, work, order.holders)


@router.get("/v1/works", summary="List my works", responses=problems(401, 403))
def list_works(
    context: Context, person: CreatorOrOperator, limit: Limit = 20, after: After = ""
) -> Page[Work]:
    """List the works you have or had a share in, newest first; an operator sees all."""
    before = paging.number_of(after) or None
    with unit_of_work(context.database) as session:
        rows = works.page(session, holder_id=person.party_id, before=before, limit=limit + 1)
    return paging.page_of(rows, limit, shown=shown, cursor=lambda row: row.work_id)


@router.get("/v1/works/{work_id}", summary="One work", responses=problems(401, 403, 404))
def get_work(context: Context, person: CreatorOrOperator, work_id: Number) -> ExaminedWork:
    """Return a work you have or had a share in, with what it owes to earlier ones."""
    with unit_of_work(context.database) as session:
        return examined(session, get_seen(session, person, work_id))


@router.post(
    "/v1/works/{work_id}/identifiers",
    summary="Give a work further identifiers",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def give_identifiers(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    order: Annotated[IdentifierOrder, Body()],
) -> ExaminedWork:
    """Give an edition of a work identifiers it got since; one it has already stays as it is."""
    given = identifiers_of(order.identifiers)
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_present(session, person.party_id, work_id)
        row = works.get(session, work_id)
        editions.give_identifiers(
            session, work_id, given, edition_no=order.edition, now=context.clock()
        )
        return examined(session, row)


@router.post(
    "/v1/works/{work_id}/withdraw",
    summary="Withdraw a work",
    responses=problems(401, 403, 404, 409),
)
def withdraw_work(context: Context, person: CreatorOrOperator, work_id: Number) -> Work:
    """Withdraw a work: it earns nothing from sales from now on; what it earned stays."""
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_present(session, person.party_id, work_id)
        withdrawn = shown(works.withdraw(session, work_id, now=context.clock()))
    context.doorbell.ring()
    return withdrawn
