"""One payout: its steps, what the bank did, and corrections of a payment that went wrong."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.errors import LedgerError
from service.ledger.money import parse_nanos
from service.ledger.payout import PayoutState
from service.ledger.payout_correction import CorrectionKind, NewCorrection
from service.portal import pages
from service.portal.field_errors import errors_of
from service.portal.operator_desk import Desk
from service.store import payout_corrections, payouts
from service.store.database import unit_of_work
from service.store.text_rules import BadText, check_text

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator/payouts/{payout_id}")
def payout_page(request: Request, context: Context, payout_id: int) -> Response:
    """Show a payout with all its steps and corrections."""
    return _page(request, context, payout_id)


@router.post("/operator/payouts/{payout_id}")
def take_payout_step(
    request: Request,
    context: Context,
    person: Operator,
    desk: Desk,
    payout_id: int,
    decision: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=1_000)] = "",
    amount: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Say what the bank did, or correct a confirmed payout by a further entry."""
    typed = {"reason": reason, "amount": amount}
    steps = {PayoutState.SENT, PayoutState.CONFIRMED, PayoutState.RETURNED}
    try:
        check_text(reason, place="reason", max_chars=200)
        if decision in steps:
            desk.take_step(payout_id, PayoutState(decision), reference=reason, by=person.login)
        elif decision in set(CorrectionKind):
            nanos = _amount(amount) if decision != CorrectionKind.MISDIRECTED else 0
            new = NewCorrection(payout_id, CorrectionKind(decision), nanos, reason)
            desk.correct(new, by=person.login)
        else:
            raise BadText("form", "choose what the bank did")
    except LedgerError as refusal:
        errors = errors_of([refusal], typed)
        return _page(request, context, payout_id, typed=typed, errors=errors)
    return pages.goto(f"/operator/payouts/{payout_id}?done=posted")


def _amount(amount: str) -> int:
    try:
        return parse_nanos(amount)
    except LedgerError as refusal:
        raise BadText("amount", refusal.sentence) from None


def _page(
    request: Request,
    context: WebContext,
    payout_id: int,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with unit_of_work(context.database) as session:
        payout = payouts.get(session, payout_id)
        steps = payouts.steps(session, [payout_id]).get(payout_id, [])
        corrected = payout_corrections.of_payouts(session, [payout_id]).get(payout_id, [])
    may = {
        PayoutState.RESERVED: (PayoutState.SENT, PayoutState.RETURNED),
        PayoutState.SENT: (PayoutState.CONFIRMED, PayoutState.RETURNED),
        PayoutState.CONFIRMED: (PayoutState.RETURNED,),
    }
    return pages.render(
        request,
        "operator_payout.html",
        title=f"Payout {payout_id}",
        status=422 if errors else 200,
        payout=payout,
        steps=steps,
        corrected=corrected,
        may=may.get(payout.state, ()),
        kinds=tuple(CorrectionKind) if payout.state is PayoutState.CONFIRMED else (),
        typed=typed or {"reason": "", "amount": ""},
        errors=errors or {},
    )
