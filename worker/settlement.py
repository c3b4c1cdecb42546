"""Settlement: claim attributed batches, decide in arrays, store all they change in one commit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from sqlmodel import Session

from service.ledger import accounts
from service.ledger.contract import Contract, NoContract
from service.ledger.errors import LedgerError
from service.ledger.journal import Kind
from service.ledger.money import PPM
from service.ledger.period import Period
from service.ledger.settlement_array import (
    AccountCodes,
    Legs,
    MatchColumns,
    SaleColumns,
    merge,
    settle_columns,
    work_key_hashes,
)
from service.ledger.tiers import Tier
from service.store import (
    eligibility,
    journal,
    lines,
    periods,
    rights,
    settlement_rows,
    terms,
    work_batches,
)
from service.store.database import Database, unit_of_work
from service.store.entry_rows import EntryColumns
from service.store.lines import LineKey
from service.store.sales import unsigned
from service.store.settlement_rows import SaleRow

MOST_SALES = 5_000
"""Sales of one transaction."""


class CurrencyDiffers(LedgerError):
    """A sale is in another currency than the vendor's contract."""

    def __init__(self, sale_id: int, *, sale: str, contract: str) -> None:
        super().__init__(
            f"sale {sale_id} is in {sale}, the contract in {contract}", sale=sale, contract=contract
        )


def settle_batch(database: Database, *, now: datetime) -> int:
    """Settle the oldest attributed batches, at most 5,000 sales; return how many. Idempotent.

    The period's row is held FOR SHARE to the commit: a close that begins meanwhile waits for us,
    and after it began only what it waits for goes into the period; the rest becomes late.
    """
    with unit_of_work(database) as session:
        batches = work_batches.claim_to_settle(session, most_sales=MOST_SALES)
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
                sales = settlement_rows.sales_of(session, part)
                _settle(session, sales, into=into[closes], month=month, now=now)
                count += len(sales)
        work_batches.settled(session, batches, now=now)
        return max(count, 1)


def _settle(
    session: Session, sales: Sequence[SaleRow], *, into: Period, month: Period, now: datetime
) -> None:
    good = _with_contracts(session, sales, month=month, now=now)
    by_currency: dict[str, list[tuple[SaleRow, Contract]]] = defaultdict(list)
    for sale, contract in good:
        if sale.gross_nanos:
            by_currency[sale.currency].append((sale, contract))
    for currency, group in sorted(by_currency.items()):
        entries = decide(session, group, currency=currency, into=into, month=month)
        journal.append(session, entries, now=now)


def _with_contracts(
    session: Session, sales: Sequence[SaleRow], *, month: Period, now: datetime
) -> list[tuple[SaleRow, Contract]]:
    known = terms.of_vendors(session, sorted({sale.vendor_id for sale in sales}))
    good: list[tuple[SaleRow, Contract]] = []
    on_day: dict[tuple[int, date], Contract] = {}
    for sale in sales:
        key = (sale.vendor_id, sale.sold_at.astimezone(UTC).date())
        try:
            if key not in on_day:
                on_day[key] = known[sale.vendor_id].contract_on(key[1])
            _check_currency(sale, on_day[key])
        except (NoContract, CurrencyDiffers) as error:
            settlement_rows.quarantine(
                session,
                sale.sale_id,
                vendor_id=sale.vendor_id,
                period=month.number,
                reason=error.code,
                facts={"sentence": error.sentence, **error.facts},
                now=now,
            )
        else:
            good.append((sale, on_day[key]))
    return good


def _check_currency(sale: SaleRow, contract: Contract) -> None:
    if contract.currency != sale.currency:
        raise CurrencyDiffers(sale.sale_id, sale=sale.currency, contract=contract.currency)


@dataclass(frozen=True, slots=True)
class Matches:
    """Eligible shares of each sale, by line key, and what is left unmatched [n]."""

    of_sale: list[list[tuple[LineKey, int]]]
    unmatched_ppm: list[int]


def decide(
    session: Session,
    group: Sequence[tuple[SaleRow, Contract]],
    *,
    currency: str,
    into: Period,
    month: Period,
) -> EntryColumns:
    """Settle sales of one currency and month; returns their entries, ready to append."""
    sales = [sale for sale, _ in group]
    matches = eligible_matches(session, sales)
    line_ids = lines.ids(session, (key for of_one in matches.of_sale for key, _ in of_one))
    codes = AccountCodes()
    columns = _columns(sales, matches, line_ids, codes)
    legs = _legs(group, *columns, month=month, codes=codes)
    merged = merge(legs, journal.account_ids(session, codes.names, currency))
    sale_ids = np.array([sale.sale_id for sale in sales], np.int64)
    counts = np.bincount(merged.row, minlength=len(sales))
    return EntryColumns(
        Kind.SALE.number,
        into.number,
        currency,
        sale_ids,
        sale_ids,
        counts,
        merged.code,
        merged.nanos,
    )


def _legs(
    group: Sequence[tuple[SaleRow, Contract]],
    columns: SaleColumns,
    match_columns: MatchColumns,
    *,
    month: Period,
    codes: AccountCodes,
) -> list[Legs]:
    """Settle the sales of each contract and tier together."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    contracts: dict[int, Contract] = {}
    for row, (sale, contract) in enumerate(group):
        groups[contract.contract_id, sale.tier].append(row)
        contracts[contract.contract_id] = contract
    legs: list[Legs] = []
    for (contract_id, tier), rows in groups.items():
        chosen = np.array(rows, np.int64)
        part = SaleColumns(*(getattr(columns, name)[chosen] for name in SaleColumns.__slots__))
        legs.append(
            settle_columns(
                part,
                match_columns,
                contracts[contract_id],
                month=month,
                tier=Tier.numbered(tier),
                codes=codes,
            )
        )
    return legs


def eligible_matches(session: Session, sales: Sequence[SaleRow]) -> Matches:
    """Keep the shares of works that may earn from each sale; the rest is unmatched."""
    work_ids = sorted({work for sale in sales for work in sale.work_ids or ()})
    by_day = rights.of_works(session, work_ids)
    windows = eligibility.windows_of(session, work_ids)
    version_on: dict[tuple[int, date], int | None] = {}
    of_sale, unmatched = [], []
    for sale in sales:
        kept: list[tuple[LineKey, int]] = []
        day = sale.sold_at.astimezone(UTC).date()
        for work, share in zip(sale.work_ids or (), sale.shares_ppm or (), strict=True):
            if (work, day) not in version_on:
                version = by_day.on(work, day)
                version_on[work, day] = version.rights_version_id if version else None
            version_id = version_on[work, day]
            if version_id is not None and windows[work].covers(sale.sold_at):
                key = LineKey(work, version_id, sale.vendor_id, sale.tier, sale.currency)
                kept.append((key, share))
        of_sale.append(kept)
        unmatched.append(PPM - sum(share for _, share in kept))
    return Matches(of_sale, unmatched)


def _columns(
    sales: Sequence[SaleRow],
    matches: Matches,
    line_ids: Mapping[LineKey, int],
    codes: AccountCodes,
) -> tuple[SaleColumns, MatchColumns]:
    counts = np.array([len(of_one) for of_one in matches.of_sale], np.int64)
    flat = [pair for of_one in matches.of_sale for pair in of_one]
    hashes = work_key_hashes(sorted({key.work_id for key, _ in flat}))
    line_codes = {key: codes.code(accounts.line(line_ids[key])) for key in {key for key, _ in flat}}
    columns = SaleColumns(
        row=np.arange(len(sales), dtype=np.int64),
        ties=np.array([unsigned(sale.tie) for sale in sales], np.uint64),
        tokens=np.array([sale.output_tokens for sale in sales], np.int64),
        gross=np.array([sale.gross_nanos for sale in sales], np.int64),
        unmatched_ppm=np.array(matches.unmatched_ppm, np.int64),
        has_text=np.array([sale.has_text for sale in sales], np.int64),
        first_match=np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64),
        match_count=counts,
    )
    match_columns = MatchColumns(
        share_ppm=np.array([share for _, share in flat], np.int64),
        work_keys=np.array([hashes[key.work_id] for key, _ in flat], np.uint64),
        line_codes=np.array([line_codes[key] for key, _ in flat], np.int64),
    )
    return columns, match_columns
