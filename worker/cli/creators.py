"""Commands about people's data: creators export, creators erase, creators erased."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.api import creator_export
from service.store import erasures
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.screen import Column
from worker.import_lines import BadOption

HolderId = Annotated[int, typer.Argument(help="Number of a holder, as on statements: H7 is 7.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What is kept about creators, and its erasure.", no_args_is_help=True)
    group.command("export")(creators_export)
    group.command("erase")(creators_erase)
    group.command("erased")(creators_erased)
    app.add_typer(group, name="creators")


def creators_export(
    holder_id: HolderId,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default wellspring-HN.zip.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write everything about one creator into one zip with a manifest."""
    path = out or Path(f"wellspring-H{holder_id}.zip")
    try:
        with workplace() as place, unit_of_work(place.database) as session, path.open("xb") as file:
            count = creator_export.write(session, holder_id, file, now=place.clock())
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    path.chmod(0o600)
    screen.facts({"file": str(path), "rows": count}, as_json=as_json)


def creators_erase(
    holder_id: HolderId,
    reason: Annotated[str, typer.Option(help="Who asked and why, without names.")],
    *,
    even_owed: Annotated[
        bool, typer.Option(help="Although money is left that nobody could be paid any more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erase a creator: names, logins, accounts, and texts that are theirs alone; money stays."""
    with workplace() as place:
        with unit_of_work(place.database) as session:
            made = erasures.erase(
                session, holder_id, reason=reason, by=BY, even_owed=even_owed, now=place.clock()
            )
        if made.erased_work_ids:
            with screen.progress_bars() as progress:
                place.room.rebuild(progress)  # the files of the index held their vectors
    told = {name: value for name, value in asdict(made).items() if name != "reason"}
    screen.facts(told, as_json=as_json)
    if made.kept_work_ids:
        screen.say("works that others have a share in keep their texts: change the split first")


def creators_erased(*, as_json: Json = False) -> None:
    """List erasures: keep the list beside the backups and do them again after a restore."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = erasures.listing(session)
    columns = [
        Column("holder", number=True), Column("works erased"), Column("works kept"),
        Column("reason"), Column("by"), Column("at"),
    ]  # fmt: skip
    rows = [
        (
            one.holder_id,
            list(one.erased_work_ids),
            list(one.kept_work_ids),
            one.reason,
            one.erased_by,
            one.erased_at.isoformat(),
        )
        for one in found
    ]
    screen.table("Erasures", columns, rows, as_json=as_json)
