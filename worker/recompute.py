"""Recomputation for ``verify``: what the journal says against what the facts make of it."""

import numpy as np
from sqlmodel import Session

from service.ledger.correction import correction, target
from service.ledger.errors import LedgerError
from service.ledger.journal import Kind
from service.ledger.period import Period
from service.ledger.settlement import legs
from service.store import (
    correction_jobs,
    entries,
    journal,
    refunds,
    sale_table,
    sales,
    work_batches,
)
from service.store.database import Database, unit_of_work
from service.store.entry_rows import EntryColumns, canonical_rows, content_hash
from service.store.sale_table import SaleTable
from worker import settled_sale
from worker.settlement import contracts_of, decide

SALES_A_STEP = 5_000


def batches_unlike_their_hash(database: Database) -> tuple[int, list[str]]:
    """Hash the entries of every batch again; return how many batches and those that differ."""
    facts: list[str] = []
    last = count = 0
    while True:
        with unit_of_work(database) as session:
            batch = entries.batch_after(session, last)
            if batch is None:
                return count, facts
            columns = entries.of_batch(session, batch.batch_id)
        count, last = count + 1, batch.batch_id
        if len(columns) != 1:
            facts.append(f"batch {last} mixes kinds, periods or currencies, or is empty")
        elif len(columns[0].source_ids) != batch.entry_count:
            facts.append(
                f"batch {last} has {len(columns[0].source_ids)} entries, not {batch.entry_count}"
            )
        elif content_hash(canonical_rows(columns[0])) != batch.content_hash:
            facts.append(f"batch {last}: its entries are not those it was hashed with")


def sales_unlike_their_target(database: Database) -> tuple[int, list[str]]:
    """Settle every settled sale again and compare with its postings; return how many and which.

    A corrected sale is compared as a whole: its entry and all corrections with its target. One
    whose facts changed just now, and that waits for its correction, is left out.
    """
    facts: list[str] = []
    count, last = 0, 0
    while True:
        with unit_of_work(database) as session:
            batches = work_batches.done_after(session, last, most_sales=SALES_A_STEP)
            if not batches:
                return count + _check_refunded(database, facts), facts
            last = batches[-1].first_sale_id
            count += sum(batch.sale_count for batch in batches)
            facts += _unlike_target(session, sale_table.of_batches(session, batches))
            session.rollback()  # deciding may open lines; verifying opens nothing


def _unlike_target(session: Session, table: SaleTable) -> list[str]:
    skipped = _corrected_or_waiting(session, table.sale_ids.tolist())
    table = table.take(np.flatnonzero(~np.isin(table.sale_ids, sorted(skipped))))
    contracts = contracts_of(session, table)
    facts = [f"sale {table.sale_ids[row]}: {error.sentence}" for row, error in contracts.refused]
    for currency, rows in contracts.by_currency(table):
        for month in np.unique(table.months[rows]).tolist():
            chosen = rows[table.months[rows] == month]
            again = decide(
                session,
                table.take(chosen),
                contracts.take(chosen),
                currency=currency,
                into=Period(month),
                month=Period(month),
            )
            posted = entries.of_sources(session, Kind.SALE.number, again.source_ids.tolist())
            facts += _differences(again, posted)
    return facts


def _corrected_or_waiting(session: Session, sale_ids: list[int]) -> set[int]:
    corrected = entries.corrected_among(session, sale_ids)
    if not correction_jobs.waiting_count(session):
        return corrected
    return corrected | correction_jobs.waiting_for(session, sale_ids)


def _differences(again: EntryColumns, posted: dict[int, tuple[list[int], list[int]]]) -> list[str]:
    facts: list[str] = []
    ends = np.cumsum(again.counts)
    for sale, start, end in zip(
        again.source_ids.tolist(), (ends - again.counts).tolist(), ends.tolist(), strict=True
    ):
        accounts, amounts = again.account_ids[start:end], again.amounts[start:end]
        said = posted.get(sale)
        if said is None:
            facts.append(f"sale {sale} has no entry")
        elif said != (accounts.tolist(), amounts.tolist()):
            facts.append(f"sale {sale}: posted {said[1]}, its facts make {amounts.tolist()}")
    return facts


def _check_refunded(database: Database, facts: list[str]) -> int:
    """Compare target and posted of every corrected sale; return how many there are."""
    with unit_of_work(database) as session:
        corrected = entries.corrected_sales(session)
    for sale_id in corrected:
        with unit_of_work(database) as session:
            if correction_jobs.waiting_for(session, [sale_id]):
                continue
            try:
                stored = sales.get(session, sale_id)
                whole = settled_sale.load(session, stored)
            except LedgerError as error:
                facts.append(f"sale {sale_id}: {error.sentence}")
                continue
            wanted = target(
                legs(whole.sale, whole.matched, whole.contract),
                refunds.refunded(session, sale_id),
                tie=whole.sale.tie,
            )
            left = correction(wanted, journal.posted_on_sale(session, sale_id))
            session.rollback()
        if left:
            facts.append(f"sale {sale_id}: target minus posted leaves {left}")
    return len(corrected)
