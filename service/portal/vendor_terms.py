"""What a vendor's sales are priced and divided by: contracts and rate cards in all versions."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.api.dependencies import Context
from service.ledger.contract import Contract
from service.ledger.tiers import RateCard, Tier
from service.portal import pages
from service.portal.vendor_person import VendorPerson, vendor_of
from service.store import terms
from service.store.database import unit_of_work

router = APIRouter()
A_MILLION = 1_000_000
_Version = TypeVar("_Version", Contract, RateCard)


def with_ends(versions: Sequence[_Version]) -> list[tuple[_Version, date | None]]:
    """Return versions, the newest first, each with the first day of the next."""
    ends: list[date | None] = [one.valid_from for one in versions[1:]]
    return list(zip(versions, [*ends, None], strict=True))[::-1]


@router.get("/vendor/terms")
def terms_page(request: Request, person: VendorPerson, context: Context) -> Response:
    """Show every version, the newest first; which of them counts today is marked."""
    with unit_of_work(context.database) as session:
        found = terms.of_vendors(session, [vendor_of(person)])[vendor_of(person)]
    return pages.render(
        request,
        "vendor_terms.html",
        title="Contract and prices",
        contracts=with_ends(found.contracts),
        cards=with_ends(found.rate_cards),
        tiers=[*Tier],
        million=A_MILLION,
        today=context.clock().date(),
    )
