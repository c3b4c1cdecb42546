"""What works owe to earlier ones: found at registration, read and decided by operators."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.ledger.money import PPM
from service.store import findings
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work
from service.store.findings import Finding

router = APIRouter(tags=["works"], route_class=StrictRoute)


class FindingSpan(BaseModel):
    """A passage of a work beside the one it was taken from; characters, ends exclusive."""

    start: int
    end: int
    source_start: int
    source_end: int
    confidence_ppm: int
    kind: str = Field(description="verbatim or paraphrase")


class WorkFinding(BaseModel):
    """What a work owes to one earlier work; ``share_ppm``: part of its text."""

    finding_id: int
    kind: str = Field(description="near-copy or derived")
    state: str = Field(description="open, confirmed or dismissed")
    of_work_id: int
    of_title: str
    share_ppm: int
    found_at: datetime
    decided_at: datetime | None
    spans: list[FindingSpan]


class OperatorFinding(WorkFinding):
    """A finding as operators see it."""

    work_id: int
    title: str
    decided_by: str | None
    reason: str | None


class DecisionOrder(BaseModel):
    """Why a finding is confirmed or dismissed."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"reason": "Both authors wrote to us: it is a licence."}]},
    )
    reason: str = Field(description=f"1 to {findings.MAX_REASON_CHARS} characters, kept.")


def finding_shown(found: Finding) -> WorkFinding:
    """Show a finding to those who have a share in the later work."""
    return WorkFinding(**_facts(found))


def _operator_shown(found: Finding) -> OperatorFinding:
    return OperatorFinding(
        **_facts(found),
        work_id=found.work_id,
        title=found.title,
        decided_by=found.decided_by,
        reason=found.reason,
    )


def _facts(found: Finding) -> dict[str, Any]:
    return {
        "finding_id": found.finding_id,
        "kind": found.kind,
        "state": found.state,
        "of_work_id": found.of_work_id,
        "of_title": found.of_title,
        "share_ppm": found.share_ppm,
        "found_at": found.found_at,
        "decided_at": found.decided_at,
        "spans": [_span(one) for one in found.evidence],
    }


def _span(one: EvidenceRow) -> FindingSpan:
    return FindingSpan(
        start=one.output_start,
        end=one.output_end,
        source_start=one.source_start,
        source_end=one.source_end,
        confidence_ppm=one.confidence_ppm,
        kind=one.kind,
    )


@router.get("/v1/operator/findings", summary="List findings", responses=problems(401, 403))
def list_findings(
    context: Context,
    _person: Operator,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open or all")] = "all",
    least_ppm: Annotated[int, Query(ge=0, le=PPM, description="Smallest share.")] = 0,
    limit: Limit = 20,
    after: After = "",
) -> Page[OperatorFinding]:
    """List what registered works owe to earlier ones, newest first."""
    before = paging.number_of(after) or None
    with unit_of_work(context.database) as session:
        rows = findings.listing(
            session,
            only_open=state == "open",
            least_ppm=least_ppm,
            before=before,
            limit=limit + 1,
        )
    return paging.page_of(rows, limit, shown=_operator_shown, cursor=lambda row: row.finding_id)


@router.get("/v1/findings/{finding_id}", summary="One finding", responses=problems(401, 403, 404))
def get_finding(context: Context, _person: Operator, finding_id: Number) -> OperatorFinding:
    """Return a finding with the spans of both works."""
    with unit_of_work(context.database) as session:
        return _operator_shown(findings.get(session, finding_id))


@router.post(
    "/v1/findings/{finding_id}/confirm",
    summary="Confirm a finding",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def confirm_finding(
    context: Context, person: Operator, finding_id: Number, order: Annotated[DecisionOrder, Body()]
) -> OperatorFinding:
    """Confirm: what was taken goes on belonging to the earlier work. Decided once."""
    with unit_of_work(context.database) as session:
        decided = findings.confirm(
            session, finding_id, by=person.login, reason=order.reason, now=context.clock()
        )
        return _operator_shown(decided)


@router.post(
    "/v1/findings/{finding_id}/dismiss",
    summary="Dismiss a finding",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def dismiss_finding(
    context: Context, person: Operator, finding_id: Number, order: Annotated[DecisionOrder, Body()]
) -> OperatorFinding:
    """Dismiss: from now on the passages stand for the later work itself. Decided once."""
    with unit_of_work(context.database) as session:
        decided = findings.dismiss(
            session, finding_id, by=person.login, reason=order.reason, now=context.clock()
        )
        return _operator_shown(decided)
