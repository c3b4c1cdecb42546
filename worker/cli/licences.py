"""Commands of licence terms: set, correct and list them, and what was used against them."""

from datetime import timedelta
from typing import Annotated

import typer

from service.ledger.licence import Licence, Use
from service.ledger.money import PPM
from service.ledger.sale_report import MAX_FUTURE
from service.store import against_terms, deals, licences, parties, works
from service.store.database import unit_of_work
from service.store.licences import NewLicence
from worker import import_lines
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column

WorkNumber = Annotated[int, typer.Argument(metavar="WORK", help="Number of the work.")]
From = Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First day it counts.")]
Uses = Annotated[
    list[Use], typer.Option("--use", help="An allowed use; again for more. None: output.")
]
NoUse = Annotated[bool, typer.Option("--no-use", help="Allow nothing.")]
Multiplier = Annotated[
    int, typer.Option("--multiplier-ppm", help="Of the usual royalty, in steps of 10000.")
]
Embargo = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="First day that may be used.")
]
Excluded = Annotated[
    list[str], typer.Option("--exclude", metavar="VENDOR", help="A vendor; again for more.")
]
Uri = Annotated[str | None, typer.Option(help="Where the work is published.")]
Reason = Annotated[str, typer.Option(help="Kept with the terms.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Licence terms of works: what vendors may do, and what it pays.", no_args_is_help=True
    )
    group.command("show")(licences_show)
    group.command("set")(licences_set)
    group.command("against")(licences_against)
    app.add_typer(group, name="licences")


def licences_show(work: WorkNumber, *, as_json: Json = False) -> None:
    """Show the terms of a work that count or will, and the deals of vendors."""
    with workplace() as place, unit_of_work(place.database) as session:
        works.get(session, work)
        stored = licences.history(session, work)
        agreed = deals.of_works(session, [work]).get(work, [])
        ids = {vendor for one in stored for vendor in one.licence.excluded_vendor_ids}
        names = parties.slugs(session, sorted(ids | {one.deal.vendor_id for one in agreed}))
    columns = [Column("number", number=True), Column("from"), Column("until"), Column("for")]
    columns += [Column("uses"), Column("multiplier ppm", number=True), Column("embargo until")]
    columns += [Column("excluded"), Column("published at"), Column("set by")]
    ends = [one.valid_from for one in stored[1:]] + [None]
    rows: list[tuple[object, ...]] = [
        (
            one.licence_id,
            one.valid_from,
            end,
            "everybody",
            _told(one.licence.uses),
            one.licence.multiplier_ppm,
            one.licence.embargo_until,
            ", ".join(sorted(names[vendor] for vendor in one.licence.excluded_vendor_ids)),
            one.uri,
            one.set_by,
        )
        for one, end in zip(stored, ends, strict=True)
    ]
    rows += [
        (
            f"deal {one.deal_id}",
            one.deal.starts_on,
            one.deal.ends_on,
            names[one.deal.vendor_id],
            str(Use.OUTPUT),
            *(one.deal.multiplier_ppm, None, "", None, f"offer {one.offer_id}"),
        )
        for one in agreed
    ]
    screen.table(f"Licence of work {work}", columns, rows, as_json=as_json)


def _told(uses: frozenset[Use]) -> str:
    return ", ".join(use for use in Use if use in uses) or "none"


def licences_set(
    work: WorkNumber,
    day: From,
    uses: Uses = [],  # noqa: B006 - typer reads it, nobody writes it
    multiplier_ppm: Multiplier = PPM,
    embargo_until: Embargo = None,
    excluded: Excluded = [],  # noqa: B006 - the same
    uri: Uri = None,
    reason: Reason = "",
    *,
    no_use: NoUse = False,
    back_dated: Annotated[
        bool, typer.Option("--back-dated", help="For settled days too: they are corrected.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set terms from a day on; --back-dated takes a reason and makes a correction job."""
    allowed = frozenset() if no_use else frozenset(uses or [Use.OUTPUT])
    embargo = import_lines.day("--embargo-until", embargo_until) if embargo_until else None
    with workplace() as place:
        now = place.clock()
        with unit_of_work(place.database) as session:
            works.get(session, work)
            vendors = [parties.vendor_named(session, name).party_id for name in excluded]
            barred = frozenset(vendor for vendor in vendors if vendor is not None)
            licence = Licence(allowed, multiplier_ppm, embargo, barred)
            new = NewLicence(work, import_lines.day("--from", day), licence, uri, reason)
            if back_dated:
                made = licences.correct(session, new, by=BY, now=now)
            else:
                earliest = (now + MAX_FUTURE).date() + timedelta(days=1)
                made = licences.set_terms(
                    session, new, earliest=earliest, seen=None, by=BY, now=now
                )
    screen.facts({"licence": made, "work": work, "from": new.valid_from}, as_json=as_json)


def licences_against(
    work: Annotated[int | None, typer.Option(help="Number of a work; none: all.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List what was sold against terms and paid the work nothing, newest month first."""
    with workplace() as place, unit_of_work(place.database) as session:
        uses = against_terms.listing(
            session, holder_id=None, work_id=work, skip=0, limit=MOST_LISTED
        )
    columns = [Column("month"), Column("work", number=True), Column("title"), Column("vendor")]
    columns += [Column("tier"), Column("against"), Column("sales", number=True)]
    columns += [Column("output tokens", number=True)]
    rows = [
        (
            f"{one.month // 100:04d}-{one.month % 100:02d}",
            *(one.work_id, one.title, one.vendor, str(one.tier), str(one.against)),
            *(one.sale_count, one.output_tokens),
        )
        for one in uses
    ]
    screen.table("Uses against terms", columns, rows, as_json=as_json)
