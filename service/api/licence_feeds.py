"""Licence terms for everybody, in the forms machines look for: RSL 1.0 and TDMRep."""

import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from sqlmodel import Session

from service.api.asked_books import context_of
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.paging import Number
from service.documents import tdmrep
from service.documents.rsl import MEDIA_TYPE, PublishedWork, Site, rsl
from service.ledger.money import Money, check_currency, parse_nanos
from service.store import licence_catalogue
from service.store.database import unit_of_work
from service.store.licence_catalogue import CatalogueWork
from service.store.works import WorkNotFound

router = APIRouter(tags=["licences"], route_class=StrictRoute)
_FRESH = {"Cache-Control": "public, max-age=3600"}
_XML: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "RSL 1.0"}
}
_MOST_HOST_CHARS = 253
_PARTS_A_PIECE = 500
IfNoneMatch = Annotated[str | None, Header(description="ETag of a copy: 304 where it is as new.")]


def site_of(request: Request) -> Site:
    """Return whose licences are published: where this installation is reached, and the price."""
    settings = context_of(request).settings
    address = settings.public_url or str(request.base_url)
    amount, _, currency = settings.licence_price.partition(" ")
    price = Money(parse_nanos(amount), check_currency(currency))
    return Site(address.rstrip("/"), price)


def published(work: CatalogueWork, day: date) -> PublishedWork:
    """Return what is published of a work on a day."""
    uses = work.licence.allowed_on(day)
    multiplier = work.licence.multiplier_ppm
    return PublishedWork(work.work_id, work.uri, uses, multiplier, work.changed_at)


@router.get(
    "/v1/licences/rsl",
    summary="The whole catalogue as RSL",
    response_class=Response,
    responses=_XML | problems(),
)
def get_catalogue(
    request: Request, context: Context, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the licence of every registered work as one RSL document; 304 where it is known."""
    day, site = context.clock().date(), site_of(request)
    with unit_of_work(context.database) as session:
        headers = _fresh(session, site, day)
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        first = licence_catalogue.page_of(session, day=day, after=0)
    works = chain(first, _later(context, first, day))
    parts = rsl((published(work, day) for work in works), site)
    return StreamingResponse(_joined(parts), media_type=MEDIA_TYPE, headers=headers)


def _joined(parts: Iterator[str]) -> Iterator[str]:
    """Join parts to pieces of some size: each piece sent costs a change of threads."""
    while piece := "".join(islice(parts, _PARTS_A_PIECE)):
        yield piece


def _fresh(session: Session, site: Site, day: date) -> dict[str, str]:
    """Return headers by which a copy can be asked for again; the tag counts for one address."""
    told = f"{licence_catalogue.version(session, day=day)} {site.address} {site.price}"
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    return _FRESH | {"ETag": f'"{digest}"'}


def _later(context: WebContext, first: list[CatalogueWork], day: date) -> Iterator[CatalogueWork]:
    """Yield the works after a page, each page in a transaction of its own: readers may be slow."""
    page = first
    while len(page) == licence_catalogue.PAGE:
        with unit_of_work(context.database) as session:
            page = licence_catalogue.page_of(session, day=day, after=page[-1].work_id)
        yield from page


@router.get(
    "/v1/licences/rsl/{work_id}",
    summary="One work as RSL",
    response_class=Response,
    responses=_XML | problems(404),
)
def get_one(request: Request, context: Context, work_id: Number) -> Response:
    """Return the licence of one work as an RSL document."""
    document = rsl([_published_work(context, work_id)], site_of(request))
    return Response("".join(document), media_type=MEDIA_TYPE, headers=_FRESH)


def _published_work(context: WebContext, work_id: int) -> PublishedWork:
    day = context.clock().date()
    with unit_of_work(context.database) as session:
        found = licence_catalogue.of_ids(session, [work_id], day=day)
    if not found:
        raise WorkNotFound(work_id)
    return published(found[0], day)


@router.get("/.well-known/tdmrep.json", summary="Mining reservations", responses=problems())
def get_reservations(
    request: Request,
    context: Context,
    host: Annotated[
        str,
        Query(
            max_length=_MOST_HOST_CHARS,
            description="Whose works: a host they are published on; absent: this one.",
        ),
    ] = "",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the TDMRep rules of a host: of each work with terms, and of all the rest."""
    site, day = site_of(request), context.clock().date()
    wanted = host.lower() or tdmrep.host_of(site.address)
    with unit_of_work(context.database) as session:
        headers = _fresh(session, site, day)
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        pages = licence_catalogue.pages(session, day=day, only_with_terms=True)
        works = (published(work, day) for page in pages for work in page)
        rules = tdmrep.tdmrep(works, site, host=wanted)
    return JSONResponse(rules, headers=headers)


@router.get(
    "/robots.txt",
    summary="Where the licences are",
    response_class=PlainTextResponse,
    responses=problems(),
)
def get_robots(request: Request) -> PlainTextResponse:
    """Name the RSL document, as RSL has crawlers find it; what needs a login is not for them."""
    address = site_of(request).address
    lines = ("User-agent: *", "Disallow: /v1/", "Allow: /v1/licences/", "")
    named = f"License: {address}/v1/licences/rsl\n"
    return PlainTextResponse("\n".join(lines) + named, headers=_FRESH)


_POLICY: dict[int | str, dict[str, Any]] = {
    200: {"content": {tdmrep.POLICY_MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


@router.get(
    "/v1/licences/tdm-policy",
    summary="Policy of most works",
    response_class=Response,
    responses=_POLICY | problems(),
)
def get_usual_policy(request: Request) -> JSONResponse:
    """Return the ODRL offer of works without terms of their own."""
    return _policy(request, None)


@router.get(
    "/v1/licences/tdm-policy/{work_id}",
    summary="Policy of one work",
    response_class=Response,
    responses=_POLICY | problems(404),
)
def get_policy(request: Request, context: Context, work_id: Number) -> JSONResponse:
    """Return the ODRL offer of one work: how a licence to mine it is had."""
    return _policy(request, _published_work(context, work_id))


def _policy(request: Request, work: PublishedWork | None) -> JSONResponse:
    content = tdmrep.policy(work, site_of(request))
    return JSONResponse(content, media_type=tdmrep.POLICY_MEDIA_TYPE, headers=_FRESH)
