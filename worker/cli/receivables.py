"""Commands of what vendors owe: its age, and what is written off."""

from typing import Annotated

import typer

from service.ledger.ageing import BUCKETS
from service.ledger.money import check_currency, format_nanos, parse_nanos
from service.store import parties
from service.store.database import unit_of_work
from worker import receivables
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.screen import Column


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What vendors owe for closed months.", no_args_is_help=True)
    group.command("list")(receivables_list)
    group.command("months")(receivables_months)
    group.command("write-off")(receivables_write_off)
    app.add_typer(group, name="receivables")


def receivables_list(*, as_json: Json = False) -> None:
    """List what each vendor owes, by age in days since the end of the month."""
    with workplace() as place, unit_of_work(place.database) as session:
        today = place.clock().date()
        rows = [
            (
                one.vendor,
                one.currency,
                *(format_nanos(nanos) for nanos in one.aged.buckets(today)),
                format_nanos(one.aged.open_nanos),
                format_nanos(sum(month.written_off_nanos for month in one.aged.months)),
                format_nanos(one.aged.unallocated_nanos),
            )
            for one in receivables.listing(session)
        ]
    ages = [f"up to {days} days" for days in BUCKETS] + [f"over {BUCKETS[-1]} days"]
    columns = [Column("vendor"), Column("currency")]
    names = (*ages, "open", "written off", "paid ahead")
    columns += [Column(name, number=True) for name in names]
    screen.table("Receivables", columns, rows, as_json=as_json)


def receivables_months(
    vendor: Annotated[str, typer.Argument(help="Name of the vendor.")], *, as_json: Json = False
) -> None:
    """List a vendor's debt month by month: receipts fill the oldest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        party = parties.vendor_named(session, vendor)
        today = place.clock().date()
        rows = [
            (
                str(month.period),
                one.currency,
                *(
                    format_nanos(nanos)
                    for nanos in (
                        month.owed_nanos,
                        month.received_nanos,
                        month.written_off_nanos,
                        month.open_nanos,
                    )
                ),
                month.days_open(today),
            )
            for one in receivables.listing(session)
            if one.vendor_id == party.party_id
            for month in one.aged.months
        ]
    columns = [Column("month"), Column("currency")]
    names = ("owed", "received", "written off", "open", "days")
    columns += [Column(name, number=True) for name in names]
    screen.table(f"Receivable of {vendor}", columns, rows, as_json=as_json)


def receivables_write_off(
    vendor: Annotated[str, typer.Argument(help="Name of the vendor.")],
    amount: Annotated[str, typer.Argument(help="What is not expected any more, like 12.50.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the entry.")],
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    take_back: Annotated[bool, typer.Option(help="The amount is expected after all.")] = False,
    as_json: Json = False,
) -> None:
    """Write off a part of what a vendor owes; holders keep their claims, held."""
    nanos = parse_nanos(amount) * (-1 if take_back else 1)
    with workplace() as place:
        with unit_of_work(place.database) as session:
            party = parties.vendor_named(session, vendor)
        number = receivables.write_off(
            place.database,
            party,
            nanos,
            check_currency(currency),
            reason=reason,
            by=BY,
            now=place.clock(),
        )
    told = {"write-off": number, "vendor": party.name, "amount": format_nanos(nanos)}
    screen.facts(told | {"currency": currency}, as_json=as_json)
