"""Which works a sale pays: those that may earn on its day, by the rights and terms of it (D16)."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.distinct import distinct
from service.ledger.money import PPM
from service.ledger.tiers import Tier
from service.store import back_pay, eligibility, lines, rights_by_day
from service.store.eligibility import EarningWindow
from service.store.lines import LineKey
from service.store.sale_table import SaleTable, micros_of
from worker.licensing import Licensed, licensed

_NONE = -1
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Eligible:
    """Shares that are paid [m], in order of row: row of the sale, work, ppm and line.

    ``unmatched_ppm`` [n]: what is left of each sale. ``licensed``: of all shares of the sales, what
    their terms made of them; None where no work has terms.
    """

    rows: Int64s
    works: Int64s
    shares: Int64s
    line_ids: Int64s
    unmatched_ppm: Int64s
    licensed: Licensed | None = None


def eligible(
    session: Session, sales: SaleTable, *, known: dict[LineKey, int] | None = None
) -> Eligible:
    """Keep the shares of works that may earn from each sale, by their terms; the rest is unmatched.

    ``known``: lines found before, as of ``lines.ids``.
    """
    names, work = distinct(sales.match_works)
    windows = eligibility.windows_of(session, names.tolist())
    kept = _covered(sales, [windows[name] for name in names.tolist()], work)
    late = np.zeros(len(kept), np.bool_)
    if not kept.all():
        late = _late(session, sales, ~kept)
    versions = _versions(session, sales, names, work, late)
    kept = (kept | late) & (versions != _NONE)
    terms = licensed(session, sales, names, work, kept)
    if terms:
        kept = terms.shares > 0
    rows, shares = sales.match_rows[kept], (terms.shares if terms else sales.match_shares)[kept]
    given = np.bincount(rows, weights=shares, minlength=len(sales)).astype(np.int64)  # exact
    unmatched = PPM - given
    works = sales.match_works[kept]
    line_ids = _lines(session, sales, rows, works, versions[kept], known)
    return Eligible(rows, works, shares, line_ids, unmatched, terms)


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
    by_day = rights_by_day.of_works(session, names)
    versions = by_day.on(work, sales.days[sales.match_rows])
    for at in np.flatnonzero(late & (versions == _NONE)).tolist():
        versions[at] = by_day.first(int(work[at]))
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
    vendors, vendor = distinct(sales.vendor_ids)
    kind = vendor * len(Tier) + sales.tiers
    _, version = distinct(versions)
    numbers, group = distinct(version * (len(vendors) * len(Tier)) + kind[rows])
    first = np.empty(len(numbers), np.int64)
    first[group] = np.arange(len(rows))  # any share of a line tells what it is of
    sale = rows[first]
    keys = [
        LineKey._make(key)
        for key in zip(
            works[first].tolist(),
            versions[first].tolist(),
            sales.vendor_ids[sale].tolist(),
            sales.tiers[sale].tolist(),
            sales.currencies[sale].astype("U3").tolist(),
            strict=True,
        )
    ]
    ids = lines.ids(session, keys, known=known)
    line_ids = np.array([ids[key] for key in keys], np.int64)
    return line_ids[group]
