"""Licence terms: their holders set them, vendors ask before use, and uses against them are told."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.api.preconditions import IfMatch, etag, seen
from service.api.splits import get_seen
from service.ledger.licence import (
    MAX_OWN_MULTIPLIER_PPM,
    CoHoldersMayOnlyTighten,
    Licence,
    Use,
    check_multiplier,
)
from service.ledger.money import PPM
from service.ledger.sale_report import MAX_FUTURE
from service.store import deals, holdings, licences, parties, works
from service.store.database import unit_of_work
from service.store.deals import StoredDeal
from service.store.licences import NewLicence, StoredLicence
from service.store.people import Person
from service.store.text_rules import BadText

router = APIRouter(tags=["licences"], route_class=StrictRoute)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class LicenceOrder(BaseModel):
    """Terms from a day on."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "valid_from": "2026-12-01",
                    "uses": ["output", "retrieval"],
                    "multiplier_ppm": 1_250_000,
                    "excluded_vendors": ["borealis"],
                    "uri": "https://example.org/ode",
                }
            ]
        },
    )
    valid_from: str = Field(description="YYYY-MM-DD, after the days that sales may have by now.")
    uses: list[str] = Field(max_length=10, description="Of output, retrieval, training; or none.")
    multiplier_ppm: int = Field(default=PPM, description="Of the usual royalty, in steps of 10000.")
    embargo_until: str | None = Field(default=None, description="First day that may be used.")
    excluded_vendors: list[str] = Field(default=[], max_length=1_000, description="By name.")
    uri: str | None = Field(default=None, description="Where the work is published.")
    reason: str = Field(default="", description="At most 500 characters, for the record.")


class LicenceVersion(BaseModel):
    """Terms from a day on, until those of the next."""

    licence_id: int
    valid_from: date
    uses: list[Use]
    multiplier_ppm: int
    embargo_until: date | None
    excluded_vendors: list[str]
    uri: str | None
    reason: str
    set_by: str
    known_at: datetime


class AgreedDeal(BaseModel):
    """What a vendor agreed: within its days it outranks the terms. ``ends_on``: no longer in it."""

    vendor: str
    starts_on: date
    ends_on: date
    multiplier_ppm: int
    offer_id: int | None


class WorkLicence(BaseModel):
    """All terms of a work that count or will, oldest first; without any: output, at 1000000 ppm."""

    work_id: int
    versions: list[LicenceVersion]
    deals: list[AgreedDeal]


@router.get(
    "/v1/works/{work_id}/licence", summary="Terms of a work", responses=problems(401, 403, 404)
)
def get_licence(
    context: Context, person: CreatorOrOperator, response: Response, work_id: Number
) -> WorkLicence:
    """Return the terms of a work; the header ETag names them as they are now."""
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
        return _answer(session, response, work_id)


@router.put(
    "/v1/works/{work_id}/licence",
    summary="Set terms of a work",
    responses=problems(400, 401, 403, 404, 409, 412, 413, 415, 428),
)
def put_licence(
    context: Context,
    person: CreatorOrOperator,
    response: Response,
    work_id: Number,
    order: Annotated[LicenceOrder, Body()],
    if_match: IfMatch = None,
) -> WorkLicence:
    """Set terms from a day on; sales of days before, and deals, keep what they had.

    A creator sets those of a work that is theirs alone, up to twice the usual royalty, and may
    tighten those of a shared one. An operator sets any.
    """
    now = context.clock()
    earliest = (now + MAX_FUTURE).date() + timedelta(days=1)
    with unit_of_work(context.database) as session:
        works.get(session, work_id)
        new = licence_of(session, work_id, order)
        if person.party_id is not None:
            check_may(session, person.party_id, new)
        licences.set_terms(
            session, new, earliest=earliest, seen=seen(if_match), by=signed(person), now=now
        )
        return _answer(session, response, work_id)


def licence_of(session: Session, work_id: int, order: LicenceOrder) -> NewLicence:
    """Read terms that are ordered; raise BadText, MultiplierOutOfRange, UnknownVendor."""
    known = {str(use) for use in Use}
    for at, use in enumerate(order.uses):
        if use not in known:
            raise BadText(f"uses[{at}]", f"must be one of {', '.join(Use)}")
    excluded = [parties.vendor_named(session, name).party_id for name in order.excluded_vendors]
    licence = Licence(
        frozenset(Use(use) for use in order.uses),
        check_multiplier(order.multiplier_ppm),
        day_of(order.embargo_until, "embargo_until") if order.embargo_until is not None else None,
        frozenset(vendor for vendor in excluded if vendor is not None),
    )
    day = day_of(order.valid_from, "valid_from")
    return NewLicence(work_id, day, licence, order.uri, order.reason)


def check_may(session: Session, holder_id: int, new: NewLicence) -> None:
    """Raise what keeps a holder from setting terms alone: of a shared work, or above twice."""
    held = holdings.check_present(session, holder_id, new.work_id)
    before = licences.terms_on(licences.history(session, new.work_id), new.valid_from)
    if held.share_ppm == PPM:
        if new.licence.multiplier_ppm != before.multiplier_ppm:
            check_multiplier(new.licence.multiplier_ppm, most_ppm=MAX_OWN_MULTIPLIER_PPM)
    elif not new.licence.is_as_tight_as(before):
        raise CoHoldersMayOnlyTighten(new.work_id)


def signed(person: Person) -> str:
    """Return who did something, for rows that stay: holders by number, since logins are erased."""
    return person.login if person.party_id is None else f"holder {person.party_id}"


def day_of(text: str, place: str) -> date:
    """Read a day; raise BadText naming the place."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadText(place, "must be a day like 2026-12-01")


def _answer(session: Session, response: Response, work_id: int) -> WorkLicence:
    response.headers["ETag"] = etag(licences.newest_id(session, work_id))
    stored = licences.history(session, work_id)
    agreed = deals.of_works(session, [work_id]).get(work_id, [])
    ids = {vendor for one in stored for vendor in one.licence.excluded_vendor_ids}
    slugs = parties.slugs(session, sorted(ids | {one.deal.vendor_id for one in agreed}))
    return WorkLicence(
        work_id=work_id,
        versions=[_version(one, slugs) for one in stored],
        deals=[_deal(one, slugs) for one in agreed],
    )


def _version(one: StoredLicence, slugs: dict[int, str]) -> LicenceVersion:
    return LicenceVersion(
        licence_id=one.licence_id,
        valid_from=one.valid_from,
        uses=sorted_uses(one.licence.uses),
        multiplier_ppm=one.licence.multiplier_ppm,
        embargo_until=one.licence.embargo_until,
        excluded_vendors=sorted(slugs[vendor] for vendor in one.licence.excluded_vendor_ids),
        uri=one.uri,
        reason=one.reason,
        set_by=one.set_by,
        known_at=one.known_at,
    )


def sorted_uses(uses: frozenset[Use]) -> list[Use]:
    """Return uses in the order of the trade: output, retrieval, training."""
    return [use for use in Use if use in uses]


def _deal(one: StoredDeal, slugs: dict[int, str]) -> AgreedDeal:
    return AgreedDeal(
        vendor=slugs[one.deal.vendor_id],
        starts_on=one.deal.starts_on,
        ends_on=one.deal.ends_on,
        multiplier_ppm=one.deal.multiplier_ppm,
        offer_id=one.offer_id,
    )
