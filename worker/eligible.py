"""Which works a sale pays: those that may earn on its day, by the rights valid then (D16)."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.money import PPM
from service.store import back_pay, eligibility, lines, rights
from service.store.eligibility import EarningWindow
from service.store.lines import LineKey
from service.store.sale_table import SaleTable, date_of, micros_of

_NONE = -1
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Eligible:
    """Shares that are paid [m], in order of row: row of the sale, work, ppm and line.

    ``unmatched_ppm`` [n]: what is left of each sale.
    """

    rows: Int64s
    works: Int64s
    shares: Int64s
    line_ids: Int64s
    unmatched_ppm: Int64s


def eligible(
    session: Session, sales: SaleTable, *, known: dict[LineKey, int] | None = None
) -> Eligible:
    """Keep the shares of works that may earn from each sale; the rest is unmatched.

    ``known``: lines found before, as of ``lines.ids``.
    """
    names, work = np.unique(sales.match_works, return_inverse=True)
    windows = eligibility.windows_of(session, names.tolist())
    kept = _covered(sales, [windows[name] for name in names.tolist()], work)
    late = np.zeros(len(kept), np.bool_)
    if not kept.all():
        late = _late(session, sales, ~kept)
    versions = _versions(session, sales, names, work, late)
    kept = (kept | late) & (versions != _NONE)
    rows, shares = sales.match_rows[kept], sales.match_shares[kept]
    unmatched = np.full(len(sales), PPM, np.int64)
    np.subtract.at(unmatched, rows, shares)
    works = sales.match_works[kept]
    line_ids = _lines(session, sales, rows, works, versions[kept], known)
    return Eligible(rows, works, shares, line_ids, unmatched)


def _covered(sales: SaleTable, windows: list[EarningWindow], work: Int64s) -> NDArray[np.bool_]:
    if not windows:
        return np.zeros(0, np.bool_)
    start = np.array([micros_of(one.start) for one in windows], np.int64)[work]
    end = np.array([micros_of(one.end or _NEVER) for one in windows], np.int64)[work]
    pays = ~np.array([one.commons for one in windows], np.bool_)[work]
    at = sales.sold_at[sales.match_rows]
    covered: NDArray[np.bool_] = pays & (start <= at) & (at < end)
    return covered


def _late(session: Session, sales: SaleTable, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which shares are of works registered later that earn by approved evidence."""
    ids = sales.sale_ids[sales.match_rows]
    granted = back_pay.works_of(session, np.unique(ids[asked]).tolist())
    late = np.zeros(len(asked), np.bool_)
    for at in np.flatnonzero(asked).tolist() if granted else ():
        late[at] = int(sales.match_works[at]) in granted.get(int(ids[at]), ())
    return late


def _versions(
    session: Session, sales: SaleTable, names: Int64s, work: Int64s, late: NDArray[np.bool_]
) -> Int64s:
    """Find the rights version of each share's work on the day of sale, -1 where there is none.

    A late work of before its first split is paid by that one.
    """
    by_day = rights.of_works(session, names.tolist())
    days = sales.days[sales.match_rows]
    first_day = int(days.min(initial=0))
    span = int(days.max(initial=0)) - first_day + 1
    pairs, inverse = np.unique(work * span + (days - first_day), return_inverse=True)
    found = np.full(len(pairs), _NONE, np.int64)
    for at, pair in enumerate(pairs.tolist()):
        version = by_day.on(int(names[pair // span]), date_of(first_day + pair % span))
        if version:
            found[at] = version.rights_version_id
    versions = found[inverse]
    for at in np.flatnonzero(late & (versions == _NONE)).tolist():
        versions[at] = by_day.first(int(sales.match_works[at])).rights_version_id
    return versions


def _lines(
    session: Session,
    sales: SaleTable,
    rows: Int64s,
    works: Int64s,
    versions: Int64s,
    known: dict[LineKey, int] | None,
) -> Int64s:
    """Return the line of each share; lines not met before are opened."""
    if not len(rows):
        return np.zeros(0, np.int64)
    table = np.stack([versions, sales.vendor_ids[rows], sales.tiers[rows]], axis=1)
    order = np.lexsort(table.T[::-1])
    table = table[order]
    heads = np.ones(len(table), np.bool_)
    heads[1:] = (table[1:] != table[:-1]).any(axis=1)
    first = order[heads]
    keys = [
        LineKey(work, version, vendor, tier, currency.decode())
        for work, version, vendor, tier, currency in zip(
            works[first].tolist(),
            versions[first].tolist(),
            sales.vendor_ids[rows[first]].tolist(),
            sales.tiers[rows[first]].tolist(),
            sales.currencies[rows[first]].tolist(),
            strict=True,
        )
    ]
    ids = lines.ids(session, keys, known=known)
    numbers = np.array([ids[key] for key in keys], np.int64)
    line_ids = np.empty(len(rows), np.int64)
    line_ids[order] = numbers[np.cumsum(heads) - 1]
    return line_ids
