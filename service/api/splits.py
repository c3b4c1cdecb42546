"""Who owns a work from which day on, and who may see and change it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.api.preconditions import IfMatch, etag, seen
from service.ledger.money import PPM
from service.ledger.rights import HolderTwice, RightsVersion, check_split
from service.ledger.sale_report import MAX_FUTURE
from service.store import holdings, parties, rights, rights_known, works
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
    work_id: int
    title: str
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
    reason: str = Field(default="", description="At most 500 characters, for the record.")


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
def get_split(
    context: Context,
    person: CreatorOrOperator,
    response: Response,
    work_id: Number,
    known_on: Annotated[
        str, Query(description="YYYY-MM-DD: as it was known at the end of that day; empty: now.")
    ] = "",
    valid_on: Annotated[
        str, Query(description="YYYY-MM-DD: the version of that day alone; empty: all.")
    ] = "",
) -> SplitHistory:
    """Return the versions of a work's split, oldest first; the header ETag names them as of now."""
    known = day_of(known_on, "known_on") if known_on else None
    valid = day_of(valid_on, "valid_on") if valid_on else None
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
        response.headers["ETag"] = etag(rights.newest_number(session, work_id))
        return _history(session, work_id, known_on=known, valid_on=valid)


@router.put(
    "/v1/works/{work_id}/split",
    summary="Change who owns a work",
    responses=problems(400, 401, 403, 404, 409, 412, 413, 415),
)
def put_split(
    context: Context,
    person: CreatorOrOperator,
    response: Response,
    work_id: Number,
    order: Annotated[SplitOrder, Body()],
    if_match: IfMatch = None,
) -> SplitHistory:
    """Start a new split on a day; sales of days before keep the split of their day.

    An operator changes the split of any work. A creator does where it concerns nobody else; where
    it does, the split is proposed and the others accept.
    """
    now = context.clock()
    day = day_of(order.valid_from, "valid_from")
    last = (now + MAX_FUTURE).date()
    shares = split_of(order.holders)
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_alone(session, person.party_id, work_id, shares)
        works.get(session, work_id)
        check_own(person, check_split(shares))
        if day <= last:
            raise BadText("valid_from", f"must lie after {last}: sales up to it may be settled")
        rights.change_split(
            session,
            work_id,
            shares,
            day=day,
            now=now,
            reason=order.reason,
            by=person.login,
            seen=None if if_match is None else seen(if_match),
        )
        response.headers["ETag"] = etag(rights.newest_number(session, work_id))
        return _history(session, work_id)


def day_of(text: str, place: str) -> date:
    """Read a day; raise BadText naming the place."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadText(place, "must be a day like 2026-12-01")


def _history(
    session: Session, work_id: int, *, known_on: date | None = None, valid_on: date | None = None
) -> SplitHistory:
    line = (
        rights.history(session, work_id)
        if known_on is None
        else rights_known.history(session, work_id, known_on=known_on)
    )
    if valid_on is not None:
        line = [version for version in line if version.valid_from <= valid_on][-1:]
    holders = sorted({holder for version in line for holder in version.shares_ppm})
    names = parties.names(session, holders)
    upstream = rights.versions(session, [v for version in line for v in version.upstream_ppm])
    works_of = {number: version.work_id for number, version in upstream.items()}
    titles = works.titles(session, sorted(set(works_of.values())))
    return SplitHistory(
        work_id=work_id, versions=[_version(each, names, works_of, titles) for each in line]
    )


def _version(
    version: RightsVersion, names: dict[int, str], works_of: dict[int, int], titles: dict[int, str]
) -> SplitVersion:
    return SplitVersion(
        rights_version_id=version.rights_version_id,
        valid_from=version.valid_from,
        holders=[
            NamedShare(holder_id=holder, name=names[holder], share_ppm=share)
            for holder, share in sorted(version.shares_ppm.items())
        ],
        upstream=[
            UpstreamShare(
                rights_version_id=upstream,
                work_id=works_of[upstream],
                title=titles[works_of[upstream]],
                share_ppm=share,
            )
            for upstream, share in sorted(version.upstream_ppm.items())
        ],
    )
