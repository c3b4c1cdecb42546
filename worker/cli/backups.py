"""Commands that keep the database and bring it back."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.settings import Settings
from worker import backup, embedded
from worker.cli import checks, screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.verify import verify
from worker.workplace import urls_of


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("backup")(back_up)
    app.command("restore")(restore)


def back_up(
    out: Annotated[Path, typer.Option(help="File to write; its manifest comes beside it.")],
    *,
    as_json: Json = False,
) -> None:
    """Write a consistent backup of the database while everything goes on."""
    with workplace() as place:
        owner, _ = urls_of(place.settings)
        programs = embedded.programs() if place.settings.embedded else ()
        made = backup.back_up(owner, out, programs=programs, now=place.clock())
    screen.facts(asdict(made) | {"file": str(out)}, as_json=as_json)


def restore(
    dump: Annotated[Path, typer.Argument(help="File that backup wrote.")],
    *,
    as_json: Json = False,
) -> None:
    """Bring a backup into the empty database of the settings, then verify all of it."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    owner, _ = urls_of(settings)
    programs = embedded.programs() if settings.embedded else ()
    made = backup.restore(dump, owner, programs=programs)
    with workplace() as place, screen.progress_bars() as progress:
        found = verify(place.database, progress)
    checks.show_checks(found, as_json=as_json)
    if not as_json:
        told = {"sales": made.sales, "entries": made.entries, "backup of": made.made_at}
        screen.facts(told | {"index": "built anew when the worker starts"})
    if not all(check.holds for check in found):
        raise typer.Exit(1)
