"""Commands of findings: what registered works owe to earlier ones, and what is decided of it."""

from collections.abc import Callable
from typing import Annotated

import typer

from service.ledger.money import PPM
from service.store import findings, works
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work
from service.store.findings import Finding
from worker.cli import screen, widespread
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column

MOST_LISTED = 1_000
BY = "command line"

Number = Annotated[int, typer.Argument(metavar="N", help="Number of a finding.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="What a work owes to earlier works, found at its registration.", no_args_is_help=True
    )
    group.command("list")(findings_list)
    group.command("show")(findings_show)
    group.command("confirm")(findings_confirm)
    group.command("dismiss")(findings_dismiss)
    group.command("widespread")(widespread.findings_widespread)
    app.add_typer(group, name="findings")


def findings_list(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits.")] = False,
    least: Annotated[
        int, typer.Option(min=0, max=100, help="Smallest part of the work's text, in percent.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """List findings, newest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = findings.listing(
            session,
            only_open=only_open,
            least_ppm=least * PPM // 100,
            before=None,
            limit=MOST_LISTED,
        )
    columns = [Column("number", number=True), Column("kind"), Column("state")]
    columns += [Column("work", number=True), Column("title"), Column("owes to", number=True)]
    columns += [Column("title of that"), Column("share ppm", number=True)]
    screen.table(
        "Findings",
        columns,
        [
            (
                one.finding_id,
                one.kind,
                one.state,
                one.work_id,
                one.title,
                one.of_work_id,
                one.of_title,
                one.share_ppm,
            )
            for one in rows
        ],
        as_json=as_json,
    )


def findings_show(number: Number, *, as_json: Json = False) -> None:
    """Show one finding with the spans of both texts side by side."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = findings.get(session, number)
        body = works.body_of(session, found.work_id) or ""
        source = works.body_of(session, found.of_work_id) or ""
    columns = [Column("span"), Column("work"), Column("source"), Column("earlier work")]
    columns += [Column("kind"), Column("confidence ppm", number=True)]
    rows = [_side_by_side(one, body, source) for one in found.evidence]
    if as_json:
        keys = [column.name.replace(" ", "_") for column in columns]
        spans = [dict(zip(keys, row, strict=True)) for row in rows]
        screen.facts(_facts(found) | {"evidence": spans}, as_json=True)
        return
    screen.facts(_facts(found))
    screen.table(f"“{found.title}” beside “{found.of_title}”", columns, rows)


def _facts(found: Finding) -> dict[str, object]:
    return {
        "finding": found.finding_id,
        "kind": found.kind,
        "state": found.state,
        "work": f"{found.work_id} {found.title}",
        "earlier work": f"{found.of_work_id} {found.of_title}",
        "share ppm": found.share_ppm,
        "found": found.found_at.isoformat(timespec="seconds"),
        "decided by": found.decided_by or "",
        "reason": found.reason or "",
    }


def _side_by_side(one: EvidenceRow, body: str, source: str) -> tuple[object, ...]:
    return (
        f"{one.output_start}-{one.output_end}",
        " ".join(body[one.output_start : one.output_end].split()),
        f"{one.source_start}-{one.source_end}",
        " ".join(source[one.source_start : one.source_end].split()),
        one.kind,
        one.confidence_ppm,
    )


def findings_confirm(number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """Confirm a finding: what was taken goes on belonging to the earlier work."""
    _decide(findings.confirm, number, reason, as_json=as_json)


def findings_dismiss(number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """Dismiss a finding: the passages stand for the work they were registered with."""
    _decide(findings.dismiss, number, reason, as_json=as_json)


def _decide(decide: Callable[..., Finding], number: int, reason: str, *, as_json: bool) -> None:
    with workplace() as place, unit_of_work(place.database) as session:
        found = decide(session, number, by=BY, reason=reason, now=place.clock())
    screen.facts(_facts(found), as_json=as_json)
