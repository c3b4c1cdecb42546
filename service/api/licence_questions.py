"""A vendor asks before use; a holder sees what was used against terms."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import CallingVendor, Context, CreatorOrOperator
from service.api.documented import problems
from service.api.licences import sorted_uses
from service.api.paging import After, Limit, Page
from service.ledger.contract import Contract, NoContract, run_down
from service.ledger.licence import Against, Deal, Use, rate_of
from service.ledger.money import PPM, format_nanos
from service.ledger.tiers import RateCard, Tier
from service.store import against_terms, deals, licence_catalogue, procurement, terms
from service.store.against_terms import ListedUse
from service.store.database import unit_of_work
from service.store.licence_catalogue import CatalogueWork

router = APIRouter(tags=["licences"], route_class=StrictRoute)
_MILLION = 1_000_000


class TierPrice(BaseModel):
    """What a million output tokens of a tier cost and pay, as decimal strings.

    ``ip_pool``: what goes to sources by your contract. ``royalty``: what the work gets of it, fee
    included, for text drawn wholly from it: times the part drawn, and never above the pool.
    """

    tier: Tier
    currency: str
    gross: str
    ip_pool: str
    royalty: str


class LicenceAnswer(BaseModel):
    """What a vendor may do with a work today, and at which price."""

    work_id: int
    reference: str | None
    title: str
    uri: str | None
    may_output: bool = Field(description="Whether output that draws on it pays it: your licence.")
    against: Against | None = Field(description="Why not, the first that holds.")
    is_excluded: bool = Field(description="Whether its terms exclude you, whatever else they say.")
    uses: list[Use] = Field(description="Allowed today, to vendors that are not excluded.")
    embargo_until: date | None
    multiplier_ppm: int | None = Field(description="Yours, by deal or terms; null without licence.")
    deal_until: date | None = Field(description="Your deal's first day out of it, if you have one.")
    valid_from: date | None = Field(description="First day of these terms; null: never set.")
    holder_ids: list[int] = Field(description="Whom an offer asks; one alone has a catalogue.")
    prices: list[TierPrice]


class LicenceAnswers(BaseModel):
    """The works somebody may have meant; usually one."""

    uri: str
    day: date
    works: list[LicenceAnswer]


class UseRow(BaseModel):
    """Sales of a month that drew on a work against its terms, and paid it nothing."""

    work_id: int
    title: str
    vendor: str
    month: str
    tier: Tier
    against: Against
    sale_count: int
    output_tokens: int


@router.get("/v1/licences", summary="Ask before use", responses=problems(401, 403, 404))
def ask(
    context: Context,
    vendor_id: CallingVendor,
    uri: Annotated[
        str,
        Query(
            min_length=1,
            max_length=2_000,
            description="Its address, ISCC, ISBN, DOI, reference, or urn:wellspring:work:{number}.",
        ),
    ],
) -> LicenceAnswers:
    """Say what you may do with a work today, whether you are excluded, and what it costs."""
    day = context.clock().date()
    with unit_of_work(context.database) as session:
        works = licence_catalogue.named(session, uri, day=day)
        agreed = deals.of_works(session, [work.work_id for work in works])
        splits = procurement.splits_of(session, [work.work_id for work in works])
        pools = _pools(session, vendor_id, day)
        answers = []
        for work in works:
            mine = tuple(one.deal for one in agreed.get(work.work_id, []))
            asked = sorted(splits.get(work.work_id, ()))
            told = _answer(work, mine, pools, asked, vendor_id=vendor_id, day=day)
            answers.append(told)
    return LicenceAnswers(uri=uri, day=day, works=answers)


def _answer(
    work: CatalogueWork,
    agreed: tuple[Deal, ...],
    pools: list[tuple[Tier, str, int, int]],
    holder_ids: list[int],
    *,
    vendor_id: int,
    day: date,
) -> LicenceAnswer:
    rate = rate_of(work.licence, agreed, vendor_id=vendor_id, day=day)
    multiplier, against = (None, rate) if isinstance(rate, Against) else (rate, None)
    deal = next((one for one in agreed if one.holds(vendor_id=vendor_id, day=day)), None)
    uses = work.licence.allowed_on(day) | ({Use.OUTPUT} if deal else frozenset())
    return LicenceAnswer(
        work_id=work.work_id,
        reference=work.reference,
        title=work.title,
        uri=work.uri,
        may_output=against is None,
        against=against,
        is_excluded=vendor_id in work.licence.excluded_vendor_ids,
        uses=sorted_uses(uses),
        embargo_until=work.licence.embargo_until,
        multiplier_ppm=multiplier,
        deal_until=deal.ends_on if deal else None,
        valid_from=work.valid_from,
        holder_ids=holder_ids,
        prices=[
            TierPrice(
                tier=tier,
                currency=currency,
                gross=format_nanos(gross),
                ip_pool=format_nanos(pool),
                royalty=format_nanos(pool * (multiplier or 0) // PPM),
            )
            for tier, currency, gross, pool in (pools if multiplier else [])
        ],
    )


def _pools(session: Session, vendor_id: int, day: date) -> list[tuple[Tier, str, int, int]]:
    """Return tier, currency, gross and IP pool of a million tokens, by the vendor's contract."""
    known = terms.of_vendors(session, [vendor_id])[vendor_id]
    try:
        contract, card = known.contract_on(day), known.rate_card_on(day)
    except NoContract:
        return []
    return [
        (tier, contract.currency, card.gross_nanos(tier, _MILLION), _pool(contract, card, tier))
        for tier in Tier
    ]


def _pool(contract: Contract, card: RateCard, tier: Tier) -> int:
    flow = run_down(card.gross_nanos(tier, _MILLION), _MILLION, tier, contract.steps)
    taken = zip(contract.steps, flow.taken, strict=True)
    return sum(nanos for step, nanos in taken if step.pool)


@router.get("/v1/uses-against-terms", summary="Uses against terms", responses=problems(401, 403))
def list_uses(
    context: Context, person: CreatorOrOperator, limit: Limit = 20, after: After = ""
) -> Page[UseRow]:
    """List what vendors sold of your works against their terms, by month; an operator sees all.

    It paid the work nothing: its part went to the unmatched pool. ``after`` counts rows.
    """
    skip = paging.number_of(after)
    with unit_of_work(context.database) as session:
        rows = against_terms.listing(
            session, holder_id=person.party_id, work_id=None, skip=skip, limit=limit + 1
        )
    numbered = list(enumerate(rows, start=skip + 1))
    return paging.page_of(
        numbered, limit, shown=lambda row: _shown(row[1]), cursor=lambda row: row[0]
    )


def _shown(one: ListedUse) -> UseRow:
    return UseRow(
        work_id=one.work_id,
        title=one.title,
        vendor=one.vendor,
        month=f"{one.month // 100:04d}-{one.month % 100:02d}",
        tier=one.tier,
        against=one.against,
        sale_count=one.sale_count,
        output_tokens=one.output_tokens,
    )
