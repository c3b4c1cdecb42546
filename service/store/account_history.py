"""Balances as of a month or a moment, and how an account came to its own, batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.journal import Kind
from service.ledger.period import Period
from service.store.account_entries import account_id
from service.store.journal import Balance

_AS_OF = """
SELECT a.name, a.currency, sum(d.delta)
FROM account a JOIN balance_delta d USING (account_id) JOIN batch b USING (batch_id)
WHERE (:prefix = '' OR starts_with(a.name, :prefix)) AND (a.name, a.currency) > (:name, :currency)
AND (CAST(:period AS integer) IS NULL OR d.period <= :period)
AND (CAST(:moment AS timestamptz) IS NULL OR b.created_at <= :moment)
GROUP BY a.name, a.currency HAVING sum(d.delta) <> 0 OR NOT :open
ORDER BY a.name, a.currency LIMIT :limit
"""


def balances_as_of(
    session: Session,
    *,
    period: Period | None = None,
    moment: datetime | None = None,
    prefix: str = "",
    only_open: bool = True,
    after: tuple[str, str] = ("", ""),
    limit: int = 1_000_000,
) -> list[Balance]:
    """List balances by name, debit positive, those of zero only without ``only_open``.

    ``period``: what is posted into periods up to it, late facts not among them; ``moment``: what
    was posted by then, whatever its period. Both: what was known of the periods at the moment.
    """
    rows = session.execute(
        text(_AS_OF),
        {
            "prefix": prefix,
            "name": after[0],
            "currency": after[1],
            "period": period.number if period else None,
            "moment": moment,
            "open": only_open,
            "limit": limit,
        },
    )
    return [Balance(name, currency, int(nanos)) for name, currency, nanos in rows]


@dataclass(frozen=True, slots=True)
class BatchOfAccount:
    """What one batch posted to an account, and its balance after it; debit positive."""

    batch_id: int
    kind: Kind
    period: Period
    entry_count: int
    created_at: datetime
    delta_nanos: int
    balance_nanos: int


_HISTORY = """
SELECT batch_id, (SELECT kind FROM journal_entry e WHERE e.batch_id = h.batch_id LIMIT 1),
    period, entry_count, created_at, delta, balance
FROM (SELECT d.batch_id, d.period, b.entry_count, b.created_at, d.delta,
          sum(d.delta) OVER (ORDER BY d.batch_id) AS balance
      FROM balance_delta d JOIN batch b USING (batch_id) WHERE d.account_id = :account) AS h
WHERE batch_id < :before ORDER BY batch_id DESC LIMIT :limit
"""


def history(
    session: Session, name: str, currency: str, *, before: int | None, limit: int
) -> Sequence[BatchOfAccount]:
    """List the batches that moved an account, newest first; raise AccountNotFound."""
    rows = session.execute(
        text(_HISTORY),
        {
            "account": account_id(session, name, currency),
            "before": 2**62 if before is None else before,
            "limit": limit,
        },
    )
    return [
        BatchOfAccount(
            batch, Kind.numbered(kind), Period(period), count, at, int(delta), int(balance)
        )
        for batch, kind, period, count, at, delta, balance in rows
    ]


@dataclass(frozen=True, slots=True)
class HolderStanding:
    """What a holder's accounts hold in one currency, credit positive.

    posted = held + available: held is not backed by vendors' receipts yet.
    """

    holder_id: int
    name: str
    currency: str
    held_nanos: int
    available_nanos: int

    @property
    def posted_nanos(self) -> int:
        """All that is released to the holder and not paid."""
        return self.held_nanos + self.available_nanos


_HOLDERS = """
SELECT p.party_id, p.name, a.currency,
    -coalesce(sum(d.delta) FILTER (WHERE split_part(a.name, ':', 3) = 'held'), 0),
    -coalesce(sum(d.delta) FILTER (WHERE split_part(a.name, ':', 3) = 'payable'), 0)
FROM account a JOIN balance_delta d USING (account_id) JOIN batch b USING (batch_id)
JOIN party p ON p.party_id = split_part(a.name, ':', 2)::bigint
WHERE starts_with(a.name, 'holder:')
AND (CAST(:moment AS timestamptz) IS NULL OR b.created_at <= :moment)
GROUP BY p.party_id, p.name, a.currency ORDER BY p.party_id, a.currency
"""


def holders(session: Session, *, moment: datetime | None = None) -> list[HolderStanding]:
    """List what every holder stands at, now or as of a moment."""
    rows = session.execute(text(_HOLDERS), {"moment": moment})
    return [
        HolderStanding(holder, name, currency, int(held), int(available))
        for holder, name, currency, held, available in rows
    ]
