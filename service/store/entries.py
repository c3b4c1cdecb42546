"""The journal read back: entries of one account, and one entry with its legs."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.journal import Kind, Source
from service.ledger.period import Period


class AccountNotFound(LedgerError):
    """No such account."""

    def __init__(self, name: str, currency: str) -> None:
        super().__init__(
            f"no account {name[:120]!r} in {currency[:8]!r}",
            account=name[:120],
            currency=currency[:8],
        )


class EntryNotFound(LedgerError):
    """Nothing was posted for this source."""

    def __init__(self, kind: str, source_id: int) -> None:
        super().__init__(f"no entry {kind[:40]} {source_id}", kind=kind[:40], source_id=source_id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the journal; sorts in order of posting."""

    batch_id: int
    kind: int
    source_id: int


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One entry seen from one account: debit positive."""

    place: Place
    source: Source
    period: Period
    nanos: int


_OF_ACCOUNT = """
SELECT e.batch_id, e.kind, e.source_id, e.period, e.amounts[array_position(e.accounts, :account)]
FROM (SELECT batch_id FROM balance_delta WHERE account_id = :account AND batch_id <= :batch
      ORDER BY batch_id DESC LIMIT :limit) AS b
CROSS JOIN LATERAL (SELECT * FROM journal_entry j WHERE j.batch_id = b.batch_id
                    AND :account = ANY(j.accounts)) AS e
WHERE (e.batch_id, e.kind, e.source_id) < (:batch, :kind, :source)
ORDER BY e.batch_id DESC, e.kind DESC, e.source_id DESC LIMIT :limit
"""


def of_account(
    session: Session, name: str, currency: str, *, before: Place | None, limit: int
) -> list[AccountEntry]:
    """List an account's entries, newest first; raise AccountNotFound.

    Batches are found by the account's deltas: one whose entries cancel on it is passed over.
    """
    account = None
    if "\0" not in name + currency:
        query = text("SELECT account_id FROM account WHERE name = :name AND currency = :currency")
        account = session.execute(query, {"name": name, "currency": currency}).scalar()
    if account is None:
        raise AccountNotFound(name, currency)
    last = before or Place(2**62, 0, 0)
    rows = session.execute(
        text(_OF_ACCOUNT),
        {
            "account": account,
            "batch": last.batch_id,
            "kind": last.kind,
            "source": last.source_id,
            "limit": limit,
        },
    )
    return [
        AccountEntry(Place(r[0], r[1], r[2]), Source(Kind.numbered(r[1]), r[2]), Period(r[3]), r[4])
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as posted; legs by account name, debit positive. ``sealed``: its batch is chained."""

    source: Source
    subject_sale_id: int | None
    period: Period
    currency: str
    batch_id: int
    sealed: bool
    legs: dict[str, int]


def get(session: Session, kind: str, source_id: int) -> StoredEntry:
    """Return the entry of one source; raise EntryNotFound."""
    if kind not in set(Kind) or not -(2**63) <= source_id < 2**63:
        raise EntryNotFound(kind, source_id)
    source = Source(Kind(kind), source_id)
    rows = session.execute(
        text(
            "SELECT p.subject_sale_id, p.period, p.currency, p.batch_id, "
            "EXISTS (SELECT 1 FROM seal s WHERE s.batch_id = p.batch_id), a.name, p.amount_nanos "
            "FROM posting p JOIN account a USING (account_id) "
            "WHERE p.kind = :kind AND p.source_id = :source ORDER BY a.name"
        ),
        {"kind": source.kind.number, "source": source_id},
    ).all()
    if not rows:
        raise EntryNotFound(kind, source_id)
    subject, period, currency, batch_id, sealed, _, _ = rows[0]
    legs = {row[5]: row[6] for row in rows}
    return StoredEntry(source, subject, Period(period), currency, batch_id, sealed, legs)
