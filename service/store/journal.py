"""The journal: append entries with their balances, read balances and entries back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.distinct import distinct
from service.ledger.journal import JournalEntry
from service.store.binary_columns import as_array
from service.store.database import driver
from service.store.entry_rows import (
    NO_SUBJECT,
    EntryColumns,
    canonical_rows,
    content_hash,
    copy_blocks,
)


def account_ids(
    session: Session,
    names: Sequence[str],
    currency: str,
    *,
    known: dict[str, dict[str, int]] | None = None,
) -> Int64s:
    """Return the ids of accounts by name, in the order given; accounts new to us are opened.

    ``known``: what was found before by currency, if anything; filled with what was not.
    """
    found = {} if known is None else known.setdefault(currency, {})
    distinct = sorted(set(names) - found.keys())
    if distinct:
        found |= _known_accounts(session, distinct, currency)
    missing = [name for name in distinct if name not in found]
    if missing:
        driver(session).execute(
            "INSERT INTO account (name, currency) SELECT unnest(%s::text[]), %s "
            "ON CONFLICT (name, currency) DO NOTHING",
            (missing, currency),
        )
        found |= _known_accounts(session, missing, currency)
    return np.array([found[name] for name in names], np.int64)


def _known_accounts(session: Session, names: list[str], currency: str) -> dict[str, int]:
    told = "\n".join(names)  # quicker to send than a list; no account's name has two lines
    assert told.count("\n") == len(names) - 1, "a line break in the name of an account"
    rows = driver(session).execute(
        "SELECT name, account_id FROM account "
        "WHERE name = ANY(string_to_array(%s, E'\\n')) AND currency = %s",
        (told, currency),
    )
    return dict(rows.fetchall())


def append(session: Session, entries: EntryColumns, *, now: datetime) -> int:
    """Append one batch of entries and its balance deltas in the caller's commit; return the batch.

    Entries go in as binary COPY, one array row each; the primary key refuses a source posted before
    (psycopg.errors.UniqueViolation), the CHECK whatever does not sum to zero.
    """
    assert len(entries.source_ids), "a batch has entries"
    rows = canonical_rows(entries)
    connection = driver(session)
    inserted = connection.execute(
        "INSERT INTO batch (period, entry_count, content_hash, created_at) VALUES (%s, %s, %s, %s) "
        "RETURNING batch_id",
        (entries.period, len(rows), content_hash(rows), now),
    ).fetchone()
    assert inserted
    batch_id = int(inserted[0])
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY journal_entry (batch_id, kind, source_id, subject_sale_id, period, currency, "
            "accounts, amounts) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        for block in copy_blocks(batch_id, rows):
            copy.write(block)
    _append_deltas(connection, batch_id, entries)
    return batch_id


def _append_deltas(connection: psycopg.Connection, batch_id: int, entries: EntryColumns) -> None:
    """Add what a batch moves on each account; every account is of the entries' own currency."""
    accounts, deltas = _deltas(entries.account_ids, entries.amounts)
    known = connection.execute(
        "SELECT count(*) FROM account WHERE account_id = ANY(%s::integer[]) AND currency = %s",
        (as_array(accounts), entries.currency),
    ).fetchone()
    assert known == (len(accounts),), "an account of another currency, or of nobody"
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY balance_delta (batch_id, account_id, period, delta) FROM STDIN") as copy,
    ):
        copy.write(
            "".join(
                f"{batch_id}\t{account}\t{entries.period}\t{delta}\n"
                for account, delta in zip(accounts, deltas, strict=True)
            )
        )


def _deltas(account_ids: Int64s, amounts: Int64s) -> tuple[list[int], list[int]]:
    """Sum amounts by account in two halves of 32 bits, so that no sum wraps; drop zeros."""
    accounts, place = distinct(account_ids)
    high, low = np.zeros(len(accounts), np.int64), np.zeros(len(accounts), np.int64)
    np.add.at(high, place, amounts >> 32)
    np.add.at(low, place, amounts & 0xFFFFFFFF)
    totals = [(h << 32) + rest for h, rest in zip(high.tolist(), low.tolist(), strict=True)]
    kept = [(int(a), t) for a, t in zip(accounts.tolist(), totals, strict=True) if t]
    return [account for account, _ in kept], [total for _, total in kept]


def append_entries(
    session: Session, entries: Sequence[JournalEntry], *, period: int, now: datetime
) -> None:
    """Append a few entries given as values; one batch per kind and currency."""
    groups: dict[tuple[int, str], list[JournalEntry]] = {}
    for one in entries:
        groups.setdefault((one.source.kind.number, one.currency), []).append(one)
    for (kind, currency), group in sorted(groups.items()):
        group.sort(key=lambda e: e.source.source_id)
        names = [posting.account for one in group for posting in one.postings]
        ids = account_ids(session, names, currency)
        amounts = np.array([p.nanos for one in group for p in one.postings], np.int64)
        counts = np.array([len(one.postings) for one in group], np.int64)
        order = np.lexsort((ids, np.repeat(np.arange(len(group)), counts)))
        subjects = [
            NO_SUBJECT if one.subject_sale_id is None else one.subject_sale_id for one in group
        ]
        columns = EntryColumns(
            kind,
            period,
            currency,
            np.array([one.source.source_id for one in group], np.int64),
            np.array(subjects, np.int64),
            counts,
            ids[order],
            amounts[order],
        )
        append(session, columns, now=now)


@dataclass(frozen=True, slots=True)
class Balance:
    """Balance of one account: debit positive."""

    account: str
    currency: str
    nanos: int


_BALANCES = """
WITH last AS (SELECT max(period) AS period FROM balance_snapshot),
total AS (
    SELECT account_id, sum(nanos) AS nanos FROM (
        SELECT account_id, balance AS nanos FROM balance_snapshot, last
        WHERE balance_snapshot.period = last.period
        UNION ALL
        SELECT account_id, delta FROM balance_delta, last
        WHERE balance_delta.period > coalesce(last.period, 0)
    ) AS parts GROUP BY account_id
)
SELECT a.account_id, a.name, a.currency, coalesce(t.nanos, 0)
FROM account a LEFT JOIN total t USING (account_id)
WHERE (:prefix = '' OR starts_with(a.name, :prefix)) AND (a.name, a.currency) > (:name, :currency)
ORDER BY a.name, a.currency LIMIT :limit
"""


def balances(
    session: Session, *, prefix: str = "", after: tuple[str, str] = ("", ""), limit: int = 1_000_000
) -> list[Balance]:
    """List balances by name, from the newest snapshot and the deltas since."""
    rows = session.execute(
        text(_BALANCES),
        {"prefix": prefix, "name": after[0], "currency": after[1], "limit": limit},
    )
    return [Balance(name, currency, int(nanos)) for _, name, currency, nanos in rows]


def balances_named(session: Session, names: Sequence[str], currency: str) -> dict[str, int]:
    """Return the balances of these accounts of one currency, zero for one never opened."""
    rows = driver(session).execute(
        "SELECT a.name, sum(d.delta) FROM account a JOIN balance_delta d USING (account_id) "
        "WHERE a.name = ANY(%s) AND a.currency = %s GROUP BY a.name",
        (list(names), currency),
    )
    found = {str(name): int(nanos) for name, nanos in rows}
    return {name: found.get(name, 0) for name in names}


def newest_batch(session: Session) -> int:
    """Return the number of the last batch, 0 where there is none."""
    return int(session.execute(text("SELECT coalesce(max(batch_id), 0) FROM batch")).scalar_one())


def posted_since(session: Session, batch_id: int) -> list[Balance]:
    """Sum what the batches after one posted, by account."""
    rows = session.execute(
        text(
            "SELECT a.name, a.currency, sum(d.delta) FROM balance_delta d "
            "JOIN account a USING (account_id) WHERE d.batch_id > :batch "
            "GROUP BY a.name, a.currency ORDER BY a.name, a.currency"
        ),
        {"batch": batch_id},
    )
    return [Balance(name, currency, int(nanos)) for name, currency, nanos in rows]


def posted_on_sale(session: Session, sale_id: int) -> dict[str, int]:
    """Sum everything posted about one sale: its entry and all corrections; by account name."""
    rows = driver(session).execute(
        "SELECT a.name, sum(p.amount_nanos) FROM posting p JOIN account a USING (account_id) "
        "WHERE (p.kind = 1 AND p.source_id = %(sale)s) "
        "OR (p.kind = 2 AND p.subject_sale_id = %(sale)s) GROUP BY a.name",
        {"sale": sale_id},
    )
    totals: Mapping[str, int] = {str(name): int(nanos) for name, nanos in rows}
    return {name: nanos for name, nanos in totals.items() if nanos}
