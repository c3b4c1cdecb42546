"""Receipts of reports, and numbers of streams that have not come."""

import re
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.paging import After, BadCursor, Limit, Page
from service.api.vendor_asker import VendorAsker
from service.store import report_receipts
from service.store.database import unit_of_work
from service.store.report_receipts import Gap, ReportReceipt

router = APIRouter(tags=["sales"], route_class=StrictRoute)
_GAP = re.compile(r"([a-z0-9-]{1,63}) ([A-Za-z0-9._:-]{1,100}) ([0-9]{1,18})", re.ASCII)


class ShownReportReceipt(BaseModel):
    """A signed receipt, as ``wellspring verify-receipt`` takes it; bytes are hexadecimal."""

    format: str
    leaf: dict[str, str]
    key: str
    signature: str


def _shown(receipt: ReportReceipt) -> ShownReportReceipt:
    document: dict[str, Any] = receipt.document()
    return ShownReportReceipt(**document)


@router.get(
    "/v1/report-receipts",
    summary="Receipts of reports",
    responses=problems(401, 403),
)
def list_report_receipts(
    context: Context, vendor_id: VendorAsker, limit: Limit = 20, after: After = ""
) -> Page[ShownReportReceipt]:
    """List the receipts of your reports in order of issue; an operator sees all."""
    number = paging.number_of(after)
    with unit_of_work(context.database) as session:
        found = report_receipts.page(session, vendor_id, after=number, limit=limit + 1)
    return paging.page_of(found, limit, shown=_shown, cursor=lambda one: one.report_receipt_id)


@router.get(
    "/v1/report-receipts/{content}",
    summary="The signed receipt of a report",
    response_model=ShownReportReceipt,
    responses=problems(401, 403, 404),
)
def get_report_receipt(context: Context, vendor_id: VendorAsker, content: str) -> JSONResponse:
    """Return a receipt by what the header Wellspring-Receipt of the answer said."""
    with unit_of_work(context.database) as session:
        found = report_receipts.get(session, vendor_id, content)
    name = f"report-{found.report.content.hex()[:16]}.receipt.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JSONResponse(_shown(found).model_dump(), headers=headers)


class ShownGap(BaseModel):
    """Numbers of a stream that have not come, first and last among them."""

    vendor: str
    stream: str
    first: int
    last: int
    noticed_at: datetime = Field(description="When the number that follows came.")


@router.get(
    "/v1/sequence-gaps",
    summary="Reports that have not come",
    responses=problems(401, 403),
)
def list_sequence_gaps(
    context: Context, vendor_id: VendorAsker, limit: Limit = 20, after: After = ""
) -> Page[ShownGap]:
    """List numbers missing in your streams of reports; what comes late closes its gap."""
    found = _GAP.fullmatch(after)
    if after and not found:
        raise BadCursor(after)
    last = (found[1], found[2], int(found[3])) if found else ("", "", 0)
    with unit_of_work(context.database) as session:
        rows = report_receipts.gaps(session, vendor_id, after=last, limit=limit + 1)
    return paging.page_of(
        rows, limit, shown=_gap, cursor=lambda one: f"{one.vendor} {one.stream} {one.first}"
    )


def _gap(one: Gap) -> ShownGap:
    return ShownGap(
        vendor=one.vendor,
        stream=one.stream,
        first=one.first,
        last=one.last,
        noticed_at=one.noticed_at,
    )
