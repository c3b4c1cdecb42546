"""Commands of late registration: earlier unmatched sales that a work may have a claim on."""

from datetime import datetime
from typing import Annotated

import typer

from service.store import back_pay, late_matches
from service.store.database import unit_of_work
from service.store.late_matches import LateMatch
from worker import late_search
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, Reason
from worker.cli.screen import Column

MOST_LISTED = 1_000

Number = Annotated[int, typer.Argument(metavar="N", help="Number of a late match.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Earlier unmatched sales that a work registered since may claim.", no_args_is_help=True
    )
    group.command("search")(late_find)
    group.command("list")(late_list)
    group.command("approve")(late_approve)
    group.command("dismiss")(late_dismiss)
    app.add_typer(group, name="late")


def late_find(
    work: Annotated[int, typer.Argument(help="Number of the work.")], *, as_json: Json = False
) -> None:
    """Look for unmatched sales of before a work's registration; also done by itself, once."""
    with workplace() as place:
        new = late_search.search_work(
            place.database,
            place.room,
            work,
            window_days=place.settings.claim_window_days,
            now=place.clock(),
        )
    screen.facts({"work": work, "new late matches": new}, as_json=as_json)


def late_list(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits.")] = False,
    as_json: Json = False,
) -> None:
    """List late matches, newest first: when the work came here beside when the sales were."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = late_matches.listing(session, only_open=only_open, limit=MOST_LISTED)
    columns = [Column("number", number=True), Column("state"), Column("work", number=True)]
    columns += [Column("title"), Column("registered"), Column("entered"), Column("first sold")]
    columns += [Column("last sold")]
    columns += [Column(name, number=True) for name in ("sales", "attribution", "share ppm")]
    screen.table(
        "Late matches",
        columns,
        [
            (
                m.late_match_id,
                m.state,
                m.work_id,
                m.title,
                _instant(m.registered_at),
                _instant(m.created_at),
                _instant(m.first_sold_at),
                _instant(m.last_sold_at),
                m.sales_count,
                m.attribution_id,
                m.share_ppm,
            )
            for m in rows
        ],
        as_json=as_json,
    )


def late_approve(
    number: Number,
    reason: Reason,
    evidence: Annotated[
        str, typer.Option(help="What shows that the work existed before the sales.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Approve a late match on evidence of creation; the worker corrects the sales."""
    with workplace() as place, unit_of_work(place.database) as session:
        now = place.clock()
        decided = late_matches.approve(
            session, number, by=BY, reason=reason, evidence=evidence, now=now
        )
        count = back_pay.grant(session, decided, by=BY, now=now)
    screen.facts(_facts(decided) | {"sales to correct": count}, as_json=as_json)


def late_dismiss(number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """Dismiss a late match."""
    with workplace() as place, unit_of_work(place.database) as session:
        decided = late_matches.dismiss(session, number, by=BY, reason=reason, now=place.clock())
    screen.facts(_facts(decided), as_json=as_json)


def _facts(match: LateMatch) -> dict[str, object]:
    return {
        "late match": match.late_match_id,
        "state": match.state,
        "work": f"{match.work_id} {match.title}",
        "registered": _instant(match.registered_at),
        "entered": _instant(match.created_at),
        "first sold": _instant(match.first_sold_at),
        "last sold": _instant(match.last_sold_at),
        "sales": match.sales_count,
        "share ppm": match.share_ppm,
        "reason": match.reason or "",
    }


def _instant(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
