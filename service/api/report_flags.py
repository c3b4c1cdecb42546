"""Signs that reports are not what was sold: a vendor sees its own, an operator everybody's."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.vendor_asker import VendorAsker, VendorNamed, vendor_of
from service.ledger.period import Period
from service.store import parties, report_suspicions
from service.store.database import unit_of_work

router = APIRouter(tags=["sales"], route_class=StrictRoute)


class ReportFlag(BaseModel):
    """One sign in a vendor's month. It is looked at by people: nothing follows by itself."""

    vendor: str
    month: str
    sign: str = Field(
        description="text-withheld, text-cut, text-garbled: of sales on tiers with an IP pool; "
        "price-above-tier: of days and models of bills."
    )
    count: int
    of_count: int
    part_ppm: int


class ReportFlags(BaseModel):
    """All signs that are raised: shown by a tenth or more."""

    data: list[ReportFlag]


@router.get(
    "/v1/report-flags",
    summary="Signs that reports are not what was sold",
    responses=problems(401, 403),
)
def list_report_flags(
    context: Context,
    vendor_id: VendorAsker,
    month: Annotated[str, Query(description="YYYY-MM")],
    vendor: VendorNamed = "",
) -> ReportFlags:
    """List what is odd about a month: of yours; an operator names a vendor or sees all."""
    period, data = Period.parse(month), list[ReportFlag]()
    with unit_of_work(context.database) as session:
        vendors = {number: slug for slug, number in parties.vendor_ids(session).items()}
        if vendor_id is not None or vendor:
            whose = vendor_of(session, vendor_id, vendor)
            vendors = {whose: vendors[whose]}
        for number, slug in sorted(vendors.items(), key=lambda one: one[1]):
            data += [
                ReportFlag(
                    vendor=slug,
                    month=str(period),
                    sign=str(one.sign),
                    count=one.count,
                    of_count=one.of_count,
                    part_ppm=one.part_ppm,
                )
                for one in report_suspicions.of_month(session, number, period)
                if one.is_raised
            ]
    return ReportFlags(data=data)
