"""Reports that conflict with a sale, and claims over works: both sides, and the decision."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.claims import decision_of
from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.documents.figures import percent_of
from service.ledger.claim import Actor, ClaimState
from service.ledger.money import format_nanos
from service.portal import decision_page
from service.portal.decision_page import Case, Choice, Field, Happened
from service.portal.draft import ppm_of
from service.store import (
    claim_course,
    claim_steps,
    claims,
    conflict_decisions,
    sale_history,
    sale_versions,
    sales,
)
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import Said
from service.store.conflict_decisions import Conflict
from service.store.database import unit_of_work
from service.store.sales import StoredSale
from service.store.text_rules import BadText

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Reason = Annotated[str, Form(max_length=5_000)]
_HEARD = {ClaimState.CONTESTED, ClaimState.UNANSWERED, ClaimState.APPEALED}


def _conflict(session: Session, sale_id: int) -> Case:
    sale = sales.get(session, sale_id)
    found = conflict_decisions.of_sale(session, sale_id)
    if not found:
        raise conflict_decisions.ConflictNotFound(sale_id)
    waits = [one for one in found if one.decided_at is None]
    return Case(
        "conflicting report",
        f"{found[0].vendor} {sale.external_id}",
        f"/operator/conflicts/{sale_id}",
        [("Sale", str(sale_id)), ("Currency", sale.currency), ("Wait", str(len(waits)))],
        [
            ("The sale as it counts", _counted(session, sale)),
            *((f"Report {at}", _said(one)) for at, one in enumerate(found, 1)),
        ],
        _happened(session, found),
        [
            "Keep: the sale stays as it counts now.",
            (
                "Restate: the sale counts with the tier, tokens and gross of the oldest report "
                "that waits; a further entry corrects the books, and both versions stay visible."
            ),
        ],
        [Choice(f"keep {waits[0].payload_hash}", "Keep the sale"), _restating(waits[0])]
        if waits
        else [],
        max_chars=conflict_decisions.MAX_REASON_CHARS,
        links=[(f"/operator/explain/sale/{sale_id}", "Explain the sale")],
    )


def _counted(session: Session, sale: StoredSale) -> list[tuple[str, object]]:
    version = sale_versions.of_sale(session, sale.sale_id)[-1]
    return [
        ("What it says", sale_versions.told(version)),
        ("Model", sale.model),
        ("Sold", sale.sold_at),
        ("State", sale.state),
    ]


def _happened(session: Session, found: Sequence[Conflict]) -> list[Happened]:
    steps = sale_history.of_sale(session, found[0].sale_id)
    history = [Happened(one.at, "", one.state, one.reason or "") for one in steps]
    for at, one in enumerate(found, 1):
        history.append(Happened(one.received_at, one.vendor, f"report {at} said something else"))
        if one.decided_at:
            done = f"report {at}: {'restated' if one.restated else 'kept as it was'}"
            history.append(Happened(one.decided_at, one.decided_by or "", done, one.reason or ""))
    return sorted(history, key=lambda one: one.at)


def _said(one: Conflict) -> list[tuple[str, object]]:
    tokens = f"{one.output_tokens} {one.tier} tokens for {format_nanos(one.gross_nanos)}"
    return [
        ("What it says", tokens),
        ("Model", one.model),
        ("Sold", one.sold_at),
        ("Text", "the same" if one.same_text else "another"),
        ("Received", one.received_at),
    ]


def _restating(one: Conflict) -> Choice:
    name = f"Restate as {one.output_tokens} {one.tier} tokens for {format_nanos(one.gross_nanos)}"
    return Choice(f"restate {one.payload_hash}", name, danger=True)


@router.get("/operator/conflicts/{sale_id}")
def conflict_page(request: Request, context: Context, sale_id: int) -> Response:
    """Show a sale beside what else was said of it."""
    with unit_of_work(context.database) as session:
        case = _conflict(session, sale_id)
    return decision_page.show(request, case)


@router.post("/operator/conflicts/{sale_id}")
def decide_conflict(
    request: Request,
    context: Context,
    person: Operator,
    sale_id: int,
    decision: Annotated[str, Form(pattern="^((keep|restate) [0-9a-f]{64})?$")] = "",
    reason: Reason = "",
) -> Response:
    """Keep the sale, or restate it as a report says."""

    def decide() -> None:
        choice, _, payload = decision.partition(" ")
        with unit_of_work(context.database) as session:
            conflict_decisions.decide(
                session,
                sale_id,
                payload,
                restated=choice == "restate",
                reason=reason,
                by=person.login,
                now=context.clock(),
            )
        context.doorbell.ring()

    def case() -> Case:
        with unit_of_work(context.database) as session:
            return _conflict(session, sale_id)

    return decision_page.decided(request, case, decide, reason=reason)


_RULINGS = (
    (
        "Upheld: the claimed part becomes the claimants' from the first day contested, and "
        "what was held is theirs."
    ),
    "Partly: only the part you grant. Rejected: what was held goes back.",
)
_FIRST = "Who loses may appeal within seven days; another operator decides the appeal."
_FINAL = "This decides the appeal, and is final."


def _claim(session: Session, claim_id: int) -> Case:
    one = claims.get(session, claim_id)
    claim = one.claim
    return Case(
        "claim",
        one.title,
        f"/operator/claims/{claim_id}",
        [
            ("State", str(claim.state)),
            ("Claimed of the work", f"{percent_of(claim.claimed_ppm)} %"),
            ("Held since", str(claim.held_from)),
            ("The clock decides", claim.due_at),
            ("Outcome", str(claim.outcome or "")),
            ("Evidence", "there is some" if claim.has_evidence else "none yet"),
        ],
        _sides(one),
        _steps(session, one),
        [*_RULINGS, _FINAL if claim.state is ClaimState.APPEALED else _FIRST],
        [
            Choice("upheld", "Uphold"),
            Choice("partly", "Grant in part"),
            Choice("rejected", "Reject", danger=True),
        ]
        if claim.state in _HEARD
        else [],
        [Field("granted", "Part of the work that is granted, in %", "Only to grant in part.")],
        claim_steps.MAX_REASON_CHARS,
    )


def _sides(one: StoredClaim) -> list[tuple[str, list[tuple[str, object]]]]:
    return [
        (heading, [(one.names.get(who, str(who)), f"{percent_of(ppm)} %") for who, ppm in whom])
        for heading, whom in (
            ("Who claims", one.claim.claimants.items()),
            ("Of whom", one.claim.respondents.items()),
        )
    ]


def _steps(session: Session, one: StoredClaim) -> list[Happened]:
    return [
        Happened(step.taken_at, _taker(step, one.names), str(step.action), _words(step.said))
        for step in claim_steps.listing(session, one.claim.claim_id)
    ]


def _taker(step: claim_steps.ClaimStep, names: Mapping[int, str]) -> str:
    if step.holder_id is not None:
        return names.get(step.holder_id, f"holder {step.holder_id}")
    return step.taken_by or str(step.side)


def _words(said: Said) -> str:
    brought = said.evidence
    parts = [said.reason]
    if brought:
        parts += [brought.text, brought.url, brought.sha256 and f"SHA-256 {brought.sha256}"]
    return " · ".join(part for part in parts if part)


@router.get("/operator/claims/{claim_id}")
def claim_page(request: Request, context: Context, claim_id: int) -> Response:
    """Show a claim with both sides and every step."""
    with unit_of_work(context.database) as session:
        case = _claim(session, claim_id)
    return decision_page.show(request, case)


@router.post("/operator/claims/{claim_id}")
def decide_claim(
    request: Request,
    context: Context,
    person: Operator,
    claim_id: int,
    decision: Annotated[str, Form(max_length=20)] = "",
    reason: Reason = "",
    granted: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Decide a claim that was heard, or its appeal."""

    def decide() -> None:
        if decision not in {"upheld", "partly", "rejected"}:
            raise BadText("form", "choose one of the buttons")
        if decision == "partly" and not granted.strip():
            raise BadText("granted", "must say which part is granted")
        ppm = ppm_of(granted) if granted.strip() else None
        with unit_of_work(context.database) as session:
            claim_course.decide(
                session,
                claim_id,
                Actor(person.login),
                Said(reason),
                decision_of(session, claim_id, decision, ppm),
                now=context.clock(),
            )
        context.doorbell.ring()

    def case() -> Case:
        with unit_of_work(context.database) as session:
            return _claim(session, claim_id)

    return decision_page.decided(request, case, decide, reason=reason, values={"granted": granted})
