"""Statements of what vendors owe: issued once, read for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.ledger.ageing import Aged, OpenMonth
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.ledger.vendor_statement import (
    ChainPart,
    Division,
    LineKind,
    MoveKind,
    VendorLine,
    VendorMove,
    VendorStatement,
)
from service.store import webhook_events
from service.store.database import driver
from service.store.vendor_statement_facts import Debtor


class VendorStatementNotFound(LedgerError):
    """No such statement of a vendor, or not yours."""

    def __init__(self, number: str) -> None:
        super().__init__(f"no vendor statement {number[:60]!r}", number=number[:60])


@dataclass(frozen=True, slots=True)
class Issue:
    """How a statement was issued. digest: SHA-256 of what it says, as its document writes it."""

    number: str
    vendor_id: int
    due_on: date
    issued_at: datetime
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class IssuedVendorStatement:
    """A statement as issued, with the vendor's name of now."""

    vendor_statement_id: int
    vendor_name: str
    issue: Issue
    statement: VendorStatement


def number_of(who: Debtor, period: Period) -> str:
    """Return the public number of a statement: period, vendor and currency."""
    return f"{period}-V{who.vendor_id}-{who.currency}"


def insert(session: Session, issue: Issue, said: VendorStatement) -> None:
    """Issue a statement with all it says; unique by vendor, currency and period."""
    connection = driver(session)
    row = connection.execute(
        "INSERT INTO vendor_statement (number, vendor_id, currency, period, opening_nanos, "
        "charged_nanos, corrected_nanos, moved_nanos, closing_nanos, unallocated_nanos, digest, "
        "due_on, issued_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "RETURNING vendor_statement_id",
        (
            *(issue.number, issue.vendor_id, said.currency, said.period.number),
            *(said.opening_nanos, said.charged_nanos, said.corrected_nanos, said.moved_nanos),
            *(said.closing_nanos, said.ageing.unallocated_nanos),
            *(issue.digest, issue.due_on, issue.issued_at),
        ),
    ).fetchone()
    assert row
    number = int(row[0])
    _insert_all(session, "line", 14, [(number, *one) for one in _line_rows(said)])
    chain = [(number, one.party, one.settles, one.nanos) for one in said.chain]
    _insert_all(session, "chain", 4, chain)
    moves = [
        (number, at, str(one.kind), one.source_id, one.nanos, one.reference, one.at)
        for at, one in enumerate(said.moves)
    ]
    _insert_all(session, "move", 7, moves)
    months = [
        (number, one.period.number, one.owed_nanos, one.received_nanos, one.written_off_nanos)
        for one in said.ageing.months
    ]
    _insert_all(session, "month", 5, months)
    webhook_events.record_statement(
        session, issue.number, said.period, vendor_id=issue.vendor_id, now=issue.issued_at
    )


def _line_rows(said: VendorStatement) -> list[tuple[Any, ...]]:
    return [
        (
            *(at, str(one.kind), one.month.number, one.tier.number, one.cause),
            *(one.count, one.output_tokens),
            *(one.division.works_nanos, one.division.fee_nanos, one.division.unmatched_nanos),
            *(one.division.chain_nanos, one.division.kept_nanos, one.due_nanos),
        )
        for at, one in enumerate(said.lines)
    ]


def _insert_all(session: Session, table: str, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
    places = ", ".join(["%s"] * width)
    with driver(session).cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO vendor_statement_{table} VALUES ({places})".encode(),  # noqa: S608
            rows,
        )


@dataclass(frozen=True, slots=True)
class VendorStatementSummary:
    """One row of a list: nanos; opening + charged + corrected + moved = closing."""

    vendor_statement_id: int
    number: str
    vendor_id: int
    vendor_name: str
    period: Period
    currency: str
    opening_nanos: int
    charged_nanos: int
    corrected_nanos: int
    moved_nanos: int
    closing_nanos: int
    due_on: date
    issued_at: datetime


_LISTING = """
SELECT vendor_statement_id, number, vendor_id, name, period, currency, opening_nanos,
    charged_nanos, corrected_nanos, moved_nanos, closing_nanos, due_on, issued_at
FROM vendor_statement JOIN party ON party_id = vendor_id
WHERE vendor_statement_id > %(after)s
    AND (%(vendor)s::bigint IS NULL OR vendor_id = %(vendor)s)
    AND (%(period)s::int IS NULL OR period = %(period)s)
ORDER BY vendor_statement_id LIMIT %(limit)s
"""


def listing(
    session: Session,
    *,
    vendor_id: int | None = None,
    period: Period | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[VendorStatementSummary]:
    """List statements in order of issue, on request of one vendor or period."""
    number = period.number if period else None
    facts = {"after": after, "vendor": vendor_id, "period": number, "limit": limit}
    rows = driver(session).execute(_LISTING, facts)
    return [
        VendorStatementSummary(
            number, name, vendor, vendor_name, Period(period), currency,
            int(opening), int(charged), int(corrected), int(moved), int(closing), due, at,
        )
        for (number, name, vendor, vendor_name, period, currency,
             opening, charged, corrected, moved, closing, due, at) in rows
    ]  # fmt: skip


_GET = """
SELECT vendor_statement_id, p.name, number, vendor_id, due_on, issued_at, digest, p.slug, currency,
    period, opening_nanos, unallocated_nanos
FROM vendor_statement JOIN party p ON p.party_id = vendor_id WHERE number = %s
"""


def get(session: Session, number: str) -> IssuedVendorStatement:
    """Return a statement by its public number; raise VendorStatementNotFound."""
    row = driver(session).execute(_GET, (number,)).fetchone() if "\0" not in number else None
    if not row:
        raise VendorStatementNotFound(number)
    said = VendorStatement(
        row[7],
        row[8],
        Period(row[9]),
        int(row[10]),
        _lines(session, row[0]),
        _chain(session, row[0]),
        _moves(session, row[0]),
        Aged(_months(session, row[0]), int(row[11])),
    )
    issue = Issue(row[2], row[3], row[4], row[5], bytes(row[6]))
    return IssuedVendorStatement(row[0], row[1], issue, said)


def _lines(session: Session, number: int) -> tuple[VendorLine, ...]:
    rows = driver(session).execute(
        "SELECT kind, month, tier, cause, count, output_tokens, works_nanos, fee_nanos, "
        "unmatched_nanos, chain_nanos, kept_nanos, due_nanos FROM vendor_statement_line "
        "WHERE vendor_statement_id = %s ORDER BY ordinal",
        (number,),
    )
    return tuple(
        VendorLine(
            LineKind(kind), Period(month), Tier.numbered(tier), cause, count, int(tokens),
            Division(*map(int, parts)), int(due),
        )
        for kind, month, tier, cause, count, tokens, *parts, due in rows
    )  # fmt: skip


def _chain(session: Session, number: int) -> tuple[ChainPart, ...]:
    rows = driver(session).execute(
        "SELECT party, settles, nanos FROM vendor_statement_chain WHERE vendor_statement_id = %s "
        "ORDER BY party, settles",
        (number,),
    )
    return tuple(ChainPart(party, settles, int(nanos)) for party, settles, nanos in rows)


def _moves(session: Session, number: int) -> tuple[VendorMove, ...]:
    rows = driver(session).execute(
        "SELECT kind, source_id, nanos, reference, moved_at FROM vendor_statement_move "
        "WHERE vendor_statement_id = %s ORDER BY ordinal",
        (number,),
    )
    return tuple(VendorMove(MoveKind(kind), *rest) for kind, *rest in rows)


def _months(session: Session, number: int) -> tuple[OpenMonth, ...]:
    rows = driver(session).execute(
        "SELECT month, owed_nanos, received_nanos, written_off_nanos FROM vendor_statement_month "
        "WHERE vendor_statement_id = %s ORDER BY month",
        (number,),
    )
    return tuple(OpenMonth(Period(month), *map(int, nanos)) for month, *nanos in rows)
