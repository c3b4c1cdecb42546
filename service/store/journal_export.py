"""The journal in its own order, read in steps: for exports that outlive this program."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from sqlmodel import Session

from service.ledger.journal import Kind
from service.ledger.period import Period
from service.store.database import driver

_A_STEP = 5_000
_MOST_NAMES = 200_000


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry with the names of its accounts; nanos are debit positive."""

    kind: Kind
    source_id: int
    sale_id: int | None
    period: Period
    currency: str
    batch_id: int
    legs: Mapping[str, int]


_ENTRIES = """
SELECT kind, source_id, subject_sale_id, period, currency, batch_id, accounts, amounts
FROM journal_entry WHERE period BETWEEN %s AND %s ORDER BY period, kind, source_id
"""


def entries(session: Session, first: Period, last: Period) -> Iterator[ExportedEntry]:
    """Yield the entries of periods by period, kind and source; memory does not grow with them."""
    connection, names = driver(session), dict[int, str]()
    with connection.cursor("exported") as cursor:
        cursor.itersize = _A_STEP
        cursor.execute(_ENTRIES, (first.number, last.number))
        while rows := cursor.fetchmany(_A_STEP):
            _learn(connection, names, {account for row in rows for account in row[6]})
            for kind, source, sale, period, currency, batch, accounts, amounts in rows:
                legs = dict(zip([names[one] for one in accounts], amounts, strict=True))
                yield ExportedEntry(
                    Kind.numbered(kind), source, sale, Period(period), currency, batch, legs
                )


def _learn(connection: psycopg.Connection, names: dict[int, str], accounts: set[int]) -> None:
    if len(names) > _MOST_NAMES:
        names.clear()
    missing = sorted(accounts - names.keys())
    if missing:
        query = "SELECT account_id, name FROM account WHERE account_id = ANY(%s)"
        names |= {int(number): str(name) for number, name in connection.execute(query, (missing,))}


def span(session: Session) -> tuple[Period, Period] | None:
    """Return the first and last period that have entries, None where there is none."""
    row = driver(session).execute("SELECT min(period), max(period) FROM batch").fetchone()
    return (Period(row[0]), Period(row[1])) if row and row[0] else None
