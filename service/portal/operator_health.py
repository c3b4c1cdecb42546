"""What an operator looks at first: is anything stuck or off; and all statements."""

import shutil
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.back_pressure import Room
from service.api.dependencies import OPERATOR, Context, require_role
from service.api.doors import WebContext
from service.ledger.period import Period
from service.portal import decision_inbox, health_lines, pages
from service.portal.health_lines import Line, State
from service.store import (
    attributions,
    console_jobs,
    embeddings,
    examinations,
    findings,
    period_seals,
    periods,
    quarantined,
    seals,
    statements,
    throughput,
    webhook_states,
    widespread,
)
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator")
def health(request: Request, context: Context) -> Response:
    """Say of everything whether it is well, and where to act."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        attributing, settling = throughput.lags(session, now=now)
        passed = throughput.passed(session, now=now)
        groups = {
            "Sales": [
                health_lines.of_lag("Sales to attribute", "attributed", attributing, now=now),
                health_lines.of_lag("Sales to settle", "settled", settling, now=now),
                *_room(request, context),
            ],
            "Waits for a person": _decisions(session, now=now),
            "Works and index": _works(session),
            "Failures": health_lines.of_failures(
                throughput.failures(session, now=now), webhook_states.standing(session), now=now
            ),
            "Proof": _proof(session, now=now),
        }
        known = periods.listing(session)
    return pages.render(
        request,
        "operator_health.html",
        title="Health",
        groups=groups,
        worst=health_lines.worst([line for lines in groups.values() for line in lines]),
        passed=[(health_lines.span(one.window), one) for one in passed],
        periods=known[-6:][::-1],
        now=now,
    )


def _room(request: Request, context: WebContext) -> list[Line]:
    room: Room = request.app.state.room
    home = context.settings.home
    free = shutil.disk_usage(home).free >> 20 if home.exists() else None
    return health_lines.of_room(room.lacking(), free)


def _decisions(session: Session, *, now: datetime) -> list[Line]:
    found = decision_inbox.waiting(session)
    overdue = sum(one.is_overdue(now) for one in found)
    says = f"Claims, disputes, conflicts and matches; {overdue} are overdue."
    return [
        health_lines.of_decisions(
            "Decisions", len(found), says, "/operator/decisions", overdue=bool(overdue)
        ),
        health_lines.of_decisions(
            "Findings to decide",
            findings.open_count(session),
            "Works that take over earlier ones.",
            "/operator/findings",
        ),
        health_lines.of_decisions(
            "Widespread works",
            widespread.count(session),
            "They win a little in many outputs of the latest month.",
            "/operator/widespread",
        ),
        health_lines.of_decisions(
            "Quarantined sales",
            quarantined.count(session),
            "See reasons, facts and what mends them.",
            "/operator/quarantine",
            overdue=True,
        ),
    ]


def _works(session: Session) -> list[Line]:
    unembedded = embeddings.unembedded_count(session)
    unready = examinations.unready_count(session)
    indexed = "They are found in outputs once indexed." if unembedded else "All works are indexed."
    examined = "No sale is attributed before they are." if unready else "All works are examined."
    return [
        Line("Works to index", f"{unembedded:,}", State.OK, indexed),
        Line("Works to examine", f"{unready:,}", State.OK, examined),
        Line("Engine", attributions.newest_engine(session) or "none yet", State.OK, "In use last."),
    ]


def _proof(session: Session, *, now: datetime) -> list[Line]:
    unsealed = seals.unsealed_count(session)
    seal = period_seals.newest(session)
    chained = "The sealer chains them next." if unsealed else "Every batch is in the chain."
    return [
        Line("Batches to seal", f"{unsealed:,}", State.OK, chained),
        Line(
            "Newest sealed period",
            str(seal.period) if seal else "none",
            State.OK,
            f"Root {seal.root.hex()[:16]}…" if seal else "The first is sealed once it is closed.",
            "/operator/periods",
        ),
        health_lines.of_check(console_jobs.newest(session, JobKind.VERIFY), now=now),
    ]


@router.get("/operator/statements")
def statements_page(
    request: Request,
    context: Context,
    period: str = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """List all statements in order of issue, on request of one period."""
    chosen = Period.parse(period) if period else None
    with unit_of_work(context.database) as session:
        found = statements.listing(session, period=chosen, after=after, limit=pages.PAGE_SIZE + 1)
        known = [each for each, state, _ in periods.listing(session) if state == periods.CLOSED]
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_statements.html",
        title="Statements",
        statements=shown,
        period=chosen,
        periods=known[::-1],
        after=after,
        more=shown[-1].statement_id if len(found) > len(shown) else None,
    )
