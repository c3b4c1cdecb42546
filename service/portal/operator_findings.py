"""Findings: what works owe to earlier ones and the decision; works that win everywhere."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.api.doors import WebContext
from service.ledger.period import Period
from service.portal import pages
from service.portal.spans import MOST_SHOWN, pairs
from service.store import findings, presence, widespread, works
from service.store.database import unit_of_work
from service.store.findings import FindingDecided
from service.store.text_rules import BadText
from service.store.widespread import Place

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Below = Annotated[int | None, Query(ge=1, lt=2**63)]
LEAST_PPM = 100_000
"""What is listed unless all is asked for: smaller parts take their passages all the same."""
_MOST_BESIDE = 10


@router.get("/operator/findings")
def findings_page(
    request: Request,
    context: Context,
    before: Below = None,
    show: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """List what waits for a decision, the newest first; on request everything."""
    everything = show == "all"
    with unit_of_work(context.database) as session:
        found = findings.listing(
            session,
            only_open=not everything,
            least_ppm=0 if everything else LEAST_PPM,
            before=before,
            limit=pages.PAGE_SIZE + 1,
        )
        often = widespread.listing(session, commons=False, before=None, limit=_MOST_BESIDE)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_findings.html",
        title="Findings",
        findings=shown,
        everything=everything,
        before=before,
        more=shown[-1].finding_id if len(found) > len(shown) else None,
        widespread=often,
        **_bounds(),
    )


def _bounds() -> dict[str, int]:
    return {"often_ppm": presence.OFTEN_PPM, "least_outputs": presence.LEAST_OUTPUTS}


@router.get("/operator/widespread")
def widespread_page(
    request: Request,
    context: Context,
    show: Annotated[str, Query(max_length=10)] = "",
    month: Annotated[str, Query(max_length=10)] = "",
    outputs: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    work: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """List widespread works or the commons; month, outputs and work end the page before."""
    commons = show == "commons"
    before = Place(Period.parse(month), outputs, work) if month else None
    with unit_of_work(context.database) as session:
        found = widespread.listing(
            session, commons=commons, before=before, limit=pages.PAGE_SIZE + 1
        )
    shown = found[: pages.PAGE_SIZE]
    last = shown[-1].place if len(found) > len(shown) else None
    return pages.render(
        request,
        "operator_widespread.html",
        title="Widespread works",
        widespread=shown,
        commons=commons,
        before=before,
        more=last and {"month": last.month, "outputs": last.output_count, "work": last.work_id},
        **_bounds(),
    )


@router.get("/operator/findings/{finding_id}")
def finding_page(request: Request, context: Context, finding_id: int) -> Response:
    """Show one finding with the spans of both works."""
    return _page(request, context, finding_id)


@router.post("/operator/findings/{finding_id}")
def decide(
    request: Request,
    person: Operator,
    context: Context,
    finding_id: int,
    decision: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Confirm or dismiss; a refusal shows the page again with what was written."""
    decisions = {"confirm": findings.confirm, "dismiss": findings.dismiss}
    if decision not in decisions:
        return _page(request, context, finding_id, reason=reason, error="Choose one of the two.")
    try:
        with unit_of_work(context.database) as session:
            decisions[decision](
                session, finding_id, by=person.login, reason=reason, now=context.clock()
            )
    except BadText as refusal:
        error = f"The reason {refusal.facts['rule']}."
        return _page(request, context, finding_id, reason=reason, error=error)
    except FindingDecided as refusal:
        error = f"{refusal.sentence.capitalize()}."
        return _page(request, context, finding_id, reason=reason, error=error)
    return pages.goto(f"/operator/findings/{finding_id}?done=decided")


def _page(
    request: Request, context: WebContext, finding_id: int, *, reason: str = "", error: str = ""
) -> Response:
    with unit_of_work(context.database) as session:
        found = findings.get(session, finding_id)
        rows = [works.text_row(session, work) for work in (found.work_id, found.of_work_id)]
        bodies = [works.body_of(session, work) or "" for work in (found.work_id, found.of_work_id)]
    return pages.render(
        request,
        "operator_finding.html",
        title=f"Finding {finding_id}",
        status=422 if error else 200,
        found=found,
        work=rows[0],
        earlier=rows[1],
        pairs=pairs(found.evidence, *bodies),
        hidden=max(len(found.evidence) - MOST_SHOWN, 0),
        reason=reason,
        error=error,
        max_chars=findings.MAX_REASON_CHARS,
    )
