"""Vendors report sales, and read back what became of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import CallingVendor, Context
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.sale_marks import SaleFlag, SaleFormat, TierBy
from service.ledger.tiers import Tier
from service.store import (
    attributions,
    corrections,
    sale_conflicts,
    sale_history,
    sale_versions,
    sales,
    works,
)
from service.store.database import unit_of_work
from service.store.sale_conflicts import SaleConflict
from service.store.sale_history import SaleStep
from service.store.sale_versions import SaleVersion
from service.store.sales import StoredSale

router = APIRouter(tags=["sales"], route_class=StrictRoute)
SaleId = Annotated[str, Path(description="Your own id of the sale.")]


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
    format: str = Field(description="native, cloudevents, litellm, otlp or openmeter")
    tier_by: str = Field(description="Who said the tier: report, tag or rule (of the key)")
    flags: list[str] = Field(
        description="What to look at: zero-tokens, zero-gross, unknown-model, conflict"
    )


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


class Step(BaseModel):
    """Something that happened to the sale."""

    state: str = Field(
        description="received, attributed, settled, quarantined, refunded or refund-waiting"
    )
    at: datetime
    reason: str | None
    amount: str | None = Field(description="What was given back.")


class Conflict(BaseModel):
    """What was reported under the same id, but otherwise; the first report stands."""

    format: str
    tier: str
    output_tokens: int
    gross: str
    model: str | None
    sold_at: datetime
    same_text: bool
    received_at: datetime


class SaleDetail(SaleSummary):
    """A sale with its attribution; none where it has no text, no pool, or still waits."""

    history: list[Step] = Field(description="What happened, oldest first.")
    conflicts: list[Conflict]

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
        "format": SaleFormat(sale.format).word,
        "tier_by": TierBy(sale.tier_by).word,
        "flags": [*SaleFlag(sale.flags).words, *(["conflict"] if sale.has_conflict else [])],
    }


@router.get("/v1/sales", summary="List my sales", responses=problems(401, 403))
def list_sales(
    context: Context,
    vendor_id: CallingVendor,
    limit: Limit = 20,
    after: After = "",
    flagged: Annotated[bool, Query(description="Those with flags only.")] = False,
) -> Page[SaleSummary]:
    """List your sales in the order they were received."""
    with unit_of_work(context.database) as session:
        rows = sales.page(
            session,
            vendor_id=vendor_id,
            after=paging.number_of(after),
            limit=limit + 1,
            flagged=flagged,
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
            history=[_step(one) for one in sale_history.of_sale(session, found.sale_id)],
            conflicts=[_conflict(one) for one in sale_conflicts.of_sale(session, found.sale_id)],
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


def _step(one: SaleStep) -> Step:
    amount = None if one.amount_nanos is None else format_nanos(one.amount_nanos)
    return Step(state=one.state, at=one.at, reason=one.reason, amount=amount)


def _conflict(one: SaleConflict) -> Conflict:
    return Conflict(
        format=one.format.word,
        tier=str(one.tier),
        output_tokens=one.output_tokens,
        gross=format_nanos(one.gross_nanos),
        model=one.model,
        sold_at=one.sold_at,
        same_text=one.same_text,
        received_at=one.received_at,
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
