"""Seals of closed periods, and what is sealed of a period, read in its fixed order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.journal import Kind
from service.ledger.leaves import (
    EntryLeaf,
    Leaf,
    StatementLeaf,
    StatementLineLeaf,
    sale_digest,
)
from service.ledger.period import Period
from service.ledger.statement import LineKind
from service.ledger.tiers import Tier
from service.store.database import driver

ROWS_A_STEP = 5_000
_MOST_NAMES = 200_000


@dataclass(frozen=True, slots=True)
class Part:
    """All leaves of one kind in a period: how many, and a digest of their hashes in order."""

    name: str
    count: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class PeriodSeal:
    """The seal of a period. ``salt_key`` is nobody's but the platform's."""

    period: Period
    count: int
    root: bytes
    previous: bytes
    hash: bytes
    salt_key: bytes
    parts: tuple[Part, ...]
    sealed_at: datetime


def next_waiting(session: Session) -> Period | None:
    """Return the oldest closed period without a seal, None where none waits.

    Seals follow month by month, also where nothing was ever said in a month: one before the first
    sealed is closed and empty for ever.
    """
    first, last, closed = session.execute(
        text(
            "SELECT (SELECT min(period) FROM period WHERE state = 'closed'), "
            "(SELECT max(period) FROM period_seal), "
            "(SELECT max(period) FROM period WHERE state = 'closed')"
        )
    ).one()
    if closed is None:
        return None
    waiting = Period(last).next() if last else Period(first)
    return waiting if waiting <= Period(closed) else None


def insert(session: Session, seal: PeriodSeal) -> None:
    """Store a seal; a period has one, and a hash one that follows it."""
    driver(session).execute(
        "INSERT INTO period_seal (period, leaf_count, root, previous_hash, hash, salt_key, "
        "part_names, part_counts, part_digests, sealed_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            seal.period.number,
            seal.count,
            seal.root,
            seal.previous,
            seal.hash,
            seal.salt_key,
            [part.name for part in seal.parts],
            [part.count for part in seal.parts],
            [part.digest for part in seal.parts],
            seal.sealed_at,
        ),
    )


_SEAL = """
SELECT period, leaf_count, root, previous_hash, hash, salt_key, part_names, part_counts,
    part_digests, sealed_at
FROM period_seal
"""


def _seal(row: Sequence[Any]) -> PeriodSeal:
    period, count, root, previous, hashed, key, names, counts, digests, at = row
    parts = tuple(
        Part(name, number, bytes(digest))
        for name, number, digest in zip(names, counts, digests, strict=True)
    )
    return PeriodSeal(
        Period(period), count, bytes(root), bytes(previous), bytes(hashed), bytes(key), parts, at
    )


def find(session: Session, period: Period) -> PeriodSeal | None:
    """Return the seal of a period, None where it has none yet."""
    row = driver(session).execute(_SEAL + "WHERE period = %s", (period.number,)).fetchone()
    return _seal(row) if row else None


def newest(session: Session) -> PeriodSeal | None:
    """Return the seal of the newest sealed period."""
    row = driver(session).execute(_SEAL + "ORDER BY period DESC LIMIT 1").fetchone()
    return _seal(row) if row else None


def listing(session: Session) -> list[PeriodSeal]:
    """List all seals, oldest period first."""
    return [_seal(row) for row in driver(session).execute(_SEAL + "ORDER BY period")]


def leaves(session: Session, period: Period) -> Iterator[Leaf]:
    """Yield all that is sealed of a period in its order, read in steps."""
    yield from _entries(session, period)
    yield from _statements(session, period)


_ENTRIES = """
SELECT e.kind, e.source_id, e.currency, e.accounts, e.amounts, v.slug, s.external_id
FROM journal_entry e
LEFT JOIN sale s ON s.sale_id = coalesce(e.subject_sale_id, CASE e.kind WHEN 1 THEN e.source_id END)
LEFT JOIN party v ON v.party_id = s.vendor_id
WHERE e.period = %s ORDER BY e.kind, e.source_id
"""


def _entries(session: Session, period: Period) -> Iterator[Leaf]:
    connection, names = driver(session), dict[int, str]()
    for rows in _steps(connection, _ENTRIES, period):
        _learn(connection, names, {account for row in rows for account in row[3]})
        for kind, source, currency, accounts, amounts, vendor, sale in rows:
            yield EntryLeaf(
                Kind.numbered(kind),
                source,
                sale_digest(vendor, sale) if vendor else "",
                period,
                currency,
                dict(zip([names[account] for account in accounts], amounts, strict=True)),
            )


def _learn(connection: psycopg.Connection, names: dict[int, str], accounts: set[int]) -> None:
    """Look up names of accounts that are not known yet; forget all where they become too many."""
    if len(names) > _MOST_NAMES:
        names.clear()
    missing = sorted(accounts - names.keys())
    if missing:
        names |= connection.execute(
            "SELECT account_id, name FROM account WHERE account_id = ANY(%s)", (missing,)
        ).fetchall()


_STATEMENTS = """
SELECT s.number, s.currency, s.holder_id, s.opening_nanos, s.earned_nanos, s.paid_nanos,
    s.closing_nanos, s.held_nanos, s.payable_nanos, s.carried_nanos, s.issued_at, s.moved_nanos,
    s.holdback_nanos, coalesce(c.nanos, 0), coalesce(u.nanos, 0), l.ordinal, l.kind,
    l.line_id, l.work_id, v.slug, l.tier, l.month, l.sales_count, l.output_tokens,
    l.credited_nanos, l.share_ppm, l.nanos, l.upstream_received_nanos, l.upstream_paid_nanos,
    l.pool_nanos
FROM statement s
LEFT JOIN statement_held c ON c.statement_id = s.statement_id AND c.reason = 'contested'
LEFT JOIN statement_held u ON u.statement_id = s.statement_id AND u.reason = 'unconfirmed'
LEFT JOIN statement_line l ON l.statement_id = s.statement_id
LEFT JOIN party v ON v.party_id = l.vendor_id
WHERE s.period = %s ORDER BY s.holder_id, s.currency COLLATE "C", l.ordinal
"""


def _statements(session: Session, period: Period) -> Iterator[Leaf]:
    last = None
    for rows in _steps(driver(session), _STATEMENTS, period):
        for row in rows:
            number, currency = row[:2]
            if number != last:
                yield StatementLeaf(number, period, row[2], currency, *row[3:15])
                last = number
            ordinal, kind, line, work, vendor, tier, month, count, tokens, *nanos = row[15:]
            if ordinal is not None:
                yield StatementLineLeaf(
                    number, period, currency, ordinal, LineKind(kind), line, work, vendor,
                    Tier.numbered(tier), Period(month), count, int(tokens), *nanos,
                )  # fmt: skip


def _steps(
    connection: psycopg.Connection, query: str, period: Period
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query in steps, from a cursor of the server: memory stays small."""
    connection.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first
    with connection.cursor("sealed", binary=True) as cursor:
        cursor.execute(query.encode(), (period.number,))
        while rows := cursor.fetchmany(ROWS_A_STEP):
            yield rows
