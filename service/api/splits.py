"""Who owns a work from which day on, and who may see and change it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.ledger.money import PPM
from service.ledger.rights import HolderTwice, RightsVersion, check_split
from service.ledger.sale_report import MAX_FUTURE
from service.store import holdings, parties, rights, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.rows import WorkRow
from service.store.text_rules import BadText

router = APIRouter(tags=["works"], route_class=StrictRoute)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_ID = 2**63 - 1


class HolderShare(BaseModel):
    """One holder's part of a work."""

    model_config = ConfigDict(extra="forbid", strict=True)
    holder_id: int = Field(ge=1, le=_MAX_ID)
    share_ppm: int = Field(ge=1, le=PPM, description="Parts per million; all shares sum to 1000000")


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


def split_of(holders: Sequence[HolderShare]) -> dict[int, int]:
    """Return shares by holder; raise HolderTwice."""
    shares: dict[int, int] = {}
    for holder in holders:
        if holder.holder_id in shares:
            raise HolderTwice(holder.holder_id)
        shares[holder.holder_id] = holder.share_ppm
    return shares


def check_own(person: Person, shares: Mapping[int, int]) -> None:
    """Raise BadText where a creator gives a work away whole: nobody could see it any more."""
    if person.party_id is not None and person.party_id not in shares:
        raise BadText("holders", f"must include yourself, holder {person.party_id}")


def get_seen(session: Session, person: Person, work_id: int) -> WorkRow:
    """Return a work the person may see; raise WorkNotFound."""
    if person.party_id is not None:
        holdings.get(session, person.party_id, work_id)
    return works.get(session, work_id)


@router.get(
    "/v1/works/{work_id}/split", summary="Who owns a work", responses=problems(401, 403, 404)
)
def get_split(context: Context, person: CreatorOrOperator, work_id: Number) -> SplitHistory:
    """Return all versions of a work's split, oldest first."""
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
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
    shares = split_of(order.holders)
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_alone(session, person.party_id, work_id)
        works.get(session, work_id)
        check_own(person, check_split(shares))
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
