"""Journal entries read back: by batch, by source, by account."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.journal import Kind
from service.ledger.period import Period
from service.store.database import driver
from service.store.entry_rows import NO_SUBJECT, EntryColumns


class EntryNotFound(LedgerError):
    """No entry has this source."""

    def __init__(self, kind: str, source_id: int) -> None:
        super().__init__(f"no entry {kind[:20]}/{source_id}", kind=kind[:20], source_id=source_id)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What a batch says of itself."""

    batch_id: int
    entry_count: int
    content_hash: bytes


def batch_after(session: Session, batch_id: int) -> StoredBatch | None:
    """Return the next batch by number."""
    row = (
        driver(session)
        .execute(
            "SELECT batch_id, entry_count, content_hash FROM batch WHERE batch_id > %s "
            "ORDER BY batch_id LIMIT 1",
            (batch_id,),
        )
        .fetchone()
    )
    return StoredBatch(int(row[0]), int(row[1]), bytes(row[2])) if row else None


def of_batch(session: Session, batch_id: int) -> list[EntryColumns]:
    """Return the entries of a batch as columns, one group for each kind, period and currency."""
    groups: dict[tuple[int, int, str], list[tuple[int, int, list[int], list[int]]]]
    groups = defaultdict(list)
    for kind, period, currency, *entry in driver(session).execute(
        "SELECT kind, period, currency, source_id, coalesce(subject_sale_id, -1), accounts, "
        "amounts FROM journal_entry WHERE batch_id = %s ORDER BY source_id",
        (batch_id,),
        binary=True,
    ):
        groups[kind, period, currency].append((entry[0], entry[1], entry[2], entry[3]))
    assert NO_SUBJECT == -1, "the query above says so"
    return [
        EntryColumns(
            *key,
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([len(row[2]) for row in rows], np.int64),
            np.array([account for row in rows for account in row[2]], np.int64),
            np.array([amount for row in rows for amount in row[3]], np.int64),
        )
        for key, rows in groups.items()
    ]


def of_sources(
    session: Session, kind: int, source_ids: Sequence[int]
) -> dict[int, tuple[list[int], list[int]]]:
    """Return accounts and amounts of the entries of these sources."""
    rows = driver(session).execute(
        "SELECT source_id, accounts, amounts FROM journal_entry "
        "WHERE kind = %s AND source_id = ANY(%s)",
        (kind, list(source_ids)),
        binary=True,
    )
    return {int(source): (accounts, amounts) for source, accounts, amounts in rows}


def corrected_sales(session: Session) -> list[int]:
    """List the sales that have corrections, or a posted refund that must have made one."""
    rows = session.execute(
        text(
            "SELECT subject_sale_id FROM journal_entry WHERE kind = 2 "
            "UNION SELECT sale_id FROM refund WHERE applied_at IS NOT NULL ORDER BY 1"
        )
    )
    return [int(sale) for sale in rows.scalars()]


def corrected_among(session: Session, sale_ids: Sequence[int]) -> set[int]:
    """Return which of these sales have corrections."""
    rows = driver(session).execute(
        "SELECT subject_sale_id FROM journal_entry WHERE kind = 2 AND subject_sale_id = ANY(%s)",
        (list(sale_ids),),
    )
    return {int(row[0]) for row in rows}


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with the names of its accounts: signed nanos, debit positive."""

    kind: Kind
    source_id: int
    subject_sale_id: int | None
    period: Period
    currency: str
    batch_id: int
    created_at: datetime
    legs: tuple[tuple[str, int], ...]


_ENTRY = """
SELECT e.kind, e.source_id, e.subject_sale_id, e.period, e.currency, e.batch_id, b.created_at,
    ARRAY(SELECT a.name FROM unnest(e.accounts) WITH ORDINALITY AS u (id, n)
          JOIN account a ON a.account_id = u.id ORDER BY u.n), e.amounts
FROM journal_entry e JOIN batch b USING (batch_id)
"""


def _stored(row: Sequence[object]) -> StoredEntry:
    kind, source, subject, period, currency, batch, at, names, amounts = row
    assert isinstance(kind, int)
    assert isinstance(period, int)
    assert isinstance(names, list)
    assert isinstance(amounts, list)
    legs = tuple(zip(names, amounts, strict=True))
    return StoredEntry(
        Kind.numbered(kind),
        source,  # type: ignore[arg-type]
        subject,  # type: ignore[arg-type]
        Period(period),
        currency,  # type: ignore[arg-type]
        batch,  # type: ignore[arg-type]
        at,  # type: ignore[arg-type]
        legs,
    )


def get(session: Session, kind: str, source_id: int) -> StoredEntry:
    """Return one entry by kind and source; raise EntryNotFound."""
    if kind not in {str(each) for each in Kind} or not 0 < source_id < 2**63:
        raise EntryNotFound(kind, source_id)
    query = text(_ENTRY + "WHERE e.kind = :kind AND e.source_id = :source")
    fields = {"kind": Kind(kind).number, "source": source_id}
    row = session.execute(query, fields).first()
    if not row:
        raise EntryNotFound(kind, source_id)
    return _stored(tuple(row))


def about_sale(session: Session, sale_id: int) -> list[StoredEntry]:
    """Return the entry of a sale and all its corrections, in order."""
    query = text(
        _ENTRY + "WHERE (e.kind = 1 AND e.source_id = :sale) "
        "OR (e.kind = 2 AND e.subject_sale_id = :sale) ORDER BY e.kind, e.source_id"
    )
    return [_stored(tuple(row)) for row in session.execute(query, {"sale": sale_id})]


_OF_PAYOUTS = [
    kind.number
    for kind in (
        *(Kind.PAYOUT, Kind.PAYOUT_CONFIRMED, Kind.PAYOUT_RETURNED),
        *(Kind.FX_OUT, Kind.FX_IN, Kind.FX_SETTLED, Kind.FX_RETURNED),
    )
]
"""Kinds whose source is a payout."""


def of_payouts(session: Session, payout_ids: Sequence[int]) -> list[StoredEntry]:
    """Return the entries of the steps of these payouts."""
    query = text(_ENTRY + "WHERE e.kind = ANY(:kinds) AND e.source_id = ANY(:ids)")
    fields = {"kinds": _OF_PAYOUTS, "ids": list(payout_ids)}
    return [_stored(tuple(row)) for row in session.execute(query, fields)]


def of_kind(session: Session, kind: Kind, source_ids: Sequence[int]) -> list[StoredEntry]:
    """Return the entries of these sources of a kind."""
    query = text(_ENTRY + "WHERE e.kind = :kind AND e.source_id = ANY(:ids)")
    fields = {"kind": kind.number, "ids": list(source_ids)}
    return [_stored(tuple(row)) for row in session.execute(query, fields)]


def sources_without_payout(session: Session) -> list[tuple[int, int]]:
    """Return kind and source of entries of payouts that are not there."""
    query = text(
        "SELECT kind, source_id FROM journal_entry e WHERE kind = ANY(:kinds) AND NOT EXISTS "
        "(SELECT 1 FROM payout WHERE payout_id = e.source_id) ORDER BY 1, 2 LIMIT 20"
    )
    return [(row[0], row[1]) for row in session.execute(query, {"kinds": _OF_PAYOUTS})]


def of_account(
    session: Session,
    account: str,
    *,
    after: tuple[int, int] = (0, 0),
    limit: int = 100,
) -> list[StoredEntry]:
    """List the entries that touch an account, by kind and source, after one."""
    query = text(
        _ENTRY + "WHERE e.accounts && "  # noqa: S608 - constants
        "ARRAY(SELECT account_id FROM account WHERE name = :name) "
        "AND (e.kind, e.source_id) > (:kind, :source) ORDER BY e.kind, e.source_id LIMIT :limit"
    )
    fields = {"name": account, "kind": after[0], "source": after[1], "limit": limit}
    return [_stored(tuple(row)) for row in session.execute(query, fields)]
