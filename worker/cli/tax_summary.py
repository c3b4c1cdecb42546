"""Command of the year's tax summary: by payee and rule, as a table, JSON or CSV."""

import csv
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer

from service.ledger.money import format_nanos
from service.ledger.tax import NO_ADVICE
from service.store import tax_summaries
from service.store.database import unit_of_work
from service.store.tax_summaries import TaxSummary
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def payouts_tax_summary(
    year: Annotated[int, typer.Argument(min=2000, max=9999, help="In which the bank paid.")],
    payee: Annotated[int | None, typer.Option(help="Only this payee.")] = None,
    csv_path: Annotated[
        Path | None, typer.Option("--csv", dir_okay=False, help="Write a CSV file.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Sum what each payee was paid in a year and what was withheld of it, by rule."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = [as_facts(one) for one in tax_summaries.of_year(session, year, payee_id=payee)]
    names = [field.name.removesuffix("_nanos") for field in fields(TaxSummary)]
    if csv_path:
        with csv_path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows({name: _guarded(value) for name, value in row.items()} for row in rows)
    columns = [Column(name.replace("_", " ")) for name in names]
    screen.table(
        f"Payouts of {year}. {NO_ADVICE}",
        columns,
        [tuple(row.values()) for row in rows],
        as_json=as_json,
    )


def as_facts(one: TaxSummary) -> dict[str, object]:
    """Return a summary with its amounts as decimal strings."""
    return {
        name.removesuffix("_nanos"): format_nanos(value) if name.endswith("_nanos") else value
        for name, value in asdict(one).items()
    }


def _guarded(value: object) -> object:
    """Keep a name that begins like a formula from being one in a spreadsheet."""
    is_text = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_text and not _is_amount(str(value)) else value


def _is_amount(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()
