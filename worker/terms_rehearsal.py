"""What other terms would have made of a month's sales: settled twice, and nothing is posted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.contract import Contract
from service.ledger.period import Period
from service.ledger.tiers import RateCard, Tier
from service.store import sale_table
from service.store.database import Database, rehearsal, unit_of_work
from service.store.sale_table import SaleTable
from worker.rehearsal import Progress
from worker.settlement import ContractOfSale, contracts_of, decide

_AT_ONCE = 50
_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Effect:
    """Nanos by account, debit positive, as the sales are settled and as they would be."""

    account: str
    currency: str
    now_nanos: int
    then_nanos: int


@dataclass(frozen=True, slots=True)
class TermsEffect:
    """What other terms make of a vendor's settled sales of a month.

    ``left_out``: sales in another currency than the new contract's; they would be quarantined.
    """

    sales: int
    left_out: int
    effects: tuple[Effect, ...]


def rehearse_terms(
    database: Database,
    vendor_id: int,
    month: Period,
    *,
    contract: Contract | None = None,
    card: RateCard | None = None,
    progress: Progress,
) -> TermsEffect:
    """Settle a vendor's sales of a month by its terms, and by one other contract or rate card.

    By another rate card each sale has the gross that its tokens make. Refunds are left out.
    """
    sums: dict[bool, Counter[tuple[int, str]]] = {False: Counter(), True: Counter()}
    sales = left_out = 0
    with rehearsal(database) as stage, unit_of_work(stage) as session:
        ranges = _ranges(session, vendor_id, month)
        for at in range(0, len(ranges), _AT_ONCE):
            progress("settling sales", at, len(ranges))
            for table in _tables(session, ranges[at : at + _AT_ONCE]):
                held = contracts_of(session, table)
                table = table.take(np.flatnonzero(held.of_row >= 0))  # noqa: PLW2901 - narrowed
                held = held.take(np.flatnonzero(held.of_row >= 0))
                wanted = _under(contract, table) if contract else held
                sales += len(table)
                left_out += int((wanted.of_row < 0).sum())
                priced = _priced(table, card) if card else table
                _add(session, table, held, month, sums[False])
                _add(session, priced, wanted, month, sums[True])
        effects = _named(session, sums[False], sums[True])
    return TermsEffect(sales, left_out, effects)


def _ranges(session: Session, vendor_id: int, month: Period) -> list[tuple[int, int]]:
    rows = session.execute(
        text(
            "SELECT first_sale_id, last_sale_id FROM work_batch WHERE stage = 3 "
            "AND vendor_id = :vendor AND period = :period ORDER BY first_sale_id"
        ),
        {"vendor": vendor_id, "period": month.number},
    )
    return [(int(first), int(last)) for first, last in rows]


def _tables(session: Session, ranges: list[tuple[int, int]]) -> Iterator[SaleTable]:
    whole = sale_table.sales_between(session, [r[0] for r in ranges], [r[1] for r in ranges])
    for at in range(0, len(whole), _ROWS):
        yield whole.take(np.arange(at, min(at + _ROWS, len(whole))))


def _under(contract: Contract, table: SaleTable) -> ContractOfSale:
    same = table.currencies == contract.currency.encode()
    return ContractOfSale([contract], np.where(same, 0, -1).astype(np.int64))


def _priced(table: SaleTable, card: RateCard) -> SaleTable:
    prices = np.array([card.nanos_per_token[tier] for tier in Tier], np.int64)
    most = np.iinfo(np.int64).max // np.maximum(prices[table.tiers], 1)
    return replace(table, gross=np.minimum(table.tokens, most) * prices[table.tiers])


def _add(
    session: Session,
    table: SaleTable,
    held: ContractOfSale,
    month: Period,
    sums: Counter[tuple[int, str]],
) -> None:
    for currency, rows in held.by_currency(table):
        entries = decide(
            session, table.take(rows), held.take(rows), currency=currency, into=month, month=month
        )
        for account, nanos in _by_account(entries.account_ids, entries.amounts):
            sums[account, currency] += nanos


def _by_account(account_ids: Int64s, amounts: Int64s) -> Iterator[tuple[int, int]]:
    names, place = np.unique(account_ids, return_inverse=True)
    totals = [0] * len(names)
    for at, nanos in zip(place.tolist(), amounts.tolist(), strict=True):
        totals[at] += nanos
    return zip(names.tolist(), totals, strict=True)


def _named(
    session: Session, before: Counter[tuple[int, str]], after: Counter[tuple[int, str]]
) -> tuple[Effect, ...]:
    keys = before.keys() | after.keys()
    rows = session.execute(
        text("SELECT account_id, name FROM account WHERE account_id = ANY(:ids)"),
        {"ids": sorted({account for account, _ in keys})},
    )
    names = {int(number): str(name) for number, name in rows}
    found = [
        Effect(names[key[0]], key[1], before[key], after[key])
        for key in keys
        if before[key] or after[key]
    ]
    return tuple(sorted(found, key=lambda one: (one.currency, one.account)))
