"""Further editions of a work: a new text, the same work, the same holders."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.paging import Number
from service.api.shown_works import (
    GivenIdentifier,
    ShownEdition,
    edition_shown,
    identifiers_of,
)
from service.store import editions, holdings
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.identifiers import MOST_OF_A_WORK
from service.store.people import Person

router = APIRouter(tags=["works"], route_class=StrictRoute)


class EditionFields(BaseModel):
    """What is said of an edition beside its text."""

    model_config = ConfigDict(extra="forbid")
    note: str | None = Field(default=None, description="What is new in it, 1 to 200 characters.")
    created_on: str | None = Field(
        default=None, description="When it was written: YYYY, YYYY-MM or YYYY-MM-DD."
    )
    identifiers: list[GivenIdentifier] = Field(
        default_factory=list, max_length=MOST_OF_A_WORK, description="What it has elsewhere."
    )


class EditionOrder(EditionFields):
    """A further edition of a work."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "The tide keeps no ledger, and yet it pays the shore, twice. ...",
                    "note": "Second edition, with an afterword",
                }
            ]
        },
    )
    text: str = Field(description="The whole text of the edition, at most 5 MB of UTF-8.")


@router.post(
    "/v1/works/{work_id}/editions",
    summary="Register a further edition of a work",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def add_edition(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    order: Annotated[EditionOrder, Body()],
) -> ShownEdition:
    """Register a text as the next edition; what is new in it earns from now on, as the work."""
    edition = NewEdition(
        order.text, order.note, order.created_on, identifiers_of(order.identifiers)
    )
    return add(context, person, work_id, edition)


def add(context: WebContext, person: Person, work_id: int, edition: NewEdition) -> ShownEdition:
    """Register an edition of a work the person has a share in; ring for the worker."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_present(session, person.party_id, work_id)
        row = editions.add(session, work_id, edition, registered_at=now, now=now)
        made = editions.of_work(session, work_id)[-1]
        assert made.edition_no == row.edition_no
    context.doorbell.ring()
    return edition_shown(made, row.language)
