"""Commands that register files: works add, works edition, works show."""

from pathlib import Path
from typing import Annotated

import typer

from service.store import editions, identifiers, works
from service.store.database import unit_of_work
from service.store.work_facts import Kind
from worker import file_registration
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.file_registration import FileFacts
from worker.import_lines import BadOption

File = Annotated[Path, typer.Argument(help="txt, md, html, pdf, docx or epub.")]
Identifiers = Annotated[
    list[str] | None, typer.Option("--identifier", help="scheme:value, like isbn:9780306406157.")
]
CreatedOn = Annotated[str | None, typer.Option(help="YYYY, YYYY-MM or YYYY-MM-DD.")]
WorkId = Annotated[int, typer.Argument(help="Number of a work.")]


def add_to(group: typer.Typer) -> None:
    """Add the commands to the group of works."""
    group.command("add")(works_add)
    group.command("edition")(works_edition)
    group.command("show")(works_show)


def works_add(
    path: File,
    title: Annotated[str, typer.Option(help="Title of the work.")],
    holder: Annotated[
        list[str], typer.Option(help="Name of who owns it, or name:ppm for each of several.")
    ],
    language: Annotated[str, typer.Option(help="BCP 47, like en or zh-Hant.")] = "en",
    reference: Annotated[str | None, typer.Option(help="Your own id of it, unique.")] = None,
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.OTHER,
    created_on: CreatedOn = None,
    identifier: Identifiers = None,
    *,
    as_json: Json = False,
) -> None:
    """Register the text of a file as a work from now on."""
    facts = FileFacts(
        title,
        language,
        _shares(holder),
        reference,
        kind,
        created_on,
        file_registration.identifiers_of(identifier or []),
    )
    with workplace() as place:
        work_id = file_registration.register_file(place.database, path, facts, now=place.clock())
    screen.facts({"work": work_id}, as_json=as_json)


def works_edition(
    work_id: WorkId,
    path: File,
    note: Annotated[str | None, typer.Option(help="What is new in it.")] = None,
    created_on: CreatedOn = None,
    identifier: Identifiers = None,
    *,
    as_json: Json = False,
) -> None:
    """Register the text of a file as a further edition of a work."""
    given = file_registration.identifiers_of(identifier or [])
    with workplace() as place:
        number = file_registration.add_edition(
            place.database,
            path,
            work_id,
            note=note,
            created_on=created_on,
            identifiers=given,
            now=place.clock(),
        )
    screen.facts({"work": work_id, "edition": number}, as_json=as_json)


def works_show(work_id: WorkId, *, as_json: Json = False) -> None:
    """Show the editions of a work, with their identifiers."""
    with workplace() as place, unit_of_work(place.database) as session:
        row = works.get(session, work_id)
        listed = editions.of_work(session, work_id)
        given = identifiers.of_works(session, [work_id])[work_id]
    columns = [
        Column("edition", number=True), Column("note"), Column("characters", number=True),
        Column("registered"), Column("position", number=True), Column("iscc"),
        Column("identifiers"), Column("language"), Column("seems"),
    ]  # fmt: skip
    rows = [
        (
            one.edition_no,
            one.note,
            one.text_chars,
            one.registered_at.isoformat(),
            one.position,
            one.iscc,
            ", ".join(f"{i.scheme}:{i.value}" for i in given if i.edition_no == one.edition_no),
            row.language,
            one.detected_language,
        )
        for one in listed
    ]
    screen.table(f"Editions of work {work_id}, {row.title}", columns, rows, as_json=as_json)


def _shares(holders: list[str]) -> dict[str, int]:
    if len(holders) == 1 and ":" not in holders[0]:
        return {holders[0]: 1_000_000}
    shares: dict[str, int] = {}
    for one in holders:
        name, _, ppm = one.rpartition(":")
        if not name or not ppm.isascii() or not ppm.isdigit():
            raise BadOption("--holder", "must be name:ppm, like Ada:600000, for each of several")
        if name in shares:
            raise BadOption("--holder", f"{name!r} is named twice")
        shares[name] = int(ppm)
    return shares
