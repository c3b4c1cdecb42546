"""The inbox of decisions: everything that waits for an operator, by the day it is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from service.documents.figures import percent_of
from service.ledger.claim import ClaimState
from service.store import (
    claims,
    conflict_decisions,
    findings,
    late_matches,
    line_disputes,
    proposals,
    reconciliations,
)

MOST = 500
DECIDE_WITHIN = timedelta(days=14)
"""What has no day of its own is due so long after it came."""
_LEAST_PPM = 100_000
_HEARD = {ClaimState.CONTESTED, ClaimState.UNANSWERED, ClaimState.APPEALED}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. whom: for an operator, or the others it waits for meanwhile."""

    kind: str
    title: str
    says: str
    href: str
    since: datetime
    due: datetime
    whom: str = "operator"

    def is_overdue(self, now: datetime) -> bool:
        """Whether its day has passed and it waits for an operator."""
        return self.whom == "operator" and self.due < now


def waiting(session: Session, *, others: bool = False) -> list[Waiting]:
    """List what waits for an operator, what is due first at the top; or also what waits for others.

    At most ``MOST`` of each kind, so that the page stays one.
    """
    found = [
        *_claims(session),
        *_disputes(session),
        *_conflicts(session),
        *_matches(session),
        *_findings(session),
        *_reconciliations(session),
        *(_proposals(session) if others else ()),
    ]
    shown = [one for one in found if others or one.whom == "operator"]
    return sorted(shown, key=lambda one: (one.due, one.kind, one.href))


def _claims(session: Session) -> Iterator[Waiting]:
    for one in claims.listing(session, only_open=True, limit=MOST):
        claim = one.claim
        heard = claim.state in _HEARD
        yield Waiting(
            "claim",
            one.title,
            f"{percent_of(claim.claimed_ppm)} % of it, {claim.state}",
            f"/operator/claims/{claim.claim_id}",
            one.filed_at,
            claim.due_at or claim.last_at + DECIDE_WITHIN,
            "operator" if heard else "the other side",
        )


def _disputes(session: Session) -> Iterator[Waiting]:
    for one in line_disputes.listing(session, only_open=True, limit=MOST):
        yield Waiting(
            "disputed line",
            f"{one.number}, line {one.line}",
            f"{one.holder_name} about {one.title}",
            f"/operator/line-disputes/{one.line_dispute_id}",
            one.disputed_at,
            one.disputed_at + DECIDE_WITHIN,
        )


def _conflicts(session: Session) -> Iterator[Waiting]:
    for one in conflict_decisions.waiting(session, limit=MOST):
        yield Waiting(
            "conflicting report",
            f"{one.vendor} {one.external_id}",
            "a second report says something else of this sale",
            f"/operator/conflicts/{one.sale_id}",
            one.received_at,
            one.received_at + DECIDE_WITHIN,
        )


def _matches(session: Session) -> Iterator[Waiting]:
    for one in late_matches.listing(session, only_open=True, limit=MOST):
        yield Waiting(
            "late match",
            one.title,
            f"{one.sales_count} earlier sales, {percent_of(one.share_ppm)} % of each",
            f"/operator/late-matches/{one.late_match_id}",
            one.found_at,
            one.found_at + DECIDE_WITHIN,
        )


def _findings(session: Session) -> Iterator[Waiting]:
    found = findings.listing(session, only_open=True, least_ppm=_LEAST_PPM, before=None, limit=MOST)
    for one in found:
        yield Waiting(
            "finding",
            one.title,
            f"{one.kind} of {one.of_title}, {percent_of(one.share_ppm)} %",
            f"/operator/findings/{one.finding_id}",
            one.found_at,
            one.found_at + DECIDE_WITHIN,
        )


def _reconciliations(session: Session) -> Iterator[Waiting]:
    for one in reconciliations.listing(session, None, limit=MOST):
        if one.approved is None and one.due_nanos:
            yield Waiting(
                "reconciliation",
                f"{one.vendor}, {one.first_day} to {one.last_day}",
                f"{one.missing_tokens:,} tokens are billed and not reported",
                f"/operator/reconciliations/{one.reconciliation_id}",
                one.made_at,
                one.made_at + DECIDE_WITHIN,
            )


def _proposals(session: Session) -> Iterator[Waiting]:
    for one in proposals.listing(session, holder_id=None, only_open=True, limit=MOST):
        yield Waiting(
            "proposal",
            one.title,
            f"{len(one.answers)} have answered",
            f"/operator/proposals/{one.proposal_id}",
            one.proposed_at,
            one.expires_at.astimezone(UTC),
            "its holders",
        )
