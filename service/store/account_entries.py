"""The entries of one account, newest first."""

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
      ORDER BY batch_id DESC LIMIT :batches) AS b
CROSS JOIN LATERAL (SELECT * FROM journal_entry j WHERE j.batch_id = b.batch_id
                    AND :account = ANY(j.accounts)) AS e
WHERE (e.batch_id, e.kind, e.source_id) < (:batch, :kind, :source)
ORDER BY e.batch_id DESC, e.kind DESC, e.source_id DESC LIMIT :limit
"""


def account_id(session: Session, name: str, currency: str) -> int:
    """Return the number of an account; raise AccountNotFound."""
    account = None
    if "\0" not in name + currency:
        query = text("SELECT account_id FROM account WHERE name = :name AND currency = :currency")
        account = session.execute(query, {"name": name, "currency": currency}).scalar()
    if account is None:
        raise AccountNotFound(name, currency)
    return int(account)


def of_account(
    session: Session, name: str, currency: str, *, before: Place | None, limit: int
) -> list[AccountEntry]:
    """List an account's entries before a place, newest first; raise AccountNotFound.

    Batches are found by the account's deltas: one whose entries cancel on it is passed over.
    """
    last = before or Place(2**62, 0, 0)
    rows = session.execute(
        text(_OF_ACCOUNT),
        {
            "account": account_id(session, name, currency),
            "batch": last.batch_id,
            "batches": limit + 1,
            "kind": last.kind,
            "source": last.source_id,
            "limit": limit,
        },
    )
    return [
        AccountEntry(Place(r[0], r[1], r[2]), Source(Kind.numbered(r[1]), r[2]), Period(r[3]), r[4])
        for r in rows
    ]
