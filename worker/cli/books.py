"""Commands of the books: receipts, drain, close."""

from time import monotonic, sleep
from typing import Annotated

import typer

from service.ledger.money import check_currency, format_nanos, parse_nanos
from service.ledger.period import Period
from service.store import closing, embeddings, parties, periods, statements, work_batches
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts
from worker.approving import check_approved
from worker.cli import rehearsal, screen
from worker.cli.application import workplace
from worker.cli.statement_tables import show_summaries
from worker.close import waits_for
from worker.drain import drain, finish_closing
from worker.import_lines import BadOption
from worker.memory import peak_memory_mib
from worker.workplace import Workplace

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
PeriodText = Annotated[str, typer.Argument(metavar="YYYY-MM", help="A calendar month in UTC.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    receipts_group = typer.Typer(help="Money received from vendors.", no_args_is_help=True)
    receipts_group.command("add")(receipts_add)
    app.add_typer(receipts_group, name="receipts")
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
        show_summaries(rows, title=f"Statements of {month}", as_json=as_json)


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
                    threshold=place.threshold,
                    now=place.clock(),
                    progress=progress,
                )
            sleep(0.2)  # another process holds the last of what the period waits for
