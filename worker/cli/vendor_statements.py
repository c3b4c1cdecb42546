"""Commands of what vendors owe, as it was stated: list, show, write to files, invoice data."""

from pathlib import Path
from typing import Annotated

import typer

from service.api.vendor_documents import load, seller_of
from service.documents.vendor_invoice import vendor_invoice
from service.documents.vendor_statement_forms import VendorForm, written
from service.documents.vendor_statement_json import vendor_statement_json
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import parties, vendor_statements
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.import_lines import BadOption

_MOST = 100_000

Number = Annotated[str, typer.Argument(help="Number of a statement, see `vendor-statements list`.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What vendors owe by closed month.", no_args_is_help=True)
    group.command("list")(vendor_statements_list)
    group.command("show")(vendor_statements_show)
    group.command("export")(vendor_statements_export)
    group.command("invoice")(vendor_statements_invoice)
    app.add_typer(group, name="vendor-statements")


def vendor_statements_list(
    vendor: Annotated[str | None, typer.Option(help="Name of a vendor.")] = None,
    period: Annotated[str | None, typer.Option(help="YYYY-MM")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List statements of vendors: opening + charged + corrected + moved = closing."""
    month = Period.parse(period) if period else None
    with workplace() as place, unit_of_work(place.database) as session:
        of = parties.vendor_named(session, vendor).party_id if vendor else None
        rows = vendor_statements.listing(session, vendor_id=of, period=month, limit=_MOST)
    names = ("opening", "charged", "corrected", "moved", "closing")
    columns = [Column("number"), Column("vendor"), Column("currency")]
    columns += [Column(name, number=True) for name in names] + [Column("due on")]
    cells = [
        (
            one.number,
            one.vendor_name,
            one.currency,
            *(
                format_nanos(nanos)
                for nanos in (
                    one.opening_nanos,
                    one.charged_nanos,
                    one.corrected_nanos,
                    one.moved_nanos,
                    one.closing_nanos,
                )
            ),
            one.due_on.isoformat(),
        )
        for one in rows
    ]
    screen.table("Statements of vendors", columns, cells, as_json=as_json)


def vendor_statements_show(number: Number) -> None:
    """Show one statement as JSON."""
    with workplace() as place, unit_of_work(place.database) as session:
        document = load(session, number, vendor_id=None)
    screen.document(vendor_statement_json(document))


def vendor_statements_export(
    number: Number,
    form: Annotated[
        VendorForm, typer.Option("--format", help="Form of the file.")
    ] = VendorForm.HTML,
    out: Annotated[Path | None, typer.Option(help="File to write; default NUMBER.FORMAT.")] = None,
    locale: Annotated[
        str | None, typer.Option(help="Figures of HTML and PDF as this locale writes them: de.")
    ] = None,
) -> None:
    """Write one statement to a file."""
    with workplace() as place:
        with unit_of_work(place.database) as session:
            document = load(session, number, vendor_id=None)
        content = written(document, form, locale=locale, fonts=place.settings.fonts)
    path = out or Path(f"{document.number}.{form}")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.say(f"wrote {path}")


def vendor_statements_invoice(number: Number) -> None:
    """Print the data of the invoice over a statement as JSON."""
    with workplace() as place:
        with unit_of_work(place.database) as session:
            document = load(session, number, vendor_id=None)
        screen.document(vendor_invoice(document, seller_of(place.settings)))
