"""Commands that look and change nothing in the books: verify, explain, index rebuild, attribute."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from service.ledger.money import check_currency
from service.ledger.period import Period
from service.settings import Settings
from service.store import pools
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.screen import Column
from worker.cli.test_book import test_book
from worker.explain_advance import explain_advance
from worker.explain_line import explain_line
from worker.explain_payout import explain_payout
from worker.explain_pool import explain_pool
from worker.explain_sale import explain_sale
from worker.explain_statement import explain_statement
from worker.explain_vendor_statement import explain_vendor_statement
from worker.explanation import Explanation
from worker.import_lines import BadOption
from worker.installed_encoder import installed_encoder
from worker.memory import peak_memory_mib
from worker.verify import Check, verify


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("verify")(verify_all)
    explaining = typer.Typer(help="The whole arithmetic of one amount.", no_args_is_help=True)
    explaining.command("sale")(show_sale)
    explaining.command("line")(show_line)
    explaining.command("statement")(show_statement)
    explaining.command("vendor-statement")(show_vendor_statement)
    explaining.command("advance")(show_advance)
    explaining.command("payout")(show_payout)
    explaining.command("pool")(show_pool)
    app.add_typer(explaining, name="explain")
    index = typer.Typer(help="The vector index, a cache of the database.", no_args_is_help=True)
    index.command("rebuild")(index_rebuild)
    app.add_typer(index, name="index")
    app.command("attribute")(attribute_files)


def verify_all(
    test: Annotated[str, typer.Option(help="Name of a vendor: its test book instead.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Check every invariant of the books; exit 1 and name the facts if one is broken."""
    with (
        workplace() as place,
        test_book(place, test) if test else nullcontext(place) as looked_at,
        screen.progress_bars() as progress,
    ):
        checks = verify(looked_at.database, progress)
    show_checks(checks, as_json=as_json)
    if not all(check.holds for check in checks):
        raise typer.Exit(1)


def show_checks(checks: list[Check], *, as_json: bool = False) -> None:
    """Print the result of ``verify``."""
    columns = [Column("invariant"), Column("looked at", number=True), Column("holds")]
    if as_json:
        screen.document([asdict(check) | {"holds": check.holds} for check in checks])
        return
    rows = [(c.invariant, c.looked_at, "yes" if c.holds else "NO") for c in checks]
    screen.table("Verify", columns, rows)
    for check in checks:
        for fact in check.facts:
            screen.out.print(f"broken: {check.invariant}: {fact}", markup=False, highlight=False)


def show_sale(
    sale: Annotated[str, typer.Argument(help="Number of the sale, or VENDOR/ID.")],
    *,
    as_json: Json = False,
) -> None:
    """Explain a sale: evidence, waterfall, pool, entries."""
    _explain(lambda session: explain_sale(session, sale), as_json=as_json)


def show_line(line: Annotated[int, typer.Argument()], *, as_json: Json = False) -> None:
    """Explain a line: credits, releases, who stands at what."""
    _explain(lambda session: explain_line(session, line), as_json=as_json)


def show_statement(
    number: Annotated[str, typer.Argument(help="Number of the statement.")],
    *,
    as_json: Json = False,
) -> None:
    """Explain a statement: lines, payouts, what is held for want of whose receipts."""
    _explain(lambda session: explain_statement(session, number), as_json=as_json)


def show_vendor_statement(
    number: Annotated[str, typer.Argument(help="See `vendor-statements list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Explain what a vendor owes: sales, corrections, moves, and how old it is."""
    _explain(lambda session: explain_vendor_statement(session, number), as_json=as_json)


def show_advance(
    advance: Annotated[int, typer.Argument(help="Number of an advance, see `advances list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Explain an advance: what was earned towards it, and why so much is recouped."""
    _explain(lambda session: explain_advance(session, advance), as_json=as_json)


def show_payout(
    payout: Annotated[int, typer.Argument(help="Number of a payout, see `payouts list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Explain a payout: gross, tax, fee, net, exchange, and the steps it took."""
    _explain(lambda session: explain_payout(session, payout), as_json=as_json)


def show_pool(
    vendor: Annotated[str, typer.Argument(help="Name of the vendor.")],
    month: PeriodText,
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    as_json: Json = False,
) -> None:
    """Explain the release of an unmatched pool: interest, fees and every division."""

    def told(session: Session) -> Explanation:
        found = pools.named(session, vendor, Period.parse(month), check_currency(currency))
        return explain_pool(session, found)

    _explain(told, as_json=as_json)


def _explain(explain: Callable[[Session], Explanation], *, as_json: bool) -> None:
    with workplace() as place, unit_of_work(place.database) as session:
        told = explain(session)
        session.rollback()
    _show(told, as_json=as_json)


def _show(told: Explanation, *, as_json: bool) -> None:
    if as_json:
        screen.document(
            {
                "heading": told.heading,
                **told.facts,
                "tables": [
                    {
                        "heading": heading,
                        "rows": [dict(zip(columns, row, strict=True)) for row in rows],
                    }
                    for heading, columns, rows in told.tables
                ],
            }
        )
        return
    screen.out.print(told.heading, style="bold", markup=False)
    screen.facts(told.facts)
    for heading, columns, rows in told.tables:
        numbers = {"taken", "shortfall", "nanos", "share ppm", "credited", "sales", "tokens", "USD"}
        screen.table(heading, [Column(name, number=name in numbers) for name in columns], rows)


def index_rebuild(*, as_json: Json = False) -> None:
    """Build the vector index anew from the database."""
    with workplace() as place:
        with screen.progress_bars() as progress:
            passages = place.room.rebuild(progress)
        folder = place.settings.home / "index"
    screen.facts({"passages": passages, "folder": str(folder)}, as_json=as_json)


def attribute_files(
    works: Annotated[Path, typer.Option(help="JSON Lines of works: id, title, text.")],
    outputs: Annotated[Path, typer.Option(help="JSON Lines of outputs: id, text.")],
    out: Annotated[Path, typer.Option(help="File of predictions to write.")],
    *,
    as_json: Json = False,
) -> None:
    """Attribute a file of outputs to a file of works, without a database."""
    from attribution.evaluation import BadLine
    from attribution.evaluation import attribute_files as run

    encoder = installed_encoder(Settings(), threads=None)
    try:
        with screen.progress_bars() as progress:
            summary = run(works, outputs, out, encoder=encoder, progress=progress)
    except BadLine as error:
        raise BadOption("attribute", str(error)) from None
    except OSError as error:
        raise BadOption(str(error.filename), f"cannot be used: {error.strerror}") from None
    told = {key.replace("_", " "): value for key, value in asdict(summary).items()}
    screen.facts(told | {"peak memory MiB": peak_memory_mib(), "file": str(out)}, as_json=as_json)
