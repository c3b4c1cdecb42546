"""What a vendor sells for and who gets what of it: its rate cards and contracts, to read."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.vendor_asker import VendorAsker, VendorNamed, vendor_of
from service.ledger.contract import Contract
from service.ledger.contract_form import steps_to_json
from service.ledger.money import format_nanos
from service.ledger.tiers import RateCard, Tier
from service.store import terms
from service.store.database import unit_of_work

router = APIRouter(tags=["sales"], route_class=StrictRoute)
_TOKENS = 1_000_000
_Version = TypeVar("_Version", Contract, RateCard)


class ShownRateCard(BaseModel):
    """Prices from a day until the next card; decimal strings by tier, for a million tokens."""

    valid_from: date
    valid_until: date | None = Field(description="First day of the next; null: it goes on.")
    currency: str
    per_million_tokens: dict[Tier, str]


class ShownContract(BaseModel):
    """A waterfall from a day until the next contract.

    Steps take from the gross one after another; rates are nanos (10^-9) a token, or ppm of gross or
    rest, by tier.
    """

    contract_id: int
    valid_from: date
    valid_until: date | None = Field(description="First day of the next; null: it goes on.")
    currency: str
    steps: list[dict[str, Any]]


class VendorTerms(BaseModel):
    """All versions, oldest first."""

    vendor: str
    rate_cards: list[ShownRateCard]
    contracts: list[ShownContract]


@router.get("/v1/terms", summary="My rate cards and contracts", responses=problems(401, 403))
def get_terms(
    context: Context,
    asked_by: VendorAsker,
    vendor: VendorNamed = "",
) -> VendorTerms:
    """Return all versions of what a vendor's sales are priced and divided by; nothing changes here.

    A vendor sees its own. An operator names the vendor; a creator sees none.
    """
    with unit_of_work(context.database) as session:
        vendor_id = vendor_of(session, asked_by, vendor)
        found = terms.of_vendors(session, [vendor_id])[vendor_id]
    return VendorTerms(
        vendor=found.vendor,
        rate_cards=[_card(card, until) for card, until in _with_ends(found.rate_cards)],
        contracts=[_contract(one, until) for one, until in _with_ends(found.contracts)],
    )


def _with_ends(versions: Sequence[_Version]) -> list[tuple[_Version, date | None]]:
    ends: list[date | None] = [one.valid_from for one in versions[1:]]
    return list(zip(versions, [*ends, None], strict=True))


def _card(card: RateCard, until: date | None) -> ShownRateCard:
    return ShownRateCard(
        valid_from=card.valid_from,
        valid_until=until,
        currency=card.currency,
        per_million_tokens={
            tier: format_nanos(nanos * _TOKENS) for tier, nanos in card.nanos_per_token.items()
        },
    )


def _contract(one: Contract, until: date | None) -> ShownContract:
    return ShownContract(
        contract_id=one.contract_id,
        valid_from=one.valid_from,
        valid_until=until,
        currency=one.currency,
        steps=steps_to_json(one.steps),
    )
