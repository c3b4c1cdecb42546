"""What a vendor sold and owes by day, tier and model, and the evidence behind any sale."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.paging import After, Limit, Page
from service.api.vendor_asker import VendorAsker, VendorNamed, vendor_of
from service.ledger.contract import run_down
from service.ledger.money import format_nanos
from service.ledger.tiers import Tier
from service.store import attributions, entries, sales, terms, vendor_series, works
from service.store.database import unit_of_work
from service.store.entries import StoredEntry
from service.store.sales import StoredSale
from service.store.vendor_series import Point, SeriesOrder, Step

router = APIRouter(tags=["sales"], route_class=StrictRoute)


class UsagePoint(BaseModel):
    """Sales of one day or month, tier and model; amounts are decimal strings."""

    start: date = Field(description="First day, in UTC.")
    tier: str
    model: str = Field(description="Empty for sales without one.")
    currency: str
    sales: int
    settled: int
    output_tokens: str
    gross: str
    due: str = Field(description="What you owe for those that are settled, less refunds.")


@router.get(
    "/v1/usage",
    summary="What I sold and owe by day, tier and model",
    responses=problems(401, 403),
)
def list_usage(
    context: Context,
    vendor_id: VendorAsker,
    since: Annotated[date, Query(description="First day, in UTC.")],
    until: Annotated[date, Query(description="Last day, at most 366 days in all.")],
    by: Step = Step.DAY,
    tier: Tier | None = None,
    model: Annotated[
        str | None, Query(max_length=200, description="Only this; empty: sales without one.")
    ] = None,
    vendor: VendorNamed = "",
    limit: Limit = 20,
    after: After = "",
) -> Page[UsagePoint]:
    """List tokens, sales, gross and what is owed, in order of time, tier and model.

    A restated sale counts as restated. An operator names the vendor.
    """
    begun = paging.number_of(after)
    with unit_of_work(context.database) as session:
        whose = vendor_of(session, vendor_id, vendor)
        order = SeriesOrder(whose, since, until, by, tier, model)
        rows = vendor_series.series(session, order, after=begun, limit=limit + 1)
    numbered = list(enumerate(rows, start=begun + 1))
    return paging.page_of(
        numbered, limit, shown=lambda one: _point(one[1]), cursor=lambda one: one[0]
    )


def _point(one: Point) -> UsagePoint:
    return UsagePoint(
        start=one.start,
        tier=str(one.tier),
        model=one.model,
        currency=one.currency,
        sales=one.sales_count,
        settled=one.settled_count,
        output_tokens=str(one.output_tokens),
        gross=format_nanos(one.gross_nanos),
        due=format_nanos(one.due_nanos),
    )


class EvidenceSpan(BaseModel):
    """A match: spans in characters of your text and of the work, ends exclusive."""

    output_start: int
    output_end: int
    work_id: int
    title: str
    source_start: int
    source_end: int
    confidence_ppm: int
    kind: str
    paid: bool = Field(description="False where it is nobody's: the commons.")


class EvidenceShare(BaseModel):
    """The part of one work."""

    work_id: int
    title: str
    share_ppm: int


class EvidenceStep(BaseModel):
    """One step of the contract's waterfall; the last takes the rest."""

    step: str
    taken: str
    shortfall: str = Field(description="What was asked and not there any more.")


class EvidencePosting(BaseModel):
    """One leg: debit positive, credit negative."""

    account: str
    amount: str


class EvidenceEntry(BaseModel):
    """The sale's entry, or a correction of it; postings sum to zero."""

    kind: str
    source_id: int
    period: str
    postings: list[EvidencePosting]


class SaleEvidence(BaseModel):
    """Everything that a sale's amounts rest on, as `wellspring explain sale` has it."""

    id: str
    sale_id: int
    state: str
    tier: str
    output_tokens: int
    gross: str
    refunded: str
    currency: str
    contract_id: int
    engine_version: str | None
    shares: list[EvidenceShare]
    unmatched_ppm: int | None
    spans: list[EvidenceSpan]
    waterfall: list[EvidenceStep] = Field(description="Of the gross; refunds take from each leg.")
    entries: list[EvidenceEntry]


@router.get(
    "/v1/sale-evidence/{sale:path}",
    summary="The evidence behind one of my sales",
    responses=problems(401, 403, 404, 409),
)
def get_sale_evidence(
    context: Context,
    vendor_id: VendorAsker,
    sale: Annotated[str, Path(description="The vendor's own id of the sale.")],
    vendor: VendorNamed = "",
) -> SaleEvidence:
    """Return spans, shares, waterfall and entries of a sale. An operator names the vendor."""
    with unit_of_work(context.database) as session:
        found = sales.find(session, vendor_of(session, vendor_id, vendor), sale)
        return _evidence(session, found)


def _evidence(session: Session, sale: StoredSale) -> SaleEvidence:
    valid = terms.of_vendors(session, [sale.vendor_id])[sale.vendor_id]
    contract, tier = valid.contract_on(sale.sold_at.date()), Tier.numbered(sale.tier)
    flow = run_down(sale.gross_nanos, sale.output_tokens, tier, contract.steps)
    shares, spans = _attributed(session, sale.sale_id)
    known = attributions.of_sale(session, sale.sale_id)
    return SaleEvidence(
        id=sale.external_id,
        sale_id=sale.sale_id,
        state=sale.state,
        tier=str(tier),
        output_tokens=sale.output_tokens,
        gross=format_nanos(sale.gross_nanos),
        refunded=format_nanos(int(sale.refunded_nanos)),
        currency=sale.currency,
        contract_id=contract.contract_id,
        engine_version=known.engine_version if known else None,
        shares=shares,
        unmatched_ppm=known.unmatched_ppm if known else None,
        spans=spans,
        waterfall=[
            EvidenceStep(step=step.name, taken=format_nanos(taken), shortfall=format_nanos(short))
            for step, taken, short in zip(contract.steps, flow.taken, flow.shortfall, strict=True)
        ],
        entries=[_entry(one) for one in entries.about_sale(session, sale.sale_id)],
    )


def _attributed(session: Session, sale_id: int) -> tuple[list[EvidenceShare], list[EvidenceSpan]]:
    known = attributions.of_sale(session, sale_id)
    if known is None:
        return [], []
    named = {one.work_id for one in known.evidence} | set(known.share_ppm)
    titles = works.titles(session, sorted(named))
    shares = [
        EvidenceShare(work_id=work, title=titles.get(work, ""), share_ppm=share)
        for work, share in sorted(known.share_ppm.items(), key=lambda x: (-x[1], x[0]))
    ]
    spans = [
        EvidenceSpan(
            output_start=one.output_start,
            output_end=one.output_end,
            work_id=one.work_id,
            title=titles.get(one.work_id, ""),
            source_start=one.source_start,
            source_end=one.source_end,
            confidence_ppm=one.confidence_ppm,
            kind=one.kind,
            paid=one.paid,
        )
        for one in known.evidence
    ]
    return shares, spans


def _entry(one: StoredEntry) -> EvidenceEntry:
    return EvidenceEntry(
        kind=str(one.kind),
        source_id=one.source_id,
        period=str(one.period),
        postings=[EvidencePosting(account=name, amount=format_nanos(n)) for name, n in one.legs],
    )
