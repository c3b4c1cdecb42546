"""Commands of statements: list, show, write to files."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from service.api.statement_documents import load
from service.documents.statement_forms import Form, written
from service.documents.statement_json import statement_json
from service.ledger.period import Period
from service.store import reissues, statements
from service.store.database import unit_of_work
from service.store.printed_names import HOLDER, WORK, Subject
from service.store.reissues import DocumentNumber
from worker import rendering
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.findings import BY
from worker.cli.statement_tables import show_statement, show_summaries
from worker.import_lines import BadOption

_MOST_DIGITS = 18

Number = Annotated[str, typer.Argument(help="Number of a statement, see `statements list`.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Statements of rights holders.", no_args_is_help=True)
    group.command("list")(statements_list)
    group.command("show")(statements_show)
    group.command("export")(statements_export)
    group.command("render")(statements_render)
    group.command("reissue")(statements_reissue)
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
        document = load(session, number)
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
            document = load(session, number)
        made = written(document, form, locale=locale, fonts=place.settings.fonts)
    path = out or Path(f"{document.number}.{form}")
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.say(f"wrote {path}")
    if made.without_glyph:
        screen.say(f"no font at hand has a glyph for: {named(made.without_glyph)}")


def statements_render(
    period: PeriodText,
    folder: Annotated[Path, typer.Option(help="Folder the files are written to.")],
    forms: Annotated[list[Form] | None, typer.Option("--format", help="One or more forms.")] = None,
    locale: Annotated[str, typer.Option(help="Figures as this locale writes them: de.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that write.")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """Write all statements of a closed month to a folder; run again, it writes what is missing."""
    month = Period.parse(period)
    wanted = tuple(form for form in Form if form in (forms or [Form.PDF]))
    with workplace() as place, screen.progress_bars() as progress:
        started = monotonic()
        desk = rendering.begin(
            place.database,
            month,
            rendering.Desk(0, wanted, locale, folder, place.settings.fonts),
            now=place.clock(),
            progress=progress,
        )
        stands = rendering.write_all(
            place.database, desk, workers=workers, clock=place.clock, progress=progress
        )
        manifest = rendering.write_manifest(place.database, month, desk)
    told = {"documents": stands.written, "refused": stands.refused, "manifest": str(manifest)}
    screen.facts(told | {"seconds": round(monotonic() - started, 1)}, as_json=as_json)
    if stands.refused:
        raise BadOption(str(manifest), f"{stands.refused} documents could not be set, see there")


def statements_reissue(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it stands on the new document.")],
    holder_name: Annotated[str | None, typer.Option(help="Name of the holder.")] = None,
    work_title: Annotated[
        list[str] | None, typer.Option(metavar="ID=TITLE", help="Title of a work by its id.")
    ] = None,
) -> None:
    """Issue a statement again with other names; what was issued stays, and no money moves."""
    statement = DocumentNumber.parse(number).statement
    with workplace() as place, unit_of_work(place.database) as session:
        issued = statements.get(session, statement)
        names = {Subject(WORK, of): title for of, title in map(_title, work_title or [])}
        if holder_name is not None:
            names[Subject(HOLDER, issued.statement.holder_id)] = holder_name
        made = reissues.insert(
            session,
            issued.statement_id,
            statement,
            names,
            reason=reason,
            by=BY,
            now=place.clock(),
        )
    screen.say(f"issued {made}")


def _title(option: str) -> tuple[int, str]:
    number, equals, title = option.partition("=")
    if not equals or not (number.isascii() and number.isdigit()) or len(number) > _MOST_DIGITS:
        raise BadOption("--work-title", "write the number of a work, =, and the title: 7=Ode")
    return int(number), title


def named(signs: tuple[str, ...]) -> str:
    """Name signs by their code points."""
    return ", ".join(f"U+{ord(sign):04X}" for sign in signs)
