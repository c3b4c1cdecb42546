"""Creators register works and withdraw them."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.findings import WorkFinding, finding_shown
from service.api.paging import After, Limit, Number, Page
from service.api.splits import HolderShare, check_own, get_seen, split_of
from service.ledger.money import PPM
from service.ledger.rights import check_split
from service.store import findings, holdings, rights, works
from service.store.database import unit_of_work
from service.store.rows import WorkRow
from service.store.text_rules import check_text
from service.store.works import NewWork

router = APIRouter(tags=["works"], route_class=StrictRoute)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_ID = 2**63 - 1


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
    holders: list[HolderShare] | None = Field(
        default=None,
        max_length=1_000,
        description="Absent: the creator alone. A creator is one of them.",
    )


class Work(BaseModel):
    """A registered work."""

    work_id: int
    title: str
    language: str
    reference: str | None
    text_chars: int
    state: str = Field(description="waiting for embedding, indexed or withdrawn")
    registered_at: datetime
    withdrawn_at: datetime | None


class ExaminedWork(Work):
    """A work with what was found at its registration; ``originality_ppm`` is null before."""

    commons: bool = Field(description="A text that is nobody's: it wins passages, unpaid.")
    originality_ppm: int | None = Field(description="Part of the text that nothing earlier has.")
    flags: list[str] = Field(description="stuffed, evasive")
    findings: list[WorkFinding] = Field(description="What it owes to earlier works.")


def _shown(row: WorkRow) -> Work:
    assert row.work_id is not None
    state = "indexed" if row.embedded_at else "waiting for embedding"
    return Work(
        work_id=row.work_id,
        title=row.title,
        language=row.language,
        reference=row.reference,
        text_chars=row.text_chars,
        state="withdrawn" if row.withdrawn_at else state,
        registered_at=row.registered_at,
        withdrawn_at=row.withdrawn_at,
    )


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
    now = context.clock()
    shares = split_of(order.holders or [])
    if order.holders is None and person.party_id is not None:
        shares = {person.party_id: PPM}
    check_own(person, check_split(shares))
    if order.reference is not None:
        check_text(order.reference, place="reference", max_chars=works.MAX_REFERENCE_CHARS)
    work = NewWork(order.title, order.text, order.language, order.reference)
    with unit_of_work(context.database) as session:
        row = works.register(session, work, registered_at=now, now=now)
        assert row.work_id is not None
        rights.first_version(session, row.work_id, shares, day=now.date(), now=now)
        shown = _shown(row)
    context.doorbell.ring()
    return shown


@router.get("/v1/works", summary="List my works", responses=problems(401, 403))
def list_works(
    context: Context, person: CreatorOrOperator, limit: Limit = 20, after: After = ""
) -> Page[Work]:
    """List the works you have or had a share in, newest first; an operator sees all."""
    before = paging.number_of(after) or None
    with unit_of_work(context.database) as session:
        rows = works.page(session, holder_id=person.party_id, before=before, limit=limit + 1)
    return paging.page_of(rows, limit, shown=_shown, cursor=lambda row: row.work_id)


@router.get("/v1/works/{work_id}", summary="One work", responses=problems(401, 403, 404))
def get_work(context: Context, person: CreatorOrOperator, work_id: Number) -> ExaminedWork:
    """Return a work you have or had a share in, with what it owes to earlier ones."""
    with unit_of_work(context.database) as session:
        row = get_seen(session, person, work_id)
        found = findings.of_work(session, work_id)
    return ExaminedWork(
        **_shown(row).model_dump(),
        commons=row.commons,
        originality_ppm=row.originality_ppm,
        flags=row.flags,
        findings=[finding_shown(one) for one in found],
    )


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
        shown = _shown(works.withdraw(session, work_id, now=context.clock()))
    context.doorbell.ring()
    return shown
