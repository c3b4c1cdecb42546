"""Changes of rights, and what back-dated ones adjust on statements."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.ledger.adjustment import Adjustment
from service.ledger.money import format_nanos
from service.ledger.tiers import Tier
from service.store import adjustments, parties, rights_changes, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.rights_changes import StoredChange

router = APIRouter(tags=["works"], route_class=StrictRoute)


class RightsChange(BaseModel):
    """A change of a work's rights. ``state``: waiting while its corrections are under way."""

    change_id: int
    work_id: int
    title: str
    valid_from: str
    back_dated: bool
    state: str = Field(description="waiting or done")
    reason: str
    changed_at: datetime
    corrected_sales: int


class AdjustedLine(BaseModel):
    """A line of a holder's statements: what they said, what it comes to, what the change adds."""

    holder_id: int
    holder_name: str
    work_id: int
    title: str
    vendor: str
    tier: str
    month: str
    currency: str
    original: str
    corrected: str
    delta: str
    reason: str


@router.get("/v1/rights-changes", summary="Changes of rights", responses=problems(401, 403))
def list_changes(
    context: Context,
    person: CreatorOrOperator,
    work_id: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Of one work; none: of all.")
    ] = None,
    limit: Limit = 20,
    after: After = "",
) -> Page[RightsChange]:
    """List changes of rights that concern your works, newest first; an operator sees all."""
    with unit_of_work(context.database) as session:
        rows = rights_changes.listing(
            session,
            holder_id=person.party_id,
            work_id=work_id,
            before=paging.number_of(after) or None,
            limit=limit + 1,
        )
    return paging.page_of(rows, limit, shown=_shown, cursor=lambda row: row.change_id)


@router.get(
    "/v1/rights-changes/{change_id}",
    summary="One change of rights",
    responses=problems(401, 403, 404),
)
def get_change(context: Context, person: CreatorOrOperator, change_id: Number) -> RightsChange:
    """Return a change of rights that concerns a work of yours."""
    with unit_of_work(context.database) as session:
        return _shown(rights_changes.get(session, change_id, holder_id=person.party_id))


@router.get(
    "/v1/rights-changes/{change_id}/adjustments",
    summary="What a change adjusts",
    responses=problems(401, 403, 404),
)
def list_adjustments(
    context: Context,
    person: CreatorOrOperator,
    change_id: Number,
    limit: Limit = 20,
    after: After = "",
) -> Page[AdjustedLine]:
    """List the lines of your statements that a back-dated change adjusts; an operator sees all."""
    with unit_of_work(context.database) as session:
        change = rights_changes.get(session, change_id, holder_id=person.party_id)
        rows = _adjustments(session, person, change, after, limit)
        return paging.page_of(rows, limit, shown=lambda row: row[1], cursor=lambda row: row[0])


def _adjustments(
    session: Session, person: Person, change: StoredChange, after: str, limit: int
) -> list[tuple[int, AdjustedLine]]:
    found = adjustments.of_change(session, change.change_id, holder_id=person.party_id)
    start = paging.number_of(after)
    rows = list(enumerate(found, start=1))[start : start + limit + 1]
    names = parties.names(session, sorted({one.line.holder_id for _, one in rows}))
    titles = works.titles(session, sorted({one.line.work_id for _, one in rows}))
    return [(at, _adjusted(one, names, titles, change.reason)) for at, one in rows]


def _shown(change: StoredChange) -> RightsChange:
    return RightsChange(
        change_id=change.change_id,
        work_id=change.work_id,
        title=change.title,
        valid_from=change.day.isoformat(),
        back_dated=change.back_dated,
        state="waiting" if change.waiting else "done",
        reason=change.reason,
        changed_at=change.changed_at,
        corrected_sales=change.corrected,
    )


def _adjusted(
    one: Adjustment, names: dict[int, str], titles: dict[int, str], reason: str
) -> AdjustedLine:
    line = one.line
    return AdjustedLine(
        holder_id=line.holder_id,
        holder_name=names[line.holder_id],
        work_id=line.work_id,
        title=titles[line.work_id],
        vendor=line.vendor,
        tier=str(Tier.numbered(line.tier)),
        month=str(line.month),
        currency=line.currency,
        original=format_nanos(one.original_nanos),
        corrected=format_nanos(one.corrected_nanos),
        delta=format_nanos(one.delta_nanos),
        reason=reason,
    )
