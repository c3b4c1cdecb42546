"""Commands of disputed statement lines: listed and answered by operators."""

from typing import Annotated

import typer

from service.ledger.line_dispute import LineAnswer
from service.ledger.money import format_nanos
from service.store import line_disputes
from service.store.database import unit_of_work
from service.store.line_disputes import LineDispute
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Lines of statements that readers dispute.", no_args_is_help=True)
    group.command("list")(line_disputes_list)
    group.command("answer")(line_disputes_answer)
    app.add_typer(group, name="line-disputes")


def line_disputes_list(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits.")] = False,
    as_json: Json = False,
) -> None:
    """List disputed lines, newest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = line_disputes.listing(session, only_open=only_open, limit=MOST_LISTED)
    columns = [Column("dispute", number=True), Column("statement"), Column("line", number=True)]
    columns += [Column("holder"), Column("work"), Column("stated", number=True)]
    columns += [Column("expected", number=True), Column("reason"), Column("claim", number=True)]
    columns += [Column("state"), Column("corrected by")]
    table = [
        (
            one.line_dispute_id,
            one.number,
            one.line,
            one.holder_name,
            one.title,
            format_nanos(one.stated_nanos),
            format_nanos(one.expected_nanos),
            one.reason,
            one.claim_id,
            str(one.answer) if one.answer else "open",
            _corrected(one),
        )
        for one in rows
    ]
    screen.table("Disputed lines", columns, table, as_json=as_json)


def line_disputes_answer(
    dispute: Annotated[int, typer.Argument(help="Number of a dispute, see `line-disputes list`.")],
    answer: Annotated[LineAnswer, typer.Argument(help="What is answered.")],
    reason: Annotated[str, typer.Option(help="Why; its reader is told.")],
    *,
    correction: Annotated[
        int | None, typer.Option(help="What mends an accepted line, see `corrections list`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Reject a dispute with a reason, or accept it with the correction that mends the line."""
    with workplace() as place, unit_of_work(place.database) as session:
        one = line_disputes.answer(
            session,
            dispute,
            answer,
            reason=reason,
            correction_job_id=correction,
            by=BY,
            now=place.clock(),
        )
    screen.facts(
        {
            "dispute": one.line_dispute_id,
            "statement": one.number,
            "line": one.line,
            "state": str(one.answer),
            "reason": one.answer_reason,
            "corrected by": _corrected(one),
        },
        as_json=as_json,
    )


def _corrected(one: LineDispute) -> str:
    told = [f"correction {one.correction_job_id}"] if one.correction_job_id else []
    told += [f"line {line} of {number}" for number, line in one.corrected_by]
    return ", ".join(told)
