"""What the licence terms of a sale's day make of the shares its attribution found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.licence import Against
from service.ledger.licence_array import scaled_array
from service.ledger.settlement_array import work_key_hashes
from service.store import licence_days
from service.store.against_terms import UseAgainstTerms
from service.store.sale_table import SaleTable


@dataclass(frozen=True, slots=True, eq=False)
class Licensed:
    """Shares [m] of a batch under their terms.

    shares: what is paid, zero for those that are not. rates: what the terms said of each.
    earning: whose works would earn, were it not for terms.
    """

    shares: Int64s
    multipliers: Int64s
    against: Int64s
    earning: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LicensedShare:
    """One work of a sale: what was attributed to it, what its terms say, and what is paid."""

    work_id: int
    attributed_ppm: int
    multiplier_ppm: int
    against: Against | None
    paid_ppm: int


def licensed(
    session: Session, sales: SaleTable, names: Int64s, work: Int64s, earning: NDArray[np.bool_]
) -> Licensed | None:
    """Apply the terms of each share's day; None where no work of the batch has terms.

    names: the works by rising id; work [m]: the place of each share's among them. earning [m]: may
    earn but for terms. A share against terms becomes unmatched.
    """
    found = licence_days.of_works(session, names)
    if found is None:
        return None
    rows = sales.match_rows
    rates = found.on(work, sales.vendor_ids[rows], sales.days[rows])
    at = np.flatnonzero(earning & (rates.against == 0))
    keys = work_key_hashes(names.tolist())
    hashes = np.array([keys[name] for name in names.tolist()], np.uint64)
    shares = np.zeros(len(rows), np.int64)
    shares[at] = scaled_array(
        rows[at], sales.match_shares[at], rates.multipliers[at], hashes[work[at]], sales.ties
    )
    return Licensed(shares, rates.multipliers, rates.against, earning)


def uses_against_terms(sales: SaleTable, found: Licensed | None) -> list[UseAgainstTerms]:
    """List the shares that would have been paid, had their terms allowed it."""
    if found is None:
        return []
    at = np.flatnonzero(found.earning & (found.against > 0))
    columns = (
        sales.sale_ids[sales.match_rows[at]],
        sales.match_works[at],
        found.against[at],
        sales.match_shares[at],
    )
    return [UseAgainstTerms(*row) for row in zip(*(one.tolist() for one in columns), strict=True)]


def shares_of_one(sales: SaleTable, found: Licensed | None) -> Sequence[LicensedShare]:
    """Tell of the only sale of a table what became of its shares; nothing where none has terms."""
    if found is None:
        return ()
    at = np.flatnonzero(found.earning)
    return tuple(
        LicensedShare(work, share, multiplier, Against.numbered(against), paid)
        for work, share, multiplier, against, paid in zip(
            sales.match_works[at].tolist(),
            sales.match_shares[at].tolist(),
            found.multipliers[at].tolist(),
            found.against[at].tolist(),
            found.shares[at].tolist(),
            strict=True,
        )
    )
