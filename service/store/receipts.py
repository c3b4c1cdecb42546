"""Receipts from vendors, and which earnings they stand behind."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.accounts import vendor_receivable
from service.ledger.backing import Owed
from service.ledger.period import Period
from service.store import advances
from service.store.database import Database, autocommit, driver

_BACKING = 7_600_000
_RECEIVING = 8_200_000


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """Money a vendor paid; nanos above zero."""

    vendor_id: int
    amount_nanos: int
    currency: str
    reference: str


def insert(session: Session, receipt: NewReceipt, *, now: datetime) -> int:
    """Keep a receipt; return its number."""
    query = text(
        "INSERT INTO receipt (vendor_id, amount_nanos, currency, reference, received_at) "
        "VALUES (:vendor, :amount, :currency, :reference, :now) RETURNING receipt_id"
    )
    fields = {
        "vendor": receipt.vendor_id,
        "amount": receipt.amount_nanos,
        "currency": receipt.currency,
        "reference": receipt.reference,
        "now": now,
    }
    return int(session.execute(query, fields).scalar_one())


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """Money a vendor paid, as it was kept."""

    receipt_id: int
    amount_nanos: int
    currency: str
    reference: str
    received_at: datetime


def newest(session: Session, vendor_id: int, *, limit: int) -> list[StoredReceipt]:
    """List what a vendor paid, the newest first."""
    rows = driver(session).execute(
        "SELECT receipt_id, amount_nanos, currency, reference, received_at FROM receipt "
        "WHERE vendor_id = %s ORDER BY receipt_id DESC LIMIT %s",
        (vendor_id, limit),
    )
    return [StoredReceipt(*row) for row in rows]


@contextmanager
def stopped(database: Database) -> Iterator[None]:
    """Let whoever adds a receipt finish, and the next wait, while what a close issues is fixed."""
    with autocommit(database) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_RECEIVING,))
        yield


def wait_while_stopped(session: Session) -> None:
    """Wait for a close that is posting what was approved; it waits for this transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _RECEIVING})


def lock_backing(session: Session, vendor_id: int) -> None:
    """Let one transaction at a time back a vendor's obligations."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :vendor)"),
        {"lock": _BACKING, "vendor": vendor_id},
    )


def received(session: Session, vendor_id: int, currency: str) -> int:
    """Sum all receipts of a vendor in a currency."""
    query = text(
        "SELECT coalesce(sum(amount_nanos), 0) FROM receipt "
        "WHERE vendor_id = :vendor AND currency = :currency"
    )
    return int(session.execute(query, {"vendor": vendor_id, "currency": currency}).scalar_one())


def currencies(session: Session, vendor_id: int) -> list[str]:
    """List the currencies in which a vendor's lines were ever released, or advances agreed."""
    query = text(
        "SELECT currency FROM line JOIN release USING (line_id) WHERE vendor_id = :vendor "
        "UNION SELECT currency FROM advance WHERE vendor_id = :vendor ORDER BY currency"
    )
    return list(session.execute(query, {"vendor": vendor_id}).scalars())


def currencies_owed(session: Session, vendor: str) -> list[str]:
    """List the currencies in which a vendor ever owed something."""
    query = text("SELECT currency FROM account WHERE name = :name ORDER BY currency")
    return list(session.execute(query, {"name": vendor_receivable(vendor)}).scalars())


def owed(session: Session, vendor_id: int, vendor: str, currency: str) -> list[Owed]:
    """Return what a vendor owes for each period that is not open, and whom it was earned by.

    What a guarantee made up is among it; what an advance recouped is paid for and is not.
    """
    connection = driver(session)
    earned: dict[int, dict[int, int]] = defaultdict(dict)
    for period, holder, nanos in connection.execute(
        "SELECT r.period, p.holder_id, sum(p.nanos) FROM release r "
        "JOIN release_part p USING (release_id) JOIN line l USING (line_id) "
        "WHERE l.vendor_id = %s AND l.currency = %s "
        "AND p.holder_id IS NOT NULL GROUP BY r.period, p.holder_id",
        (vendor_id, currency),
    ):
        earned[period][holder] = int(nanos)
    due = connection.execute(
        "SELECT e.period, sum(p.amount_nanos) FROM journal_entry e JOIN period USING (period) "
        "CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS p (account_id, amount_nanos) "
        "JOIN account a ON a.account_id = p.account_id WHERE e.kind IN (1, 2) "
        "AND a.name = %s AND a.currency = %s AND period.state <> 'open' GROUP BY e.period",
        (vendor_receivable(vendor), currency),
    )
    owed_of = {int(period): int(nanos) for period, nanos in due}
    besides = advances.earned_besides(session, vendor_id, currency)
    for (period, holder), (made_up, recouped) in besides.items():
        number, nanos = period.number, made_up - recouped
        owed_of[number] = owed_of.get(number, 0) + nanos
        earned[number][holder] = earned[number].get(holder, 0) + nanos
    return [
        Owed(vendor, Period(period), owed_of.get(period, 0), earned.get(period, {}))
        for period in sorted(owed_of.keys() | earned.keys())
    ]


def backed_so_far(session: Session, vendor_id: int, currency: str) -> dict[tuple[Period, int], int]:
    """Return how much of each (period, holder) receipts stand behind already."""
    rows = driver(session).execute(
        "SELECT p.period, p.holder_id, sum(p.nanos) FROM backing b "
        "JOIN backing_part p USING (backing_id) "
        "WHERE b.vendor_id = %s AND b.currency = %s GROUP BY p.period, p.holder_id",
        (vendor_id, currency),
    )
    return {(Period(period), holder): int(nanos) for period, holder, nanos in rows}


def insert_backing(
    session: Session,
    vendor_id: int,
    currency: str,
    parts: Mapping[tuple[Period, int], int],
    *,
    now: datetime,
) -> int:
    """Keep one step of backing; parts are nanos by (period, holder), none zero."""
    connection = driver(session)
    row = connection.execute(
        "INSERT INTO backing (vendor_id, currency, backed_at) VALUES (%s, %s, %s) "
        "RETURNING backing_id",
        (vendor_id, currency, now),
    ).fetchone()
    assert row
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO backing_part (backing_id, period, holder_id, nanos) "
            "VALUES (%s, %s, %s, %s)",
            [(row[0], period.number, holder, n) for (period, holder), n in parts.items()],
        )
    return int(row[0])
