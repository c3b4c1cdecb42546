"""Vendors report sales, and read back what became of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging, sales_request
from service.api.body import StrictRoute, media_type
from service.api.dependencies import CallingVendor, Context
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.api.problems import Problem, json_response
from service.api.sales_documented import REPORT, REPORTED
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.sale_report import ItemOutcome, Outcome
from service.ledger.tiers import Tier
from service.store import attributions, corrections, sale_versions, sales, terms, works
from service.store.database import unit_of_work
from service.store.sale_versions import SaleVersion
from service.store.sales import StoredSale

router = APIRouter(tags=["sales"], route_class=StrictRoute)
SaleId = Annotated[str, Path(description="Your own id of the sale.")]


@dataclass(frozen=True, slots=True)
class _Report:
    """A report's media type and bytes."""

    kind: str
    raw: bytes


async def _report(request: Request) -> _Report:
    kind = media_type(request, sales_request.MEDIA_TYPES)
    return _Report(kind, await request.body())


@router.post(
    "/v1/sales",
    summary="Report sales",
    responses=REPORTED | problems(400, 401, 403, 408, 409, 413, 415),
    openapi_extra=REPORT,
)
def report_sales(
    context: Context,
    vendor_id: CallingVendor,
    report: Annotated[_Report, Depends(_report)],
    request: Request,
) -> Response:
    """Report one sale (an object), an array of them, or one a line (NDJSON).

    At most 10,000 sales and 20 MB. What is answered is stored: created and duplicate items are
    safe, a conflict (the same id with other content) and a rejected item are not stored. Sending a
    report again changes nothing. Where one object was sent alone, its rejection is answered as 422
    and its conflict as 409; the members are the same.
    """
    now = context.clock()
    with unit_of_work(context.database) as session:
        valid = terms.of_vendors(session, [vendor_id])[vendor_id]
    read = sales_request.read(
        report.kind, report.raw, terms=valid, now=now, fingerprints=context.fingerprints
    )
    stored: list[ItemOutcome] = []
    if read.reported:
        with unit_of_work(context.database) as session:
            stored = sales.report(
                session,
                vendor_id,
                valid.vendor,
                read.reported,
                now=now,
                retention_days=context.settings.text_retention_days,
            )
    outcomes = read.answered(stored)
    if any(one.outcome is Outcome.CREATED for one in outcomes):
        context.doorbell.ring()
    if read.is_single and outcomes[0].outcome in _SINGLE:
        return _single(request, outcomes[0])
    return JSONResponse(_answer(outcomes))


_OF_SALES = (Outcome.CREATED, Outcome.DUPLICATE, Outcome.CONFLICT, Outcome.REJECTED)
_SINGLE = {
    Outcome.REJECTED: (422, "sale-rejected", "the sale was not stored: see errors"),
    Outcome.CONFLICT: (409, "sale-conflict", "a sale of this id was reported with other content"),
}


def _single(request: Request, outcome: ItemOutcome) -> Response:
    status, code, detail = _SINGLE[outcome.outcome]
    problem = Problem(status, code, detail, outcome.errors, more=_answer([outcome]))
    return json_response(problem, request.state.request_id)


def _answer(outcomes: Sequence[ItemOutcome]) -> dict[str, object]:
    counts = Counter(outcome.outcome for outcome in outcomes)
    return {
        "accepted": counts[Outcome.CREATED] + counts[Outcome.DUPLICATE],
        "counts": {str(outcome): counts[outcome] for outcome in _OF_SALES},
        "items": [_shown_outcome(outcome) for outcome in outcomes],
    }


def _shown_outcome(one: ItemOutcome) -> dict[str, object]:
    shown: dict[str, object] = {"id": one.external_id, "outcome": str(one.outcome)}
    if one.sale_id is not None:
        shown["sale_id"] = one.sale_id
    if one.errors:
        shown["errors"] = [{"place": each.place, "rule": each.rule} for each in one.errors]
    return shown


class SaleSummary(BaseModel):
    """A sale as stored; amounts are decimal strings."""

    id: str = Field(description="Your own id.")
    sale_id: int
    state: str = Field(description="reported, attributed, settled or quarantined")
    reason: str | None = Field(description="Why it is quarantined.")
    tier: str
    output_tokens: int
    tokens_estimated: bool
    model: str | None
    gross: str
    refunded: str = Field(description="What refunds gave back so far and is posted.")
    currency: str
    sold_at: datetime
    period: str
    received_at: datetime
    has_text: bool = Field(description="Whether a text, or its fingerprint, was sent.")


class WorkShare(BaseModel):
    """The part of one work."""

    work_id: int
    title: str
    share_ppm: int


class SaleAttribution(BaseModel):
    """How the text divides among works; shares and unmatched sum to 1,000,000 ppm."""

    shares: list[WorkShare]
    unmatched_ppm: int
    engine_version: str


class ToldVersion(BaseModel):
    """What you said of the sale at one time; the newest version counts."""

    version: int
    restatement: str | None = Field(description="Your own id of the restatement.")
    tier: str
    output_tokens: int
    gross: str
    reason: str | None
    told_at: datetime


class Correction(BaseModel):
    """Why the books were corrected since the sale was settled."""

    correction_id: int
    cause: str = Field(description="refund, restatement, attribution, contract or rights")
    reason: str
    corrected_at: datetime


class SaleDetail(SaleSummary):
    """A sale with its attribution; none where it has no text, no pool, or still waits."""

    attribution: SaleAttribution | None
    versions: list[ToldVersion] = Field(description="As first reported, then as restated.")
    corrections: list[Correction]


def _fields(sale: StoredSale) -> dict[str, Any]:
    return {
        "id": sale.external_id,
        "sale_id": sale.sale_id,
        "state": sale.state,
        "reason": sale.reason,
        "tier": str(Tier.numbered(sale.tier)),
        "output_tokens": sale.output_tokens,
        "tokens_estimated": sale.tokens_estimated,
        "model": sale.model,
        "gross": format_nanos(sale.gross_nanos),
        "refunded": format_nanos(int(sale.refunded_nanos)),
        "currency": sale.currency,
        "sold_at": sale.sold_at,
        "period": str(Period(sale.period)),
        "received_at": sale.received_at,
        "has_text": sale.text_hash is not None,
    }


@router.get("/v1/sales", summary="List my sales", responses=problems(401, 403))
def list_sales(
    context: Context, vendor_id: CallingVendor, limit: Limit = 20, after: After = ""
) -> Page[SaleSummary]:
    """List your sales in the order they were received."""
    with unit_of_work(context.database) as session:
        rows = sales.page(
            session, vendor_id=vendor_id, after=paging.number_of(after), limit=limit + 1
        )
    return paging.page_of(
        rows, limit, shown=lambda s: SaleSummary(**_fields(s)), cursor=lambda s: s.sale_id
    )


@router.get("/v1/sales/{sale:path}", summary="One of my sales", responses=problems(401, 403, 404))
def get_sale(context: Context, vendor_id: CallingVendor, sale: SaleId) -> SaleDetail:
    """Return a sale by your own id: its state, what it earned and whose works it drew on."""
    with unit_of_work(context.database) as session:
        found = sales.find(session, vendor_id, sale)
        return SaleDetail(
            **_fields(found),
            attribution=_attribution(session, found.sale_id),
            versions=[_version(one) for one in sale_versions.of_sale(session, found.sale_id)],
            corrections=[
                Correction(
                    correction_id=one.correction_id,
                    cause=str(one.cause),
                    reason=one.reason,
                    corrected_at=one.corrected_at,
                )
                for one in corrections.of_sale(session, found.sale_id)
            ],
        )


def _version(one: SaleVersion) -> ToldVersion:
    return ToldVersion(
        version=one.version,
        restatement=one.restatement,
        tier=str(one.tier),
        output_tokens=one.output_tokens,
        gross=format_nanos(one.gross_nanos),
        reason=one.reason,
        told_at=one.told_at,
    )


def _attribution(session: Session, sale_id: int) -> SaleAttribution | None:
    known = attributions.of_sale(session, sale_id)
    if known is None:
        return None
    titles = works.titles(session, list(known.share_ppm))
    return SaleAttribution(
        shares=[
            WorkShare(work_id=work, title=titles[work], share_ppm=share)
            for work, share in sorted(known.share_ppm.items(), key=lambda x: (-x[1], x[0]))
        ],
        unmatched_ppm=known.unmatched_ppm,
        engine_version=known.engine_version,
    )
