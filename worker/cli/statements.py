"""Commands of statements: list, show, write to files."""

from pathlib import Path
from typing import Annotated

import typer

from service.api.statement_documents import document_of
from service.documents.statement_forms import Form, written
from service.documents.statement_json import statement_json
from service.ledger.period import Period
from service.store import statements
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.statement_tables import show_statement, show_summaries
from worker.import_lines import BadOption

Number = Annotated[str, typer.Argument(help="Number of a statement, see `statements list`.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Statements of rights holders.", no_args_is_help=True)
    group.command("list")(statements_list)
    group.command("show")(statements_show)
    group.command("export")(statements_export)
    app.add_typer(group, name="statements")


def statements_list(
    period: Annotated[str | None, typer.Option(help="YYYY-MM")] = None, *, as_json: Json = False
) -> None:
    """List statements."""
    month = Period.parse(period) if period else None
    with workplace() as place, unit_of_work(place.database) as session:
        rows = statements.listing(session, period=month, limit=100_000)
    show_summaries(rows, title="Statements", as_json=as_json)


def statements_show(number: Number, *, as_json: Json = False) -> None:
    """Show one statement."""
    with workplace() as place, unit_of_work(place.database) as session:
        document = document_of(statements.get(session, number))
    if as_json:
        screen.document(statement_json(document))
    else:
        show_statement(document)


def statements_export(
    number: Number,
    form: Annotated[Form, typer.Option("--format", help="Form of the file.")] = Form.HTML,
    out: Annotated[Path | None, typer.Option(help="File to write; default NUMBER.FORMAT.")] = None,
    locale: Annotated[
        str | None, typer.Option(help="Figures of HTML and PDF as this locale writes them: de.")
    ] = None,
) -> None:
    """Write one statement to a file."""
    with workplace() as place:
        with unit_of_work(place.database) as session:
            document = document_of(statements.get(session, number))
        made = written(document, form, locale=locale, fonts=place.settings.fonts)
    path = out or Path(f"{document.number}.{form}")
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.say(f"wrote {path}")
    if made.without_glyph:
        screen.say(f"no font at hand has a glyph for: {named(made.without_glyph)}")


def named(signs: tuple[str, ...]) -> str:
    """Name signs by their code points."""
    return ", ".join(f"U+{ord(sign):04X}" for sign in signs)
