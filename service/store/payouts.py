"""Payouts as rows: what is paid of which statement, and the steps each has taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger import accounts
from service.ledger.errors import LedgerError
from service.ledger.exchange import Rate
from service.ledger.payout import PayoutState, moved
from service.ledger.period import Period
from service.ledger.transfer import Transfer
from service.store import journal, payout_terms, webhook_events
from service.store.database import driver
from service.store.webhook_events import EventType, instant

_PAYOUTS = 8_100_000


class PayoutNotFound(LedgerError):
    """No payout has this number."""

    def __init__(self, payout_id: int) -> None:
        super().__init__(f"no payout {payout_id}", payout_id=payout_id)


@dataclass(frozen=True, slots=True)
class Payable:
    """A statement that states something payable. ``paid``: nanos by part that is paid already."""

    statement_id: int
    number: str
    holder_id: int
    currency: str
    payable_nanos: int
    issued_at: datetime
    paid: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A part of a statement that is reserved: to whom, by what rule and rate, and how it divides.

    ``part``: 0 the holder's own, or the number of what was assigned away.
    """

    statement: Payable
    part: int
    payee_id: int
    transfer: Transfer
    method: str = "bank"
    account_id: int | None = None
    run_id: int | None = None
    tax_rule_id: int | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class StoredPayout:
    """A payout with the last step it took. ``taken_by`` and ``reference`` are that step's.

    ``amount_nanos`` is the gross of ``transfer``.
    """

    payout_id: int
    number: str
    holder_id: int
    holder_name: str
    payee_id: int
    currency: str
    amount_nanos: int
    state: PayoutState
    reference: str
    taken_by: str
    taken_at: datetime
    transfer: Transfer
    tax_ppm: int
    rate: Rate | None
    method: str
    account_id: int | None
    run_id: int | None


def lock(session: Session) -> None:
    """Let one transaction at a time take steps of payouts: what the bank holds is spent once."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PAYOUTS})


def unpaid(
    session: Session,
    period: Period,
    *,
    after: int = 0,
    limit: int = 1_000,
    statement_ids: Sequence[int] | None = None,
) -> list[Payable]:
    """List what the statements of a period, or these of it, state as payable, in their order.

    ``paid`` says what of each is paid already. A statement that a later one of the same holder and
    currency has followed is left out: what it stated is part of that one.
    """
    rows = driver(session).execute(
        "SELECT statement_id, number, holder_id, currency, payable_nanos, issued_at, "
        "ARRAY(SELECT part FROM payout p WHERE p.statement_id = s.statement_id ORDER BY part), "
        "ARRAY(SELECT amount_nanos FROM payout p WHERE p.statement_id = s.statement_id "
        "ORDER BY part) FROM statement s "
        "WHERE period = %(p)s AND payable_nanos > 0 AND statement_id > %(after)s "
        "AND (%(ids)s::bigint[] IS NULL OR statement_id = ANY(%(ids)s)) "
        "AND NOT EXISTS (SELECT 1 FROM statement later WHERE later.holder_id = s.holder_id "
        "AND later.currency = s.currency AND later.period > s.period) "
        "ORDER BY statement_id LIMIT %(limit)s",
        {
            "p": period.number,
            "after": after,
            "limit": limit,
            "ids": None if statement_ids is None else list(statement_ids),
        },
    )
    return [
        Payable(number, name, holder, currency, nanos, at, dict(zip(parts, amounts, strict=True)))
        for number, name, holder, currency, nanos, at, parts, amounts in rows
    ]


def committed(session: Session) -> dict[str, int]:
    """Return by currency what the bank owes for payouts that it has neither paid nor returned."""
    rows = driver(session).execute(
        "SELECT currency, sum(amount_nanos - tax_nanos - fee_nanos) FROM payout p "
        "WHERE NOT EXISTS (SELECT 1 FROM payout_step t WHERE t.payout_id = p.payout_id "
        "AND t.state IN ('confirmed', 'returned')) GROUP BY currency"
    )
    return {str(currency): int(nanos) for currency, nanos in rows}


def free(session: Session, currency: str) -> int:
    """Return what the bank holds of a currency and nobody has reserved."""
    held = journal.balances_named(session, [accounts.BANK], currency)[accounts.BANK]
    return held - committed(session).get(currency, 0)


def insert(session: Session, new: NewPayout) -> int:
    """Keep a payout of a part of a statement; return its number. A second one is an error."""
    said, one = new.statement, new.transfer
    row = (
        driver(session)
        .execute(
            "INSERT INTO payout (statement_id, part, holder_id, payee_id, currency, amount_nanos, "
            "tax_rule_id, tax_nanos, fee_nanos, to_currency, paid_nanos, fx_rate_id, method, "
            "account_id, run_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
            "%s) RETURNING payout_id",
            (
                *(said.statement_id, new.part, said.holder_id, new.payee_id, said.currency),
                *(one.gross_nanos, new.tax_rule_id, one.tax_nanos, one.fee_nanos),
                *(one.to_currency, one.paid_nanos, new.rate.rate_id if new.rate else None),
                *(new.method, new.account_id, new.run_id),
            ),
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
    bank_nanos: int | None = None,
) -> None:
    """Keep a step of a payout, and tell its holder and payee; each state is taken once."""
    driver(session).execute(
        "INSERT INTO payout_step (payout_id, state, period, moved_nanos, reference, taken_by, "
        "taken_at, bank_nanos) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(payout_id, str(state), period.number, moved(amount_nanos, state), reference, by),
            *(now, bank_nanos),
        ),
    )
    row = (
        driver(session)
        .execute(
            "SELECT s.number, p.holder_id, p.payee_id FROM payout p "
            "JOIN statement s USING (statement_id) WHERE payout_id = %s",
            (payout_id,),
        )
        .fetchone()
    )
    assert row
    told = {"payout_id": payout_id, "statement": row[0], "holder_id": row[1], "payee_id": row[2]}
    told |= {"state": str(state), "taken_at": instant(now)}
    kind = EventType(f"payout.{state}")
    webhook_events.record(session, kind, told, parties=sorted({row[1], row[2]}), now=now)


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step a payout took. ``bank_nanos``: what the bank moved for an exchange."""

    state: PayoutState
    taken_at: datetime
    reference: str
    bank_nanos: int | None


def steps(session: Session, payout_ids: Sequence[int]) -> dict[int, list[StoredStep]]:
    """Return the steps of these payouts in order."""
    found: dict[int, list[StoredStep]] = {}
    for number, state, at, reference, bank in driver(session).execute(
        "SELECT payout_id, state, taken_at, reference, bank_nanos FROM payout_step "
        "WHERE payout_id = ANY(%s) ORDER BY payout_id, "
        "array_position(ARRAY['reserved', 'sent', 'confirmed', 'returned'], state)",
        (list(payout_ids),),
    ):
        step = StoredStep(PayoutState(state), at, reference, bank)
        found.setdefault(number, []).append(step)
    return found


_LISTED = """
SELECT p.payout_id, s.number, p.holder_id, party.name, p.payee_id, p.currency, p.amount_nanos,
    last.state, last.reference, last.taken_by, last.taken_at,
    coalesce(r.code, ''), p.tax_nanos, p.fee_nanos, p.to_currency, p.paid_nanos, coalesce(r.ppm, 0),
    f.fx_rate_id, f.source, f.target, f.numerator::text, f.denominator, f.day, f.origin,
    p.method, p.account_id, p.run_id
FROM payout p JOIN statement s USING (statement_id) JOIN party ON party_id = p.holder_id
LEFT JOIN tax_rule r USING (tax_rule_id) LEFT JOIN fx_rate f USING (fx_rate_id)
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
    run_id: int | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[StoredPayout]:
    """List payouts in order, on request of one holder, of a period's statements, in one state."""
    rows = driver(session).execute(
        _LISTED + "WHERE p.payout_id > %(after)s "
        "AND (%(holder)s::bigint IS NULL OR p.holder_id = %(holder)s OR p.payee_id = %(holder)s) "
        "AND (%(period)s::int IS NULL OR s.period = %(period)s) "
        "AND (%(state)s::text IS NULL OR last.state = %(state)s) "
        "AND (%(run)s::bigint IS NULL OR p.run_id = %(run)s) "
        "ORDER BY p.payout_id LIMIT %(limit)s",
        {
            "after": after,
            "holder": holder_id,
            "period": period.number if period else None,
            "state": str(state) if state else None,
            "run": run_id,
            "limit": limit,
        },
    )
    return [_stored(row) for row in rows]


def _stored(row: Sequence[Any]) -> StoredPayout:
    number, statement, holder, name, payee, currency, amount, state, reference, by, at = row[:11]
    rule, withheld, fee, to_currency, paid, ppm = row[11:17]
    rate = payout_terms.rate_of(row[17:24])
    transfer = Transfer(
        holder, currency, amount, rule if withheld else "", withheld, fee, to_currency, paid
    )
    return StoredPayout(
        *(number, statement, holder, name, payee, currency, amount, PayoutState(state)),
        *(reference, by, at, transfer, ppm, rate, *row[24:27]),
    )
