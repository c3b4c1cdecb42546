"""Works that win a little in many outputs, for operators to look at."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api import paging
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.api.paging import After, BadCursor, Limit, Page
from service.ledger.period import Period
from service.store import widespread
from service.store.database import unit_of_work
from service.store.widespread import Place, Presence

router = APIRouter(tags=["works"])

_PLACE = re.compile(r"([2-9][0-9]{3}-(?:0[1-9]|1[0-2]))/([0-9]{1,18})/([0-9]{1,18})", re.ASCII)


class WidespreadWork(BaseModel):
    """In how many of a month's distinct outputs a work won a little: less than a third."""

    month: str = Field(description="YYYY-MM in UTC, of when the outputs were attributed.")
    work_id: int
    title: str
    holders: list[str] = Field(description="Of the newest split; none for the commons.")
    commons: bool
    withdrawn_at: datetime | None
    output_count: int
    of_output_count: int = Field(description="All distinct outputs attributed in the month.")
    part_ppm: int
    finding_id: int | None = Field(description="The newest finding about the work.")


@router.get("/v1/widespread-works", summary="List widespread works", responses=problems(401, 403))
def list_widespread_works(
    context: Context,
    _person: Operator,
    commons: Annotated[
        bool, Query(description="List instead how often each text of the commons wins.")
    ] = False,
    limit: Limit = 20,
    after: After = "",
) -> Page[WidespreadWork]:
    """List works that win a little in more than 5 % of a month's outputs, from 200 outputs on.

    The latest month comes first, and in it the work in the most outputs.
    """
    with unit_of_work(context.database) as session:
        rows = widespread.listing(session, commons=commons, before=_place(after), limit=limit + 1)
    return paging.page_of(rows, limit, shown=_shown, cursor=_cursor)


def _place(after: str) -> Place | None:
    found = _PLACE.fullmatch(after)
    if after and not found:
        raise BadCursor(after)
    return Place(Period.parse(found[1]), int(found[2]), int(found[3])) if found else None


def _cursor(one: Presence) -> str:
    return f"{one.month}/{one.output_count}/{one.work_id}"


def _shown(one: Presence) -> WidespreadWork:
    return WidespreadWork(
        month=str(one.month),
        work_id=one.work_id,
        title=one.title,
        holders=list(one.holders),
        commons=one.commons,
        withdrawn_at=one.withdrawn_at,
        output_count=one.output_count,
        of_output_count=one.of_output_count,
        part_ppm=one.part_ppm,
        finding_id=one.finding_id,
    )
