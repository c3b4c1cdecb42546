"""Commands that write the books in forms that other programs read, and check what was written."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from service.ledger.period import Period
from service.ledger.plain_text import Form
from service.store.database import unit_of_work
from worker import journal_text, parquet_audit, parquet_export
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.screen import Column
from worker.import_lines import BadOption


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="The books in forms that other programs read.", no_args_is_help=True)
    group.command("journal")(export_journal)
    group.command("period")(export_period)
    app.add_typer(group, name="export")
    app.command("audit")(audit_folder)


def export_journal(
    form: Annotated[Form, typer.Option("--format", help="Program that is to read it.")],
    period: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="One month; none: the whole journal.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; none: standard output.")] = None,
) -> None:
    """Write the journal as plain-text accounting, with every balance for the reader to check."""
    month = Period.parse(period) if period else None
    try:
        target = out.open("x", encoding="utf-8") if out else nullcontext(sys.stdout)
    except OSError as error:
        raise BadOption(str(out), f"cannot be written: {error.strerror}") from None
    with target as stream, workplace() as place, unit_of_work(place.database) as session:
        lines = 0
        for line in journal_text.journal_text(session, form, month):
            stream.write(line + "\n")
            lines += 1
    if out:
        screen.facts({"file": str(out), "lines": lines})


def export_period(
    period: PeriodText,
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    *,
    as_json: Json = False,
) -> None:
    """Write a closed period as Parquet files with a manifest."""
    month = Period.parse(period)
    with workplace() as place:
        rows = parquet_export.export_period(place.database, month, out, now=place.clock())
    screen.facts({"period": str(month), "folder": str(out), "rows": rows}, as_json=as_json)


def audit_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of an exported period.")],
    *,
    as_json: Json = False,
) -> None:
    """Recompute an exported period with DuckDB, without our database; exit 1 where it differs."""
    answers = parquet_audit.audit(folder)
    columns = [Column("question"), Column("looked at", number=True), Column("holds")]
    rows = [(one.question, one.looked_at, "NO" if one.facts else "yes") for one in answers]
    if as_json:
        told = [
            {"question": a.question, "looked_at": a.looked_at, "facts": list(a.facts)}
            for a in answers
        ]
        screen.document(told)
    else:
        screen.table("Audit", columns, rows)
        for one in answers:
            for fact in one.facts:
                screen.out.print(f"broken: {one.question}: {fact}", markup=False, highlight=False)
    if any(one.facts for one in answers):
        raise typer.Exit(1)
