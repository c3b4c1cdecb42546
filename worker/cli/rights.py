"""Commands of rights: who owns a work, whom its royalty reaches, and what changes adjust."""

from datetime import date
from typing import Annotated

import typer
from sqlmodel import Session

from service.ledger.derivation import Change
from service.ledger.dilution import floor_ppm
from service.ledger.money import format_nanos
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier
from service.store import (
    adjustments,
    dilutions,
    parties,
    rights,
    rights_changes,
    rights_known,
    works,
)
from service.store.database import unit_of_work
from worker import import_lines
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.corrections import From, Reason
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column
from worker.import_lines import BadOption

Work = Annotated[int, typer.Argument(help="Number of a work.")]
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Who owns works, and whom their royalty reaches.", no_args_is_help=True
    )
    group.command("show")(rights_show)
    group.command("upstream")(rights_upstream)
    group.command("changes")(rights_changes_list)
    group.command("adjustments")(rights_adjustments)
    app.add_typer(group, name="rights")


def rights_show(
    work: Work,
    *,
    on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Day whose version is followed.")
    ] = None,
    known: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="As known at the end of this day.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the versions of a work, and whom a unit credited to it reaches after all upstream."""
    with workplace() as place, unit_of_work(place.database) as session:
        row = works.get(session, work)
        day = place.clock().date() if on is None else import_lines.day("--on", on)
        as_known = None if known is None else import_lines.day("--known", known)
        versions = _versions(session, work, as_known)
        reached = _reached(session, work, day)
        derived = _derived(session, work, day)
    if as_json:
        facts = {"work": work, "title": row.title, "versions": versions}
        screen.document(facts | {"on": str(day), "reached": reached, "derivatives": derived})
        return
    known_as = f", as known on {as_known}" if as_known else ""
    _table(f"Rights of work {work} “{row.title}”{known_as}", versions, "version")
    _table(f"Where a unit credited to it on {day} goes", reached, "work", "ppm")
    _table("What of their own unit comes to it from works that derive from it", derived, "work")


def _versions(session: Session, work_id: int, known: date | None) -> list[dict[str, object]]:
    line = (
        rights.history(session, work_id)
        if known is None
        else rights_known.history(session, work_id, known_on=known)
    )
    above = rights.versions(session, [v for version in line for v in version.upstream_ppm])
    names = parties.names(session, sorted({h for version in line for h in version.shares_ppm}))
    return [
        {
            "version": version.rights_version_id,
            "valid from": str(version.valid_from),
            "split": ", ".join(f"{names[h]} {p}" for h, p in sorted(version.shares_ppm.items())),
            "upstream": ", ".join(_upstream(version, above)),
        }
        for version in line
    ]


def _upstream(version: RightsVersion, above: dict[int, RightsVersion]) -> list[str]:
    named = sorted((above[v].work_id, ppm) for v, ppm in version.upstream_ppm.items())
    return [f"work {work} {ppm}" for work, ppm in named]


def _reached(session: Session, work_id: int, day: date) -> list[dict[str, object]]:
    reached = dilutions.of_work(session, work_id, day=day)
    titles = works.titles(session, [one.work_id for one in reached])
    names = parties.names(session, sorted({h for one in reached for h in one.of_holder}))
    return [
        {
            "work": one.work_id,
            "title": titles[one.work_id],
            "comes to it": str(one.received),
            "holder": names[holder],
            "gets": str(part),
            "ppm": floor_ppm(part),
        }
        for one in reached
        for holder, part in one.of_holder.items()
    ]


def _derived(session: Session, work_id: int, day: date) -> list[dict[str, object]]:
    derived = dilutions.from_derivatives(session, work_id, day=day)
    titles = works.titles(session, [one.work_id for one in derived])
    return [
        {
            "work": one.work_id,
            "title": titles[one.work_id],
            "part": str(one.part),
            "ppm": floor_ppm(one.part),
        }
        for one in derived
    ]


def _table(title: str, rows: list[dict[str, object]], *numbers: str) -> None:
    if rows:
        columns = [Column(name, number=name in numbers) for name in rows[0]]
        screen.table(title, columns, [tuple(row.values()) for row in rows])


def rights_upstream(
    work: Work,
    upstream: Annotated[list[str], typer.Argument(metavar="WORK=PPM...", help="0 ends it.")],
    day: From,
    reason: Reason,
    *,
    as_json: Json = False,
) -> None:
    """Let a work derive from others from a day on; versions of all downstream are cut with it."""
    named = dict(_share(each) for each in upstream)
    first = import_lines.day("--from", day)
    with workplace() as place, unit_of_work(place.database) as session:
        works.get(session, work)
        change, version = rights.change(
            session, work, Change(first, None, named), reason=reason, by=BY, now=place.clock()
        )
    screen.facts({"change": change, "rights version": version, "valid from": day}, as_json=as_json)


def _share(given: str) -> tuple[int, int]:
    work, _, share = given.partition("=")
    if not (work.isascii() and work.isdigit() and share.isascii() and share.isdigit()):
        raise BadOption(given, "must be the number of a work, =, and parts per million")
    return int(work), int(share)


def rights_changes_list(
    *,
    work: Annotated[int | None, typer.Option(help="Only of a work.")] = None,
    only_back_dated: Annotated[bool, typer.Option("--back-dated", help="Only these.")] = False,
    as_json: Json = False,
) -> None:
    """List changes of rights, newest first, with how far back-dated ones are corrected."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = rights_changes.listing(
            session, work_id=work, only_back_dated=only_back_dated, limit=MOST_LISTED
        )
    columns = [Column("change", number=True), Column("work", number=True), Column("title")]
    columns += [Column("valid from"), Column("state"), Column("corrected sales", number=True)]
    columns += [Column("reason"), Column("by"), Column("at")]
    screen.table(
        "Changes of rights",
        columns,
        [
            (
                *(one.change_id, one.work_id, one.title, str(one.day)),
                "waits" if one.waiting else "corrected" if one.back_dated else "ahead",
                *(one.corrected, one.reason, one.changed_by),
                one.changed_at.isoformat(timespec="seconds"),
            )
            for one in rows
        ],
        as_json=as_json,
    )


def rights_adjustments(
    change: Annotated[int, typer.Argument(help="Number of a change, see `rights changes`.")],
    *,
    as_json: Json = False,
) -> None:
    """List what a back-dated change adjusts: each statement line with original and corrected."""
    with workplace() as place, unit_of_work(place.database) as session:
        made = rights_changes.get(session, change)
        found = adjustments.of_change(session, change)
        names = parties.names(session, sorted({one.line.holder_id for one in found}))
    columns = [Column("holder"), Column("work", number=True), Column("vendor"), Column("tier")]
    columns += [Column("month"), Column("currency"), Column("original", number=True)]
    columns += [Column("corrected", number=True), Column("delta", number=True), Column("reason")]
    rows = [
        (
            *(names[one.line.holder_id], one.line.work_id, one.line.vendor),
            *(str(Tier.numbered(one.line.tier)), str(one.line.month), one.line.currency),
            *(format_nanos(one.original_nanos), format_nanos(one.corrected_nanos)),
            *(format_nanos(one.delta_nanos), made.reason),
        )
        for one in found
    ]
    if made.waiting and not as_json:
        screen.say(f"{made.waiting} of {made.works} works wait for their corrections")
    title = f"What change {change} of work {made.work_id} from {made.day} adjusts"
    screen.table(title, columns, rows, as_json=as_json)
