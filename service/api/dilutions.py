"""What of a unit credited to a work reaches whom: shown to everybody it concerns."""

from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.api.splits import day_of
from service.ledger.dilution import Reached, floor_ppm
from service.store import dilutions, parties, works
from service.store.database import unit_of_work

router = APIRouter(tags=["works"], route_class=StrictRoute)


class Part(BaseModel):
    """A part of the unit: exactly, as a fraction, and in whole ppm rounded down."""

    exact: str = Field(examples=["3/20"])
    ppm: int


class HolderPart(Part):
    """What of the unit one holder gets by one work."""

    holder_id: int
    name: str


class ReachedWork(BaseModel):
    """A work the unit reaches: what comes to it, what stays with its holders."""

    work_id: int
    title: str
    rights_version_id: int
    received: Part
    kept: Part
    holders: list[HolderPart]


class DerivedWork(BaseModel):
    """A work that derives from this one, and what of its own unit comes to this one."""

    work_id: int
    title: str
    part: Part


class Dilution(BaseModel):
    """All parts of all holders sum to one unit; works in order of the path."""

    work_id: int
    valid_on: str
    reached: list[ReachedWork]
    derivatives: list[DerivedWork]


@router.get(
    "/v1/works/{work_id}/dilution",
    summary="Who gets what of a unit",
    responses=problems(401, 403, 404),
)
def get_dilution(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    valid_on: Annotated[str, Query(description="YYYY-MM-DD; empty: today.")] = "",
) -> Dilution:
    """Return who gets which part of what is credited to a work, after all upstream shares.

    Shown to the holders of the work, of all it derives from and of all that derives from it.
    """
    day = day_of(valid_on, "valid_on") if valid_on else context.clock().date()
    with unit_of_work(context.database) as session:
        works.get(session, work_id)
        if person.party_id is not None:
            dilutions.check_concerned(session, person.party_id, work_id)
        reached = dilutions.of_work(session, work_id, day=day)
        derived = dilutions.from_derivatives(session, work_id, day=day)
        named = {one.work_id for one in reached} | {one.work_id for one in derived}
        titles = works.titles(session, sorted(named))
        names = parties.names(session, sorted({h for one in reached for h in one.of_holder}))
    return Dilution(
        work_id=work_id,
        valid_on=day.isoformat(),
        reached=[_reached(one, titles, names) for one in reached],
        derivatives=[
            DerivedWork(work_id=one.work_id, title=titles[one.work_id], part=_part(one.part))
            for one in derived
        ],
    )


def _reached(one: Reached, titles: dict[int, str], names: dict[int, str]) -> ReachedWork:
    return ReachedWork(
        work_id=one.work_id,
        title=titles[one.work_id],
        rights_version_id=one.rights_version_id,
        received=_part(one.received),
        kept=_part(one.kept),
        holders=[
            HolderPart(holder_id=h, name=names[h], exact=str(part), ppm=floor_ppm(part))
            for h, part in one.of_holder.items()
        ],
    )


def _part(part: Fraction) -> Part:
    return Part(exact=str(part), ppm=floor_ppm(part))
