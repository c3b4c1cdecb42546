"""Payouts as rows: what is paid of which statement, and the steps each has taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.payout import PayoutState, moved
from service.ledger.period import Period
from service.store.database import driver

_PAYOUTS = 8_100_000


class PayoutNotFound(LedgerError):
    """No payout has this number."""

    def __init__(self, payout_id: int) -> None:
        super().__init__(f"no payout {payout_id}", payout_id=payout_id)


@dataclass(frozen=True, slots=True)
class Payable:
    """A statement that states something payable and is not paid yet."""

    statement_id: int
    number: str
    holder_id: int
    currency: str
    payable_nanos: int


@dataclass(frozen=True, slots=True)
class StoredPayout:
    """A payout with the last step it took. ``taken_by`` and ``reference`` are that step's."""

    payout_id: int
    number: str
    holder_id: int
    holder_name: str
    currency: str
    amount_nanos: int
    state: PayoutState
    reference: str
    taken_by: str
    taken_at: datetime


def lock(session: Session) -> None:
    """Let one transaction at a time take steps of payouts: what the bank holds is spent once."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PAYOUTS})


def unpaid(session: Session, period: Period, *, after: int, limit: int) -> list[Payable]:
    """List what the statements of a period state as payable and nobody has paid, by number.

    A statement that a later one of the same holder and currency has followed is left out: what it
    stated is part of that one.
    """
    rows = driver(session).execute(
        "SELECT statement_id, number, holder_id, currency, payable_nanos FROM statement s "
        "WHERE period = %(p)s AND payable_nanos > 0 AND statement_id > %(after)s "
        "AND NOT EXISTS (SELECT 1 FROM payout WHERE payout.statement_id = s.statement_id) "
        "AND NOT EXISTS (SELECT 1 FROM statement later WHERE later.holder_id = s.holder_id "
        "AND later.currency = s.currency AND later.period > s.period) "
        "ORDER BY statement_id LIMIT %(limit)s",
        {"p": period.number, "after": after, "limit": limit},
    )
    return [Payable(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def insert(session: Session, paid: Payable, amount_nanos: int) -> int:
    """Keep a payout of a statement; return its number. A second of one statement is an error."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO payout (statement_id, holder_id, currency, amount_nanos) "
            "VALUES (%s, %s, %s, %s) RETURNING payout_id",
            (paid.statement_id, paid.holder_id, paid.currency, amount_nanos),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def add_step(
    session: Session,
    payout_id: int,
    amount_nanos: int,
    state: PayoutState,
    *,
    period: Period,
    reference: str,
    by: str,
    now: datetime,
) -> None:
    """Keep a step of a payout; each state is taken once."""
    driver(session).execute(
        "INSERT INTO payout_step (payout_id, state, period, moved_nanos, reference, taken_by, "
        "taken_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (payout_id, str(state), period.number, moved(amount_nanos, state), reference, by, now),
    )


_LISTED = """
SELECT p.payout_id, s.number, p.holder_id, party.name, p.currency, p.amount_nanos, last.state,
    last.reference, last.taken_by, last.taken_at
FROM payout p JOIN statement s USING (statement_id) JOIN party ON party_id = p.holder_id
JOIN LATERAL (SELECT * FROM payout_step t WHERE t.payout_id = p.payout_id
    ORDER BY array_position(ARRAY['reserved', 'sent', 'confirmed', 'returned'], t.state) DESC
    LIMIT 1) AS last ON true
"""


def get(session: Session, payout_id: int) -> StoredPayout:
    """Return a payout by its number; raise PayoutNotFound."""
    row = (
        driver(session)
        .execute(_LISTED + "WHERE p.payout_id = %s", (min(payout_id, 2**63 - 1),))
        .fetchone()
    )
    if not row:
        raise PayoutNotFound(payout_id)
    return _stored(row)


def listing(
    session: Session,
    *,
    holder_id: int | None = None,
    period: Period | None = None,
    state: PayoutState | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[StoredPayout]:
    """List payouts in order, on request of one holder, of statements of a period, in one state."""
    rows = driver(session).execute(
        _LISTED + "WHERE p.payout_id > %(after)s "
        "AND (%(holder)s::bigint IS NULL OR p.holder_id = %(holder)s) "
        "AND (%(period)s::int IS NULL OR s.period = %(period)s) "
        "AND (%(state)s::text IS NULL OR last.state = %(state)s) "
        "ORDER BY p.payout_id LIMIT %(limit)s",
        {
            "after": after,
            "holder": holder_id,
            "period": period.number if period else None,
            "state": str(state) if state else None,
            "limit": limit,
        },
    )
    return [_stored(row) for row in rows]


def _stored(row: Sequence[Any]) -> StoredPayout:
    number, statement, holder, name, currency, amount, state, reference, by, at = row
    return StoredPayout(
        number, statement, holder, name, currency, amount, PayoutState(state), reference, by, at
    )
