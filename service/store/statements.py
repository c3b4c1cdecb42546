"""Statements: issued once, read for ever."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.statement import (
    AdvanceStanding,
    Closing,
    HeldPart,
    HeldReason,
    HoldbackStanding,
    LineKind,
    Statement,
    StatementLine,
)
from service.ledger.tiers import Tier
from service.store import advances, holdbacks, webhook_events
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
        "moved_nanos, paid_nanos, closing_nanos, held_nanos, holdback_nanos, payable_nanos, "
        "carried_nanos, issued_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING statement_id",
        (
            number_of(statement),
            statement.holder_id,
            statement.currency,
            statement.period.number,
            statement.opening_nanos,
            statement.earned_nanos,
            statement.moved_nanos,
            statement.paid_nanos,
            statement.closing_nanos,
            closing.held_nanos,
            closing.holdback_nanos,
            closing.payable_nanos,
            closing.carried_nanos,
            now,
        ),
    ).fetchone()
    assert row
    _insert_lines(connection, int(row[0]), statement, vendor_ids)
    _insert_held(connection, int(row[0]), statement)
    webhook_events.record_statement(
        session, number_of(statement), statement.period, holder_id=statement.holder_id, now=now
    )


def _insert_held(connection: psycopg.Connection, statement_id: int, statement: Statement) -> None:
    for part in statement.held:
        if part.reason is HeldReason.NOT_BACKED:
            continue
        connection.execute(
            "INSERT INTO statement_held (statement_id, reason, nanos, causes) "
            "VALUES (%s, %s, %s, %s)",
            (statement_id, str(part.reason), part.nanos, list(part.causes)),
        )


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
            "month, sales_count, output_tokens, credited_nanos, share_ppm, nanos, "
            "upstream_received_nanos, upstream_paid_nanos, pool_nanos) FROM STDIN"
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
                    line.upstream_received_nanos,
                    line.upstream_paid_nanos,
                    line.pool_nanos,
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
    moved_nanos: int
    paid_nanos: int
    closing_nanos: int
    held_nanos: int
    holdback_nanos: int
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
            "earned_nanos, moved_nanos, paid_nanos, closing_nanos, held_nanos, holdback_nanos, "
            "payable_nanos, carried_nanos "
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
    return [StatementSummary(r[0], r[1], r[2], r[3], Period(r[4]), *r[5:15]) for r in rows]


def get(session: Session, number: str) -> IssuedStatement:
    """Return a statement by its public number; raise StatementNotFound."""
    row = None
    if "\0" not in number:
        row = session.execute(
            text(
                "SELECT statement_id, number, name, issued_at, holder_id, currency, period, "
                "opening_nanos, closing_nanos, held_nanos, payable_nanos, carried_nanos, "
                "holdback_nanos "
                "FROM statement JOIN party ON party_id = holder_id WHERE number = :number"
            ),
            {"number": number},
        ).first()
    if not row:
        raise StatementNotFound(number)
    lines, titles, vendors = _lines(session, row[0])
    whose, period = Recipient(row[4], row[5]), Period(row[6])
    opening, closing, *parts = row[7:13]
    statement = Statement(
        whose.holder_id,
        whose.currency,
        period,
        opening,
        lines,
        closing,
        Closing(*parts),
        tuple(payout_moves(session, period, [whose.holder_id]).get(whose, ())),
        tuple(advances.moves_of(session, period, [whose.holder_id]).get(whose, ())),
        _held(session, row[0], parts[0]),
        _holdback(session, whose, period),
        advances.standings(session, period, [whose.holder_id]).get(whose, AdvanceStanding()),
    )
    return IssuedStatement(row[0], row[1], row[2], row[3], statement, titles, vendors)


def _held(session: Session, statement_id: int, held_nanos: int) -> tuple[HeldPart, ...]:
    rows = driver(session).execute(
        "SELECT reason, nanos, causes FROM statement_held WHERE statement_id = %s ORDER BY reason",
        (statement_id,),
    )
    under_hold = [HeldPart(HeldReason(why), nanos, tuple(causes)) for why, nanos, causes in rows]
    rest = held_nanos - sum(part.nanos for part in under_hold)
    not_backed = [HeldPart(HeldReason.NOT_BACKED, rest)] if rest else []
    return tuple(not_backed + under_hold)


def _holdback(session: Session, whose: Recipient, period: Period) -> HoldbackStanding:
    kept = holdbacks.standings(session, period, [whose.holder_id])
    return kept.get(whose, HoldbackStanding())


def _lines(
    session: Session, statement_id: int
) -> tuple[tuple[StatementLine, ...], dict[int, str], dict[str, str]]:
    """Return the lines of a statement with the titles of works and the names of vendors."""
    rows = session.execute(
        text(
            "SELECT l.kind, l.line_id, l.work_id, v.slug, l.tier, l.month, l.sales_count, "
            "l.output_tokens, l.credited_nanos, l.share_ppm, l.nanos, l.upstream_received_nanos, "
            "l.upstream_paid_nanos, l.pool_nanos, w.title, v.name "
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
    return lines, {row[2]: row[14] for row in rows}, {row[3]: row[15] for row in rows}
