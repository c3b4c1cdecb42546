"""How a vendor's reports arrived: signs that something is odd, missing numbers, signed receipts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context
from service.ledger.period import Period
from service.ledger.report_suspicion import FLAGGED_FROM_PPM, Sign
from service.portal import pages
from service.portal.vendor_person import VendorPerson, vendor_of
from service.store import report_receipts, report_suspicions, vendor_usage
from service.store.database import unit_of_work

router = APIRouter()
_MOST_GAPS = 100
SENTENCES: Mapping[Sign, str] = MappingProxyType(
    {
        Sign.TEXT_WITHHELD: "sales on tiers with an IP pool came without a text",
        Sign.TEXT_CUT: "texts are shorter than the tokens that were sold",
        Sign.TEXT_GARBLED: "texts read as if they were made to match nothing",
        Sign.PRICE_ABOVE_TIER: "days and models were billed above the tier they are reported at",
    }
)
"""What each sign counts, in words; people look at it, nothing follows by itself."""


@router.get("/vendor/reports")
def reports_page(
    request: Request,
    person: VendorPerson,
    context: Context,
    month: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """Show the signs of a month, gaps in sequences, and receipts in order of issue."""
    vendor_id = vendor_of(person)
    with unit_of_work(context.database) as session:
        months = vendor_usage.months(session, vendor_id)
        newest = months[0] if months else Period.of(context.clock())
        chosen = Period.parse(month) if month else newest
        signs = report_suspicions.of_month(session, vendor_id, chosen)
        gaps = report_receipts.gaps(session, vendor_id, after=("", "", 0), limit=_MOST_GAPS)
        found = report_receipts.page(session, vendor_id, after=after, limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "vendor_reports.html",
        title="Reports",
        month=chosen,
        months=months,
        signs=[(one, SENTENCES[one.sign]) for one in signs],
        from_ppm=FLAGGED_FROM_PPM,
        gaps=gaps,
        most_gaps=_MOST_GAPS,
        receipts=shown,
        is_first=not after,
        more=f"/vendor/reports?month={chosen}&after={shown[-1].report_receipt_id}"
        if len(found) > len(shown)
        else "",
    )
