"""Commands before a close: settle, as a rehearsal too, and approve what the close issues."""

from typing import Annotated

import typer

from service.ledger.period import Period
from service.store import approvals, people
from service.store.database import unit_of_work
from worker.cli import rehearsal, screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.settlement import settle_batch


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("settle")(settle)
    app.command("approve")(approve_close)


def settle(
    period: PeriodText,
    *,
    dry_run: Annotated[
        bool,
        typer.Option(help="Show what it would post and how the month would end."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Settle all that is attributed; with --dry-run as a rehearsal, closing a month after it."""
    month = Period.parse(period)
    with workplace() as place:
        if dry_run:
            rehearsal.show(place, month, early=True, settle=True, as_json=as_json)
            return
        count = 0
        while settled := settle_batch(place.database, now=place.clock()):
            count += settled
    screen.facts({"sales settled": count}, as_json=as_json)


def approve_close(
    period: PeriodText,
    digest: Annotated[str, typer.Argument(help="As close --dry-run shows it.")],
    operator: Annotated[str, typer.Option(help="Login of the operator who approves.")],
    *,
    as_json: Json = False,
) -> None:
    """Approve what the close of a closing period issues, by its digest."""
    month = Period.parse(period)
    with workplace() as place, unit_of_work(place.database) as session:
        people.check_operator(session, operator)
        approvals.approve(
            session, month, approvals.parse_digest(digest), by=operator, now=place.clock()
        )
        given = approvals.listing(session, month)
    told = {one.approved_by: one.digest for one in given if one.void_at is None}
    screen.facts({"period": str(month)} | told, as_json=as_json)
