"""Bills beside reports: a FOCUS bill is uploaded, compared and kept; an accrual is proposed."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from service.api import focus_csv
from service.api.bill_comparison import compare_bill
from service.api.dependencies import Context
from service.api.doors import WebContext
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.vendor_person import VendorPerson, vendor_of
from service.store import reconciliations
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.text_rules import BadText

router = APIRouter()
_MAX_BILLS = 1_000
_ROWS = 100
Rows = Annotated[int, Query(ge=0, lt=2**31)]


async def bill_form(request: Request) -> FormData:
    """Read the form with its file; later readers are given the same."""
    return await request.form(max_files=1)


async def bill_sent(form: Annotated[FormData, Depends(bill_form)]) -> bytes:
    """Return the file that was sent, empty for none."""
    sent = form.get("bill")
    if not isinstance(sent, UploadFile):
        return b""
    try:
        return await sent.read()
    finally:
        await sent.close()


@router.get("/vendor/owed/bills")
def bills_page(request: Request, person: VendorPerson, context: Context) -> Response:
    """List bills that were compared, and the form to compare another."""
    return _page(request, person, context, {})


@router.post("/vendor/owed/bills", dependencies=[Depends(bill_form)])
def compare(
    request: Request,
    sent: Annotated[bytes, Depends(bill_sent)],
    person: VendorPerson,
    context: Context,
) -> Response:
    """Compare a bill with what was reported; what is wrong is said and nothing is kept."""
    vendor_id = vendor_of(person)
    if not sent:
        refusal = BadText("bill", "choose a CSV file")
        return _page(request, person, context, errors_of([refusal], ("bill",)))
    try:
        bill = focus_csv.read(sent)
        with unit_of_work(context.database) as session:
            number = compare_bill(
                session, vendor_id, bill, sent, by=person.login, now=context.clock()
            )
    except focus_csv.BadBill as refused:
        return _page(request, person, context, _said(refused))
    return pages.goto(f"/vendor/owed/bills/{number}?done=compared")


def _said(refused: focus_csv.BadBill) -> dict[str, str]:
    return {"bill": f"{refused.sentence[0].upper()}{refused.sentence[1:]}."}


def _page(
    request: Request, person: Person, context: WebContext, errors: Mapping[str, str]
) -> Response:
    with unit_of_work(context.database) as session:
        kept = reconciliations.listing(session, vendor_of(person), limit=_MAX_BILLS)
    return pages.render(
        request,
        "vendor_bills.html",
        title="Bills",
        status=422 if errors else 200,
        bills=kept[::-1],
        errors=errors,
        columns=focus_csv.NEEDED,
    )


@router.get("/vendor/owed/bills/{bill_id}")
def bill_page(
    request: Request, person: VendorPerson, context: Context, bill_id: int, after: Rows = 0
) -> Response:
    """Show what a comparison found, by day and model."""
    with unit_of_work(context.database) as session:
        found = reconciliations.get(session, bill_id, vendor_of(person))
        rows = reconciliations.rows_of(session, bill_id, after=after, limit=_ROWS + 1)
    return pages.render(
        request,
        "vendor_bill.html",
        title=f"Bill of {found.first_day} to {found.last_day}",
        bill=found,
        rows=rows[:_ROWS],
        first=f"/vendor/owed/bills/{bill_id}",
        is_first=not after,
        more=f"/vendor/owed/bills/{bill_id}?after={after + _ROWS}" if len(rows) > _ROWS else "",
    )
