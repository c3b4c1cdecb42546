"""Decisions of operators: the inbox, and pages of late matches and disputed lines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.documents.figures import percent_of
from service.ledger.line_dispute import LineAnswer
from service.ledger.money import format_nanos
from service.portal import decision_inbox, decision_page, health_lines, pages
from service.portal.decision_page import Case, Choice, Field, Happened
from service.store import back_pay, late_matches, line_disputes
from service.store.database import unit_of_work
from service.store.text_rules import BadText

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Reason = Annotated[str, Form(max_length=5_000)]
Decision = Annotated[str, Form(max_length=20)]
_MOST_CHARS = 500


@router.get("/operator/decisions")
def decisions_page(
    request: Request, context: Context, show: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """List what waits, on request also for others than operators."""
    with unit_of_work(context.database) as session:
        found = decision_inbox.waiting(session, others=show == "all")
    now = context.clock()
    return pages.render(
        request,
        "operator_decisions.html",
        title="Decisions",
        waiting=[(one, health_lines.span(now - one.since)) for one in found],
        others=show == "all",
        within=decision_inbox.DECIDE_WITHIN,
        now=now,
    )


def _match(session: Session, number: int) -> Case:
    one = late_matches.get(session, number)
    history = [Happened(one.found_at, "engine", "found")]
    if one.decided_at:
        done = Happened(one.decided_at, one.decided_by or "", one.state, one.reason or "")
        history.append(done)
    is_open = one.state == "open"
    return Case(
        "late match",
        one.title,
        f"/operator/late-matches/{number}",
        [("State", one.state), ("Part of each output", f"{percent_of(one.share_ppm)} %")],
        [
            (
                f"The work, number {one.work_id}",
                [("Registered as of", one.registered_at), ("Entered here", one.created_at)],
            ),
            (
                "The earlier sales",
                [
                    ("Sales", f"{one.sales_count:,}"),
                    ("First sold", one.first_sold_at),
                    ("Last sold", one.last_sold_at),
                ],
            ),
        ],
        history,
        [
            (
                f"Approved: {one.sales_count:,} sales of before the registration are corrected, "
                "each by a further entry, and the work earns its part of them."
            ),
            "It takes evidence that the work existed before the first of these sales.",
            "Dismissed: nothing changes. It is decided once.",
        ],
        [Choice("approve", "Approve"), Choice("dismiss", "Dismiss", danger=True)]
        if is_open
        else [],
        [Field("evidence", "What shows that the work existed before the sales", "To approve it.")],
    )


@router.get("/operator/late-matches/{number}")
def match_page(request: Request, context: Context, number: int) -> Response:
    """Show a late match."""
    with unit_of_work(context.database) as session:
        case = _match(session, number)
    return decision_page.show(request, case)


@router.post("/operator/late-matches/{number}")
def decide_match(
    request: Request,
    context: Context,
    person: Operator,
    number: int,
    decision: Decision = "",
    reason: Reason = "",
    evidence: Annotated[str, Form(max_length=5_000)] = "",
) -> Response:
    """Approve it, so that its sales are corrected, or dismiss it."""

    def decide() -> None:
        now, by = context.clock(), person.login
        with unit_of_work(context.database) as session:
            if decision == "approve":
                made = late_matches.approve(
                    session, number, by=by, reason=reason, evidence=evidence, now=now
                )
                back_pay.grant(session, made, by=by, now=now)
            else:
                check_chosen(decision, "dismiss")
                late_matches.dismiss(session, number, by=by, reason=reason, now=now)
        context.doorbell.ring()

    def case() -> Case:
        with unit_of_work(context.database) as session:
            return _match(session, number)

    return decision_page.decided(
        request, case, decide, reason=reason, values={"evidence": evidence}
    )


def check_chosen(decision: str, *known: str) -> None:
    """Raise BadText unless one of the buttons was pressed."""
    if decision not in known:
        raise BadText("form", "choose one of the buttons")


def _dispute(session: Session, number: int) -> Case:
    one = line_disputes.get(session, number)
    history = [Happened(one.disputed_at, one.disputed_by, "disputed", one.reason)]
    if one.answered_at:
        answered = one.answer_reason or ""
        history.append(Happened(one.answered_at, one.answered_by or "", str(one.answer), answered))
    links = [(f"/operator/explain/statement/{one.number}", "Explain the statement")]
    if one.claim_id:
        links.append((f"/operator/claims/{one.claim_id}", f"Claim {one.claim_id}"))
    return Case(
        "disputed line",
        f"{one.number}, line {one.line}",
        f"/operator/line-disputes/{number}",
        [("State", str(one.answer or "open")), ("Work", one.title)],
        [
            ("What the statement says", [("", f"{format_nanos(one.stated_nanos)} {one.currency}")]),
            (
                f"What {one.holder_name} expected",
                [("", f"{format_nanos(one.expected_nanos)} {one.currency}")],
            ),
        ],
        history,
        [
            (
                "Accepted: it names the correction whose further line mends it; the line stays as "
                "it was stated."
            ),
            "Rejected: the line stands, and the reader is told your reason. It is answered once.",
        ],
        [Choice("accepted", "Accept"), Choice("rejected", "Reject", danger=True)]
        if one.answer is None
        else [],
        [Field("correction", "Number of the correction", "To accept it.", numeric=True)],
        line_disputes.MAX_REASON_CHARS,
        links,
    )


@router.get("/operator/line-disputes/{number}")
def dispute_page(request: Request, context: Context, number: int) -> Response:
    """Show a disputed line."""
    with unit_of_work(context.database) as session:
        case = _dispute(session, number)
    return decision_page.show(request, case)


@router.post("/operator/line-disputes/{number}")
def answer_dispute(
    request: Request,
    context: Context,
    person: Operator,
    number: int,
    decision: Decision = "",
    reason: Reason = "",
    correction: Annotated[str, Form(max_length=18, pattern="^[0-9]*$")] = "",
) -> Response:
    """Accept it with the correction that mends it, or reject it."""

    def decide() -> None:
        check_chosen(decision, *LineAnswer)
        with unit_of_work(context.database) as session:
            line_disputes.answer(
                session,
                number,
                LineAnswer(decision),
                reason=reason,
                correction_job_id=int(correction) if correction else None,
                by=person.login,
                now=context.clock(),
            )

    def case() -> Case:
        with unit_of_work(context.database) as session:
            return _dispute(session, number)

    return decision_page.decided(
        request, case, decide, reason=reason, values={"correction": correction}
    )
