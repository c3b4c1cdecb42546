"""Creators register works, withdraw them and say who owns them from which day on."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.formats.native import MAX_FUTURE
from service.api.paging import After, Limit, Number, Page
from service.ledger.money import PPM
from service.ledger.rights import HolderTwice, RightsVersion, check_split
from service.store import holdings, parties, rights, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.rows import WorkRow
from service.store.text_rules import BadText, check_text
from service.store.works import NewWork

router = APIRouter(tags=["works"], route_class=StrictRoute)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_ID = 2**63 - 1


class HolderShare(BaseModel):
    """One holder's part of a work."""

    model_config = ConfigDict(extra="forbid", strict=True)
    holder_id: int = Field(ge=1, le=_MAX_ID)
    share_ppm: int = Field(ge=1, le=PPM, description="Parts per million; all shares sum to 1000000")


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


class NamedShare(BaseModel):
    """One holder's part, with the holder's name."""

    holder_id: int
    name: str
    share_ppm: int


class UpstreamShare(BaseModel):
    """Part of the royalty that goes to a rights version of an upstream work."""

    rights_version_id: int
    share_ppm: int


class SplitVersion(BaseModel):
    """Who owns a work from a day on, until the next version."""

    rights_version_id: int
    valid_from: date
    holders: list[NamedShare]
    upstream: list[UpstreamShare]


class SplitHistory(BaseModel):
    """All versions of a split, oldest first."""

    work_id: int
    versions: list[SplitVersion]


class SplitOrder(BaseModel):
    """A new split from a day on."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "valid_from": "2026-12-01",
                    "holders": [
                        {"holder_id": 7, "share_ppm": 600_000},
                        {"holder_id": 8, "share_ppm": 400_000},
                    ],
                }
            ]
        },
    )
    valid_from: str = Field(description="YYYY-MM-DD, after the days that sales may have by now.")
    holders: list[HolderShare] = Field(max_length=1_000)


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


def _split(holders: Sequence[HolderShare]) -> dict[int, int]:
    """Return shares by holder; raise HolderTwice."""
    shares: dict[int, int] = {}
    for holder in holders:
        if holder.holder_id in shares:
            raise HolderTwice(holder.holder_id)
        shares[holder.holder_id] = holder.share_ppm
    return shares


def _check_own(person: Person, shares: Mapping[int, int]) -> None:
    """Raise BadText where a creator gives a work away whole: nobody could see it any more."""
    if person.party_id is not None and person.party_id not in shares:
        raise BadText("holders", f"must include yourself, holder {person.party_id}")


def _get(session: Session, person: Person, work_id: int) -> WorkRow:
    """Return a work the person may see; raise WorkNotFound."""
    if person.party_id is not None:
        holdings.get(session, person.party_id, work_id)
    return works.get(session, work_id)


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
    shares = _split(order.holders or [])
    if order.holders is None and person.party_id is not None:
        shares = {person.party_id: PPM}
    _check_own(person, check_split(shares))
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
def get_work(context: Context, person: CreatorOrOperator, work_id: Number) -> Work:
    """Return a work you have or had a share in."""
    with unit_of_work(context.database) as session:
        return _shown(_get(session, person, work_id))


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


@router.get(
    "/v1/works/{work_id}/split", summary="Who owns a work", responses=problems(401, 403, 404)
)
def get_split(context: Context, person: CreatorOrOperator, work_id: Number) -> SplitHistory:
    """Return all versions of a work's split, oldest first."""
    with unit_of_work(context.database) as session:
        _get(session, person, work_id)
        return _history(session, work_id)


@router.put(
    "/v1/works/{work_id}/split",
    summary="Change who owns a work",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def put_split(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    order: Annotated[SplitOrder, Body()],
) -> SplitHistory:
    """Start a new split on a day; sales of days before keep the split of their day.

    A creator changes the split of a work that is theirs alone; an operator that of any.
    """
    now = context.clock()
    day = _day(order.valid_from)
    last = (now + MAX_FUTURE).date()
    shares = _split(order.holders)
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_alone(session, person.party_id, work_id)
        works.get(session, work_id)
        _check_own(person, check_split(shares))
        if day <= last:
            raise BadText("valid_from", f"must lie after {last}: sales up to it may be settled")
        rights.change_split(session, work_id, shares, day=day, now=now)
        return _history(session, work_id)


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadText("valid_from", "must be a day like 2026-12-01")


def _history(session: Session, work_id: int) -> SplitHistory:
    versions = rights.history(session, work_id)
    holders = sorted({holder for version in versions for holder in version.shares_ppm})
    names = parties.names(session, holders)
    return SplitHistory(work_id=work_id, versions=[_version(each, names) for each in versions])


def _version(version: RightsVersion, names: dict[int, str]) -> SplitVersion:
    return SplitVersion(
        rights_version_id=version.rights_version_id,
        valid_from=version.valid_from,
        holders=[
            NamedShare(holder_id=holder, name=names[holder], share_ppm=share)
            for holder, share in sorted(version.shares_ppm.items())
        ],
        upstream=[
            UpstreamShare(rights_version_id=upstream, share_ppm=share)
            for upstream, share in sorted(version.upstream_ppm.items())
        ],
    )
