"""Reconciliations, which are decided, and proposals, which an operator reads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.shown_proposals import shown_proposals
from service.documents.figures import percent_of
from service.ledger.money import format_nanos
from service.portal import decision_page
from service.portal.decision_page import Case, Choice, Happened
from service.portal.operator_decisions import check_chosen
from service.store import proposals, reconciliations
from service.store.database import unit_of_work
from service.store.text_rules import BadText

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Reason = Annotated[str, Form(max_length=5_000)]
Decision = Annotated[str, Form(max_length=20)]
_MOST_CHARS = 500


def _reconciliation(session: Session, number: int) -> Case:
    one = reconciliations.get(session, number, None)
    state = {None: "open", True: "approved", False: "dismissed"}[one.approved]
    return Case(
        "reconciliation",
        f"{one.vendor}, {one.first_day} to {one.last_day}",
        f"/operator/reconciliations/{number}",
        [("State", state), ("Reason", one.reason), ("Rows of the bill", f"{one.row_count:,}")],
        [
            (
                "What the bill says beyond the reports",
                [("Tokens billed and not reported", f"{one.missing_tokens:,}")],
            ),
            (
                "What the reports say beyond the bill",
                [
                    ("Tokens reported and not billed", f"{one.surplus_tokens:,}"),
                    ("What would be due of the missing", format_nanos(one.due_nanos)),
                ],
            ),
        ],
        [Happened(one.made_at, one.made_by, "compared")],
        [
            (
                "Approved or dismissed, nothing is posted by it: the decision says whether the "
                "vendor is asked to report what is missing. It is decided once."
            )
        ],
        [Choice("approve", "Approve"), Choice("dismiss", "Dismiss", danger=True)]
        if one.approved is None
        else [],
        max_chars=_MOST_CHARS,
    )


@router.get("/operator/reconciliations/{number}")
def reconciliation_page(request: Request, context: Context, number: int) -> Response:
    """Show a reconciliation."""
    with unit_of_work(context.database) as session:
        case = _reconciliation(session, number)
    return decision_page.show(request, case)


@router.post("/operator/reconciliations/{number}")
def decide_reconciliation(
    request: Request,
    context: Context,
    person: Operator,
    number: int,
    decision: Decision = "",
    reason: Reason = "",
) -> Response:
    """Approve or dismiss what it proposes."""

    def decide() -> None:
        check_chosen(decision, "approve", "dismiss")
        if not 0 < len(reason.strip()) <= _MOST_CHARS:
            raise BadText("reason", f"needs 1 to {_MOST_CHARS} characters")
        with unit_of_work(context.database) as session:
            reconciliations.decide(
                session,
                number,
                approved=decision == "approve",
                reason=reason,
                by=person.login,
                now=context.clock(),
            )

    def case() -> Case:
        with unit_of_work(context.database) as session:
            return _reconciliation(session, number)

    return decision_page.decided(request, case, decide, reason=reason)


@router.get("/operator/proposals/{number}")
def proposal_page(request: Request, context: Context, number: int) -> Response:
    """Show a proposal that waits for its holders; an operator only reads it."""
    with unit_of_work(context.database) as session:
        (one,) = shown_proposals(session, [proposals.get(session, number)])
    waits = ", ".join(each.name for each in one.waits_for)
    facts = [("State", str(one.state)), ("From", one.valid_from), ("Waits for", waits)]
    split = [(each.name, f"{percent_of(each.share_ppm)} %") for each in one.holders or ()]
    split += [(each.title, f"{percent_of(each.share_ppm)} %") for each in one.upstream]
    history = [
        Happened(a.answered_at, a.name, "accepted" if a.accepted else "declined", a.reason)
        for a in one.answers
    ]
    title, path = one.title, f"/operator/proposals/{number}"
    case = Case("proposal", title, path, facts, [("What is proposed", split)], history)
    return decision_page.show(request, case)
