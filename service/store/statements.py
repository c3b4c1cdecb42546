"""Statements: issued once, read for ever."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.statement import Closing, LineKind, Statement, StatementLine
from service.ledger.tiers import Tier
from service.store.database import driver
from service.store.statement_facts import Recipient, payout_moves


class StatementNotFound(LedgerError):
    """No such statement, or not yours."""

    def __init__(self, number: str) -> None:
        super().__init__(f"no statement {number[:60]!r}", number=number[:60])


@dataclass(frozen=True, slots=True)
class IssuedStatement:
    """A statement as issued, with the names its reader knows."""

    statement_id: int
    number: str
    holder_name: str
    issued_at: datetime
    statement: Statement
    work_titles: dict[int, str]
    vendor_names: dict[str, str]


def number_of(statement: Statement) -> str:
    """Return the public number of a statement: period, holder and currency."""
    return f"{statement.period}-H{statement.holder_id}-{statement.currency}"


def insert(
    session: Session, statement: Statement, vendor_ids: dict[str, int], *, now: datetime
) -> None:
    """Issue a statement with its lines; unique by holder, currency and period."""
    connection = driver(session)
    closing = statement.closing
    row = connection.execute(
        "INSERT INTO statement (number, holder_id, currency, period, opening_nanos, earned_nanos, "
        "paid_nanos, closing_nanos, held_nanos, payable_nanos, carried_nanos, issued_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING statement_id",
        (
            number_of(statement),
            statement.holder_id,
            statement.currency,
            statement.period.number,
            statement.opening_nanos,
            statement.earned_nanos,
            statement.paid_nanos,
            statement.closing_nanos,
            closing.held_nanos,
            closing.payable_nanos,
            closing.carried_nanos,
            now,
        ),
    ).fetchone()
    assert row
    _insert_lines(connection, int(row[0]), statement, vendor_ids)


def _insert_lines(
    connection: psycopg.Connection,
    statement_id: int,
    statement: Statement,
    vendor_ids: dict[str, int],
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY statement_line (statement_id, ordinal, kind, line_id, work_id, vendor_id, tier, "
            "month, sales_count, output_tokens, credited_nanos, share_ppm, nanos) FROM STDIN"
        ) as copy,
    ):
        for ordinal, line in enumerate(statement.lines):
            copy.write_row(
                (
                    statement_id,
                    ordinal,
                    str(line.kind),
                    line.line_id,
                    line.work_id,
                    vendor_ids[line.vendor],
                    line.tier.number,
                    line.month.number,
                    line.sales_count,
                    line.output_tokens,
                    line.credited_nanos,
                    line.share_ppm,
                    line.nanos,
                )
            )


@dataclass(frozen=True, slots=True)
class StatementSummary:
    """One row of a list of statements."""

    statement_id: int
    number: str
    holder_id: int
    holder_name: str
    period: Period
    currency: str
    opening_nanos: int
    earned_nanos: int
    paid_nanos: int
    closing_nanos: int
    held_nanos: int
    payable_nanos: int
    carried_nanos: int


def listing(
    session: Session,
    *,
    holder_id: int | None = None,
    period: Period | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[StatementSummary]:
    """List statements in order of issue, on request of one holder or period."""
    rows = session.execute(
        text(
            "SELECT statement_id, number, holder_id, name, period, currency, opening_nanos, "
            "earned_nanos, paid_nanos, closing_nanos, held_nanos, payable_nanos, carried_nanos "
            "FROM statement JOIN party ON party_id = holder_id WHERE statement_id > :after "
            "AND (CAST(:holder AS bigint) IS NULL OR holder_id = :holder) "
            "AND (CAST(:period AS int) IS NULL OR period = :period) "
            "ORDER BY statement_id LIMIT :limit"
        ),
        {
            "after": after,
            "holder": holder_id,
            "period": period.number if period else None,
            "limit": limit,
        },
    )
    return [StatementSummary(r[0], r[1], r[2], r[3], Period(r[4]), *r[5:13]) for r in rows]


def get(session: Session, number: str) -> IssuedStatement:
    """Return a statement by its public number; raise StatementNotFound."""
    row = None
    if "\0" not in number:
        row = session.execute(
            text(
                "SELECT statement_id, number, name, issued_at, holder_id, currency, period, "
                "opening_nanos, closing_nanos, held_nanos, payable_nanos, carried_nanos "
                "FROM statement JOIN party ON party_id = holder_id WHERE number = :number"
            ),
            {"number": number},
        ).first()
    if not row:
        raise StatementNotFound(number)
    lines, titles, vendors = _lines(session, row[0])
    holder, currency, period = row[4], row[5], Period(row[6])
    moved = payout_moves(session, period, [holder]).get(Recipient(holder, currency), ())
    opening, closing, *parts = row[7:12]
    statement = Statement(
        holder, currency, period, opening, lines, closing, Closing(*parts), tuple(moved)
    )
    return IssuedStatement(row[0], row[1], row[2], row[3], statement, titles, vendors)


def _lines(
    session: Session, statement_id: int
) -> tuple[tuple[StatementLine, ...], dict[int, str], dict[str, str]]:
    """Return the lines of a statement with the titles of works and the names of vendors."""
    rows = session.execute(
        text(
            "SELECT l.kind, l.line_id, l.work_id, v.slug, l.tier, l.month, l.sales_count, "
            "l.output_tokens, l.credited_nanos, l.share_ppm, l.nanos, w.title, v.name "
            "FROM statement_line l JOIN work w USING (work_id) "
            "JOIN party v ON v.party_id = l.vendor_id WHERE l.statement_id = :id ORDER BY l.ordinal"
        ),
        {"id": statement_id},
    ).all()
    lines = tuple(
        StatementLine(
            LineKind(kind), line, work, vendor, Tier.numbered(tier), Period(month), count,
            int(tokens), *nanos,
        )
        for kind, line, work, vendor, tier, month, count, tokens, *nanos, _, _ in rows
    )  # fmt: skip
    return lines, {row[2]: row[11] for row in rows}, {row[3]: row[12] for row in rows}
