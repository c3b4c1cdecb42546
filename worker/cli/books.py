"""Commands of the books: receipts, drain, close, statements."""

from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer

from service.documents.statement_csv import statement_csv
from service.documents.statement_document import StatementDocument
from service.documents.statement_html import statement_html
from service.documents.statement_json import statement_json
from service.ledger.money import check_currency, format_nanos, parse_nanos
from service.ledger.period import Period
from service.store import closing, embeddings, parties, periods, statements, work_batches
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts
from worker.approving import check_approved
from worker.cli import rehearsal, screen
from worker.cli.application import workplace
from worker.cli.screen import Column
from worker.close import waits_for
from worker.drain import drain, finish_closing
from worker.import_lines import BadOption
from worker.memory import peak_memory_mib
from worker.workplace import Workplace

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
PeriodText = Annotated[str, typer.Argument(metavar="YYYY-MM", help="A calendar month in UTC.")]


class Format(StrEnum):
    """Forms a statement is exported in."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    receipts_group = typer.Typer(help="Money received from vendors.", no_args_is_help=True)
    receipts_group.command("add")(receipts_add)
    app.add_typer(receipts_group, name="receipts")
    group = typer.Typer(help="Statements of rights holders.", no_args_is_help=True)
    group.command("list")(statements_list)
    group.command("show")(statements_show)
    group.command("export")(statements_export)
    app.add_typer(group, name="statements")
    app.command("drain")(drain_all)
    app.command("close")(close_period)


def receipts_add(
    vendor: Annotated[str, typer.Option(help="Name of the vendor that paid.")],
    amount: Annotated[str, typer.Option(help="Amount received, like 1250.00.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    reference: Annotated[str, typer.Option(help="What the bank says.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Record money received from a vendor: earnings it backs become payable."""
    nanos = parse_nanos(amount)
    if nanos <= 0:
        raise BadOption("--amount", "must be above zero")
    with workplace() as place:
        with unit_of_work(place.database) as session:
            party = parties.vendor_named(session, vendor)
        assert party.party_id is not None
        receipt = NewReceipt(party.party_id, nanos, check_currency(currency), reference[:200])
        number = receipts.add(place.database, party, receipt, now=place.clock())
    told = {"receipt": number, "vendor": party.name, "amount": format_nanos(nanos)}
    screen.facts(told | {"currency": currency}, as_json=as_json)


def drain_all(*, as_json: Json = False) -> None:
    """Attribute and settle all that waits."""
    with workplace() as place:
        told = drained(place)
    screen.facts(told, as_json=as_json)


def drained(place: Workplace) -> dict[str, object]:
    """Drain with progress bars; return what was done and how fast."""
    with unit_of_work(place.database) as session:
        before = work_batches.waiting(session)
        works = embeddings.unembedded_count(session)
    started = monotonic()
    with screen.progress_bars() as progress:
        drain(place, progress)
    seconds = monotonic() - started
    encoder = place.room.encoder
    return {
        "works embedded": works,
        "sales attributed": before.to_attribute,
        "sales settled": before.to_attribute + before.to_settle,
        "passages encoded": encoder.passages,
        "passages per second": round(encoder.passages_per_second, 1),
        "seconds": round(seconds, 1),
        "peak memory MiB": peak_memory_mib(),
    }


def close_period(
    period: PeriodText,
    *,
    early: Annotated[bool, typer.Option(help="Close a month that has not ended.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Show what it would issue and why; post nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Close a period: release lines to holders, freeze, issue statements."""
    month = Period.parse(period)
    with workplace() as place:
        if dry_run:
            rehearsal.show(place, month, early=early, as_json=as_json)
            return
        rows = closed(place, month, early=early)
        _show_summaries(rows, title=f"Statements of {month}", as_json=as_json)


def closed(place: Workplace, month: Period, *, early: bool) -> list[statements.StatementSummary]:
    """Begin a close, drain what it waits for, finish it; return the statements issued."""
    with unit_of_work(place.database) as session:
        closing.begin(session, month, early=early, now=place.clock())
    with screen.progress_bars() as progress:
        while True:
            drain(place, progress)
            finish_closing(place, progress)
            with unit_of_work(place.database) as session:
                if periods.state(session, month) == periods.CLOSED:
                    return statements.listing(session, period=month)
            if not waits_for(place.database, month):
                check_approved(
                    place.database,
                    month,
                    needed=place.settings.close_approvals,
                    threshold=place.threshold_nanos,
                    now=place.clock(),
                    progress=progress,
                )
            sleep(0.2)  # another process holds the last of what the period waits for


def _show_summaries(rows: list[statements.StatementSummary], *, title: str, as_json: bool) -> None:
    columns = [Column("number"), Column("holder"), Column("period"), Column("currency")]
    names = ("opening", "earned", "paid out", "closing", "held", "payable", "carried forward")
    columns += [Column(name, number=True) for name in names]
    screen.table(
        title,
        columns,
        [
            (
                row.number,
                row.holder_name,
                str(row.period),
                row.currency,
                format_nanos(row.opening_nanos),
                format_nanos(row.earned_nanos),
                format_nanos(row.paid_nanos),
                format_nanos(row.closing_nanos),
                format_nanos(row.held_nanos),
                format_nanos(row.payable_nanos),
                format_nanos(row.carried_nanos),
            )
            for row in rows
        ],
        as_json=as_json,
    )


def statements_list(
    period: Annotated[str | None, typer.Option(help="YYYY-MM")] = None, *, as_json: Json = False
) -> None:
    """List statements."""
    month = Period.parse(period) if period else None
    with workplace() as place, unit_of_work(place.database) as session:
        rows = statements.listing(session, period=month, limit=100_000)
    _show_summaries(rows, title="Statements", as_json=as_json)


def _document(number: str) -> StatementDocument:
    with workplace() as place, unit_of_work(place.database) as session:
        issued = statements.get(session, number)
    return document_of(issued)


def document_of(issued: statements.IssuedStatement) -> StatementDocument:
    """Return an issued statement as the document every form is made from."""
    return StatementDocument(
        issued.number,
        issued.holder_name,
        issued.issued_at,
        issued.statement,
        issued.work_titles,
        issued.vendor_names,
    )


Number = Annotated[str, typer.Argument(help="Number of a statement, see `statements list`.")]


def statements_show(number: Number, *, as_json: Json = False) -> None:
    """Show one statement."""
    document = _document(number)
    if as_json:
        screen.document(statement_json(document))
    else:
        show_statement(document)


def show_statement(document: StatementDocument) -> None:
    """Print a statement: opening, lines, closing, and what of it can be paid."""
    said, closing_ = document.statement, document.statement.closing
    heading = f"Statement {document.number} of {document.holder_name}"
    columns = [Column("kind"), Column("work"), Column("vendor"), Column("tier"), Column("month")]
    names = ("sales", "tokens", "credited", "your share ppm", said.currency)
    screen.table(
        heading,
        columns + [Column(name, number=True) for name in names],
        [
            (
                str(line.kind),
                document.work_titles.get(line.work_id, line.work_id),
                document.vendor_names.get(line.vendor, line.vendor),
                str(line.tier),
                str(line.month),
                line.sales_count,
                line.output_tokens,
                format_nanos(line.credited_nanos),
                line.share_ppm,
                format_nanos(line.nanos),
            )
            for line in said.lines
        ],
    )
    screen.facts(
        {
            "opening balance": format_nanos(said.opening_nanos),
            "earned": format_nanos(said.earned_nanos),
            "paid out": format_nanos(said.paid_nanos),
            "closing balance": format_nanos(said.closing_nanos),
            "held": f"{format_nanos(closing_.held_nanos)}  {document.held_reason}",
            "payable": format_nanos(closing_.payable_nanos),
            "carried forward": f"{format_nanos(closing_.carried_nanos)}  {document.carried_reason}",
        }
    )


def statements_export(
    number: Number,
    form: Annotated[Format, typer.Option("--format", help="Form of the file.")] = Format.HTML,
    out: Annotated[Path | None, typer.Option(help="File to write; default NUMBER.FORMAT.")] = None,
) -> None:
    """Write one statement to a file."""
    document = _document(number)
    match form:
        case Format.JSON:
            import json

            text = json.dumps(statement_json(document), ensure_ascii=False, indent=1)
        case Format.CSV:
            text = statement_csv(document)
        case Format.HTML:
            text = statement_html(document)
    path = out or Path(f"{document.number}.{form}")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.say(f"wrote {path}")
