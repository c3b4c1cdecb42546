"""Quarantine: sales that could not be settled by reason, what mends them, and settling again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, Operator, require_role
from service.portal import pages
from service.store import console_jobs, quarantined
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Below = Annotated[int | None, Query(ge=1, lt=2**63)]
OUTDATED = "fingerprint-outdated"
FIXES = {
    "no-contract": "The vendor has no contract or rate card on the day. Add one from that day on, "
    "then settle again.",
    "currency-differs": "The sale is in another currency than the contract of its day. Add a "
    "contract in that currency from that day on, or ask the vendor to restate the sale.",
    OUTDATED: "The fingerprint was made for an engine that is gone, and no text was sent. It "
    "settles only without attribution: its whole pool goes to the unmatched pool of its month.",
}
OTHERWISE = "Put right what the facts name, then settle again: what is still wrong stays here."


@router.get("/operator/quarantine")
def quarantine_page(
    request: Request,
    context: Context,
    reason: Annotated[str, Query(max_length=100)] = "",
    before: Below = None,
) -> Response:
    """List the reasons, and the sales with their facts, on request those of one reason."""
    with unit_of_work(context.database) as session:
        reasons = quarantined.reasons(session)
        found = quarantined.page(
            session, before=before, limit=pages.PAGE_SIZE + 1, reason=reason.replace("\0", "")
        )
        jobs = [job for job in console_jobs.unfinished(session) if job.kind is JobKind.SETTLE_AGAIN]
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_quarantine.html",
        title="Quarantine",
        reasons=[(one, FIXES.get(one.reason, OTHERWISE)) for one in reasons],
        reason=reason,
        sales=shown,
        jobs=jobs,
        outdated=OUTDATED,
        before=before,
        more=shown[-1].sale_id if len(found) > len(shown) else None,
    )


@router.post("/operator/quarantine/settle")
def settle_again(
    context: Context,
    person: Operator,
    reason: Annotated[str, Form(max_length=100)],
    sale: Annotated[int | None, Form(ge=1, lt=2**63)] = None,
    without_attribution: Annotated[str, Form()] = "",
) -> Response:
    """Ask a worker to settle one sale or all of a reason again; its page tells what came of it."""
    facts: dict[str, object] = {
        "reason": reason.replace("\0", ""),
        "without_attribution": without_attribution == "yes",
    }
    if sale is not None:
        facts["sale_ids"] = [sale]
    with unit_of_work(context.database) as session:
        job = console_jobs.ask(
            session, JobKind.SETTLE_AGAIN, facts, by=person.login, now=context.clock()
        )
    context.doorbell.ring()
    return pages.goto(f"/operator/jobs/{job}?done=asked")
