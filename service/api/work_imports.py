"""Many works in one request: all are registered or none, with a dry run and a word on each line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from service.api import json_body, work_batch
from service.api.batch_refusal import BatchRefused
from service.api.body import JSON, media_type
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.formats import lines, work_line
from service.api.formats.lines import Line
from service.api.formats.work_line import WorkLine
from service.api.splits import check_own
from service.ledger.sale_report import FieldError
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import Proposer
from service.store.text_rules import BadText

router = APIRouter(tags=["works"])

MAX_WORKS = 10_000
_NDJSON, _CSV = "application/x-ndjson", "text/csv"
_EXAMPLE = {"id": "ode-1", "title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}
_BODY = {"requestBody": {"required": True, "content": {
    JSON: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_EXAMPLE]},
    _NDJSON: {"schema": {"type": "string"}},
    _CSV: {"schema": {"type": "string"}},
}}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """A body and what it is."""

    kind: str
    raw: bytes


class ImportedLine(BaseModel):
    """What became, or would become, of one line."""

    place: str
    id: str | None
    outcome: str = Field(description="registered, duplicate or rejected")
    work_id: int | None
    rule: str | None = Field(description="Why it is rejected.")


class Imported(BaseModel):
    """What became of a batch. Of a dry run nothing was kept."""

    dry_run: bool
    registered: int
    duplicate: int
    rejected: int
    items: list[ImportedLine]


_TRIED: dict[int | str, dict[str, Any]] = {
    200: {"model": Imported, "description": "Of a dry run: nothing was kept."}
}


async def batch_of(request: Request) -> Batch:
    """Read a body of one of three media types; raise WrongMediaType."""
    return Batch(media_type(request, (JSON, _NDJSON, _CSV)), await request.body())


@router.post(
    "/v1/works/imports",
    summary="Register many works",
    status_code=201,
    responses=_TRIED | problems(400, 401, 403, 409, 413, 415),
    openapi_extra=_BODY,
)
def import_works(
    context: Context,
    person: CreatorOrOperator,
    batch: Annotated[Batch, Depends(batch_of)],
    response: Response,
    dry_run: Annotated[bool, Query(description="Try everything and keep nothing.")] = False,
) -> Imported:
    """Register all works of a batch, or none where a line is wrong.

    A dry run answers 200 with every line, rejected ones too.
    """
    found, errors = checked(batch, person)
    if len(found) + len(errors) > MAX_WORKS:
        raise BadText("body", f"holds more than {MAX_WORKS} works")
    now = context.clock()
    with unit_of_work(context.database) as session:
        stored, refused = work_batch.store(
            session,
            found,
            registered_at=now,
            now=now,
            proposer=Proposer(person.party_id, person.login),
        )
        wrong = [*errors, *refused]
        if wrong or dry_run:
            session.rollback()
        if wrong and not dry_run:
            raise BatchRefused(wrong)
    if not dry_run:
        context.doorbell.ring()
    else:
        response.status_code = 200
    return _told(stored, wrong, dry_run=dry_run)


def _told(stored: list[work_batch.Stored], wrong: list[FieldError], *, dry_run: bool) -> Imported:
    registered = sum(one.outcome == work_batch.REGISTERED for one in stored)
    items = [
        ImportedLine(
            place=one.place,
            id=one.reference,
            outcome=one.outcome,
            work_id=None if dry_run and one.outcome == work_batch.REGISTERED else one.work_id,
            rule=None,
        )
        for one in stored
    ]
    items += [
        ImportedLine(place=one.place, id=None, outcome="rejected", work_id=None, rule=one.rule)
        for one in wrong
    ]
    return Imported(
        dry_run=dry_run,
        registered=registered,
        duplicate=len(stored) - registered,
        rejected=len(wrong),
        items=items,
    )


def checked(batch: Batch, person: Person) -> tuple[list[WorkLine], list[FieldError]]:
    """Return the works of a batch for whoever asks, and what is wrong with the other lines."""
    return work_line.checked(lines_of(batch), lambda line: read_line(line, person))


def lines_of(batch: Batch) -> Iterable[Line | FieldError]:
    """Return the lines of a batch as its kind has them; raise BadText for no array."""
    if batch.kind == _CSV:
        return lines.of_csv(batch.raw, columns=work_line.COLUMNS)
    if batch.kind == _NDJSON:
        return lines.of_json_lines(batch.raw)
    value: Any = json_body.read(batch.raw)
    if not isinstance(value, list):
        raise BadText("body", "must be an array of works")
    return [lines.of_value(f"works[{at}]", one) for at, one in enumerate(value)]


def read_line(line: Line, person: Person) -> WorkLine:
    """Read a line for whoever asks: a creator names holders by number and is one of them."""
    found = work_line.owned_by(person.party_id)(line)
    if person.party_id is not None:
        if any(isinstance(holder, str) for holder in found.shares_ppm):
            raise BadText("holders", "must be named by holder_id")
        check_own(person, {int(holder): share for holder, share in found.shares_ppm.items()})
    return found
