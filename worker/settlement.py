"""Settlement: claim attributed batches, decide in arrays, store all they change in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlmodel import Session

from service.ledger import accounts
from service.ledger.allocation import Int64s
from service.ledger.contract import Contract, NoContract
from service.ledger.distinct import distinct
from service.ledger.errors import LedgerError
from service.ledger.journal import Kind
from service.ledger.merged_legs import merge
from service.ledger.period import Period
from service.ledger.settlement_array import (
    AccountCodes,
    MatchColumns,
    SaleColumns,
    Settled,
    settle_columns,
    work_key_hashes,
)
from service.ledger.tiers import Tier
from service.store import (
    against_terms,
    journal,
    periods,
    sale_table,
    settlement_rows,
    terms,
    work_batches,
)
from service.store.database import Database, unit_of_work
from service.store.entry_rows import EntryColumns
from service.store.lines import LineKey
from service.store.sale_table import SaleTable, date_of
from service.store.settlement_rows import PutAside
from worker.eligible import Eligible, eligible
from worker.licensing import uses_against_terms

MOST_SALES = 20_000
"""Sales of one transaction."""
_NONE = -1


class CurrencyDiffers(LedgerError):
    """A sale is in another currency than the vendor's contract."""

    def __init__(self, sale_id: int, *, sale: str, contract: str) -> None:
        super().__init__(
            f"sale {sale_id} is in {sale}, the contract in {contract}", sale=sale, contract=contract
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """Numbers of lines and accounts met so far; they never change.

    For some batches in a row: one that raises may have met what was then rolled back.
    """

    lines: dict[LineKey, int] = field(default_factory=dict)
    accounts: dict[str, dict[str, int]] = field(default_factory=dict)


def settle_batch(
    database: Database,
    *,
    now: datetime,
    memory: Memory | None = None,
    most_sales: int | None = None,
) -> int:
    """Settle the oldest attributed batches, at most 20,000 sales; return how many. Idempotent.

    The period's row is held FOR SHARE to the commit: a close that begins meanwhile waits for us,
    and after it began only what it waits for goes into the period; the rest becomes late.
    """
    with unit_of_work(database) as session:
        periods.begin_posting(session)
        batches = work_batches.claim_to_settle(session, most_sales=most_sales or MOST_SALES)
        if not batches:
            return 0
        month = Period(batches[0].period)
        state = periods.hold(session, month)
        into = {True: month, False: month}
        if state == periods.CLOSING:
            into[False] = periods.hold_open_from(session, month.next())
        elif state == periods.CLOSED:
            into = dict.fromkeys((True, False), periods.hold_open_from(session, month.next()))
        count = 0
        for closes in (True, False):
            part = [batch for batch in batches if batch.closes is closes]
            if part:
                sales = sale_table.of_batches(session, part)
                settle_sales(session, sales, into[closes], month, now=now, memory=memory)
                count += len(sales)
        work_batches.settled(session, batches, now=now)
        return max(count, 1)


def settle_sales(
    session: Session,
    sales: SaleTable,
    into: Period,
    month: Period,
    *,
    now: datetime,
    memory: Memory | None = None,
) -> None:
    """Post sales of one month into a period whose row is held; what cannot be is quarantined."""
    contracts = contracts_of(session, sales)
    aside = [
        PutAside(
            int(sales.sale_ids[row]),
            int(sales.vendor_ids[row]),
            month,
            error.code,
            {"sentence": error.sentence, **error.facts},
        )
        for row, error in contracts.refused
    ]
    settlement_rows.quarantine(session, aside, now=now)
    for currency, rows in contracts.by_currency(sales):
        entries = decide(
            session,
            sales.take(rows),
            contracts.take(rows),
            currency=currency,
            into=into,
            month=month,
            memory=memory,
        )
        journal.append(session, entries, now=now)


@dataclass(frozen=True, slots=True, eq=False)
class ContractOfSale:
    """The contract of each sale's vendor and day.

    ``of_row`` [n]: its place among ``contracts``, -1 where the sale is refused.
    """

    contracts: Sequence[Contract]
    of_row: Int64s
    refused: Sequence[tuple[int, LedgerError]] = ()

    def take(self, rows: Int64s) -> "ContractOfSale":
        """Return those of some sales."""
        return ContractOfSale(self.contracts, self.of_row[rows])

    def by_currency(self, sales: SaleTable) -> list[tuple[str, Int64s]]:
        """List the rows of sales that have an entry, by currency."""
        rows = np.flatnonzero((self.of_row != _NONE) & (sales.gross > 0))
        found = sales.currencies[rows]
        names = set(found.tolist())
        return [(name.decode(), rows[found == name]) for name in sorted(names)]


def contracts_of(session: Session, sales: SaleTable) -> ContractOfSale:
    """Find the contract of each sale, or why it cannot be settled."""
    vendors, vendor = distinct(sales.vendor_ids)
    known = terms.of_vendors(session, vendors.tolist())
    days, day = distinct(sales.days)
    pairs, inverse = distinct(vendor * len(days) + day)
    numbers: dict[int, int] = {}
    contracts: list[Contract] = []
    of_pair = np.full(len(pairs), _NONE, np.int64)
    missing: dict[int, LedgerError] = {}
    for at, pair in enumerate(pairs.tolist()):
        vendor_id, on = int(vendors[pair // len(days)]), int(days[pair % len(days)])
        try:
            contract = known[vendor_id].contract_on(date_of(on))
        except NoContract as error:
            missing[at] = error
            continue
        if contract.contract_id not in numbers:
            numbers[contract.contract_id] = len(contracts)
            contracts.append(contract)
        of_pair[at] = numbers[contract.contract_id]
    of_row = of_pair[inverse]
    refused: list[tuple[int, LedgerError]] = [
        (row, missing[int(inverse[row])]) for row in np.flatnonzero(of_row == _NONE).tolist()
    ]
    currencies = np.array([one.currency.encode() for one in contracts] or [b""], "S3")
    differs = (of_row != _NONE) & (currencies[of_row] != sales.currencies)
    for row in np.flatnonzero(differs).tolist():
        sale, wanted = sales.currencies[row].decode(), contracts[of_row[row]].currency
        differing = CurrencyDiffers(int(sales.sale_ids[row]), sale=sale, contract=wanted)
        refused.append((row, differing))
    return ContractOfSale(contracts, np.where(differs, _NONE, of_row), refused)


def decide(
    session: Session,
    sales: SaleTable,
    contracts: ContractOfSale,
    *,
    currency: str,
    into: Period,
    month: Period,
    memory: Memory | None = None,
) -> EntryColumns:
    """Settle sales of one currency and month; returns their entries, ready to append."""
    memory = memory or Memory()
    codes = AccountCodes()
    paid = eligible(session, sales, known=memory.lines)
    against_terms.keep(session, uses_against_terms(sales, paid.licensed))
    columns, matches = columns_of(sales, paid, codes)
    legs = _legs(sales, columns, matches, contracts, month=month, codes=codes)
    ids = journal.account_ids(session, codes.names, currency, known=memory.accounts)
    merged = merge(legs, ids)
    counts = np.bincount(merged.row, minlength=len(sales))
    return EntryColumns(
        Kind.SALE.number,
        into.number,
        currency,
        sales.sale_ids,
        sales.sale_ids,
        counts,
        merged.code,
        merged.nanos,
    )


def _legs(
    sales: SaleTable,
    columns: SaleColumns,
    matches: MatchColumns,
    contracts: ContractOfSale,
    *,
    month: Period,
    codes: AccountCodes,
) -> list[Settled]:
    """Settle the sales of each contract and tier together."""
    legs: list[Settled] = []
    groups = contracts.of_row * len(Tier) + sales.tiers
    for group in distinct(groups)[0].tolist():
        chosen = np.flatnonzero(groups == group)
        part = SaleColumns(*(getattr(columns, name)[chosen] for name in SaleColumns.__slots__))
        contract, tier = divmod(group, len(Tier))
        legs.append(
            settle_columns(
                part,
                matches,
                contracts.contracts[contract],
                month=month,
                tier=Tier.numbered(tier),
                codes=codes,
            )
        )
    return legs


def columns_of(
    sales: SaleTable, paid: Eligible, codes: AccountCodes
) -> tuple[SaleColumns, MatchColumns]:
    """Put the facts of sales as the array form of settlement takes them."""
    counts = np.bincount(paid.rows, minlength=len(sales)).astype(np.int64)
    works, work = distinct(paid.works)
    hashes = work_key_hashes(works.tolist())
    keys = np.array([hashes[name] for name in works.tolist()], np.uint64)
    lines, line = distinct(paid.line_ids)
    names = np.array([codes.code(accounts.line(number)) for number in lines.tolist()], np.int64)
    columns = SaleColumns(
        row=np.arange(len(sales), dtype=np.int64),
        ties=sales.ties,
        tokens=sales.tokens,
        gross=sales.gross,
        unmatched_ppm=paid.unmatched_ppm,
        has_text=sales.has_text,
        first_match=np.cumsum(counts) - counts,
        match_count=counts,
    )
    return columns, MatchColumns(paid.shares, keys[work], names[line])
