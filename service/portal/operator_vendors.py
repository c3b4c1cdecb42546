"""Vendors: what each owes and by which terms it sells; money it paid, money not expected."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.api_keys import state_of
from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.ageing import BUCKETS
from service.ledger.errors import LedgerError
from service.ledger.money import check_currency, parse_nanos
from service.ledger.period import Period
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.operator_desk import Desk, OperatorDesk
from service.store import api_keys, parties, report_suspicions, terms, vendor_usage
from service.store.database import unit_of_work
from service.store.text_rules import BadText, check_text

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

AGES = (*(f"Up to {days} days" for days in BUCKETS), f"Over {BUCKETS[-1]} days")


@router.get("/operator/vendors")
def vendors_page(request: Request, context: Context, desk: Desk) -> Response:
    """List vendors with what they owe, by age."""
    today = context.clock().date()
    with unit_of_work(context.database) as session:
        found = parties.vendors(session)
        held = terms.of_vendors(session, [one.party_id or 0 for one in found])
    debts = [(one, one.aged.buckets(today)) for one in desk.debts()]
    rows = [
        (
            one,
            held[one.party_id or 0],
            [each for each in debts if each[0].vendor_id == one.party_id],
        )
        for one in found
    ]
    return pages.render(request, "operator_vendors.html", title="Vendors", rows=rows, ages=AGES)


@router.get("/operator/vendors/{vendor}")
def vendor_page(request: Request, context: Context, desk: Desk, vendor: str) -> Response:
    """Show a vendor: terms by version, keys, debt by month, signs in its reports."""
    return _page(request, context, desk, vendor)


@router.post("/operator/vendors/{vendor}/money")
def post_money(
    request: Request,
    context: Context,
    person: Operator,
    desk: Desk,
    vendor: str,
    amount: Annotated[str, Form(max_length=40)] = "",
    again: Annotated[str, Form(max_length=40)] = "",
    currency: Annotated[str, Form(max_length=8)] = "USD",
    reason: Annotated[str, Form(max_length=1_000)] = "",
    decision: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Post money the vendor paid, or that is not expected any more; the amount is typed twice."""
    typed = {"amount": amount, "again": again, "currency": currency, "reason": reason}
    try:
        nanos = _amount(amount, again)
        check_text(reason, place="reason", max_chars=200)
        if decision == "receipt":
            desk.receive(vendor, nanos, check_currency(currency), reason)
        elif decision == "write-off":
            desk.write_off(vendor, nanos, check_currency(currency), reason=reason, by=person.login)
        else:
            raise BadText("form", "choose one of the two")
    except LedgerError as refusal:
        errors = errors_of([refusal], typed)
        return _page(request, context, desk, vendor, typed=typed, errors=errors)
    context.doorbell.ring()
    return pages.goto(f"/operator/vendors/{vendor}?done=posted")


def _amount(amount: str, again: str) -> int:
    try:
        nanos = parse_nanos(amount)
    except LedgerError as refusal:
        raise BadText("amount", f"is no amount: {refusal.sentence}") from None
    if nanos <= 0:
        raise BadText("amount", "must be above zero")
    if amount.strip() != again.strip():
        raise BadText("again", "must be the same amount once more")
    return nanos


def _page(
    request: Request,
    context: WebContext,
    desk: OperatorDesk,
    vendor: str,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    now = context.clock()
    with unit_of_work(context.database) as session:
        party = parties.vendor_named(session, vendor)
        number = party.party_id or 0
        held = terms.of_vendors(session, [number])[number]
        keys = [(one, state_of(one, now=now)) for one in api_keys.of_vendor(session, number)]
        months = vendor_usage.months(session, number)
        month = months[0] if months else Period.of(now)
        signs = report_suspicions.of_month(session, number, month)
    return pages.render(
        request,
        "operator_vendor.html",
        title=party.name,
        status=422 if errors else 200,
        vendor=party,
        terms=held,
        keys=keys,
        debts=[one for one in desk.debts() if one.vendor_id == number],
        today=now.date(),
        month=month,
        signs=signs,
        typed=typed or {"amount": "", "again": "", "currency": "USD", "reason": ""},
        errors=errors or {},
    )
