"""Commands of the commons: texts that are nobody's."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.ledger.errors import LedgerError
from service.store import works
from service.store.database import unit_of_work
from worker import work_import
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.catalogue import File
from worker.cli.screen import Column

MOST_LISTED = 1_000


class NotCommons(LedgerError):
    """A work that belongs to somebody was named where a text of the commons was meant."""

    def __init__(self, work_id: int) -> None:
        super().__init__(f"work {work_id} is not of the commons", work_id=work_id)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Texts that are nobody's: they win passages, nobody is paid.", no_args_is_help=True
    )
    group.command("import")(commons_import)
    group.command("list")(commons_list)
    group.command("withdraw")(commons_withdraw)
    app.add_typer(group, name="commons")


def commons_import(path: File, *, as_json: Json = False) -> None:
    """Register the texts of a file (id, title, text, language), all or none."""
    with workplace() as place:
        imported = work_import.import_commons(place.database, path, now=place.clock())
    screen.facts(asdict(imported), as_json=as_json)


def commons_list(*, as_json: Json = False) -> None:
    """List the texts of the commons, newest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = works.page(
            session, holder_id=None, before=None, limit=MOST_LISTED, only_commons=True
        )
    columns = [Column("work", number=True), Column("id"), Column("title"), Column("language")]
    columns += [Column("characters", number=True), Column("withdrawn")]
    screen.table(
        "The commons",
        columns,
        [
            (
                row.work_id,
                row.reference,
                row.title,
                row.language,
                row.text_chars,
                row.withdrawn_at and row.withdrawn_at.isoformat(timespec="seconds"),
            )
            for row in rows
        ],
        as_json=as_json,
    )


def commons_withdraw(
    work: Annotated[int, typer.Argument(help="Number of the text, see `commons list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Withdraw a text: it wins nothing of sales from now on."""
    with workplace() as place, unit_of_work(place.database) as session:
        if not works.get(session, work).commons:
            raise NotCommons(work)
        row = works.withdraw(session, work, now=place.clock())
        assert row.withdrawn_at is not None
        told = {"work": work, "title": row.title, "withdrawn": row.withdrawn_at.isoformat()}
    screen.facts(told, as_json=as_json)
