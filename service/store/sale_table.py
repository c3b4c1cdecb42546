"""Sales as settlement needs them: columns, with the shares of works beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s, UInt64s
from service.ledger.money import PPM
from service.store.binary_columns import columns, ragged
from service.store.database import driver
from service.store.work_batches import WorkBatch

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000


def micros_of(instant: datetime) -> int:
    """Return an instant as PostgreSQL keeps it: microseconds since 2000-01-01 UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def date_of(day: int) -> date:
    """Return the date of a day counted from 2000-01-01."""
    return (_EPOCH + timedelta(days=day)).date()


@dataclass(frozen=True, slots=True, eq=False)
class SaleTable:
    """n sales [n] in order of number, and m shares of works in them [m] in order of sale.

    sold_at: microseconds since 2000-01-01 UTC. attributed: 1 where a sale has an attribution.
    match_rows: which sale, by its row; match_works, match_shares: work and ppm.
    """

    sale_ids: Int64s
    vendor_ids: Int64s
    sold_at: Int64s
    tiers: Int64s
    tokens: Int64s
    gross: Int64s
    currencies: NDArray[np.bytes_]
    ties: UInt64s
    has_text: Int64s
    match_rows: Int64s
    match_works: Int64s
    match_shares: Int64s

    def __len__(self) -> int:
        return len(self.sale_ids)

    @property
    def days(self) -> Int64s:
        """UTC days of sale, counted from 2000-01-01."""
        return self.sold_at // _DAY

    @property
    def months(self) -> Int64s:
        """Months of sale, year x 100 + month."""
        days, day = np.unique(self.days, return_inverse=True)
        dates = [date_of(one) for one in days.tolist()]
        return np.array([one.year * 100 + one.month for one in dates], np.int64)[day]

    def take(self, rows: Int64s) -> "SaleTable":
        """Return some sales, by rising rows, with their shares."""
        place = np.full(len(self), -1, np.int64)
        place[rows] = np.arange(len(rows))
        to = place[self.match_rows]
        kept = to >= 0
        return SaleTable(
            self.sale_ids[rows],
            self.vendor_ids[rows],
            self.sold_at[rows],
            self.tiers[rows],
            self.tokens[rows],
            self.gross[rows],
            self.currencies[rows],
            self.ties[rows],
            self.has_text[rows],
            to[kept],
            self.match_works[kept],
            self.match_shares[kept],
        )


_SALES = """
SELECT s.sale_id AS sale_ids, s.vendor_id AS vendor_ids, s.sold_at, s.tier AS tiers,
    s.output_tokens AS tokens, s.gross_nanos AS gross, s.currency AS currencies, s.tie AS ties,
    s.text_hash IS NOT NULL AS has_text
FROM unnest(%s::bigint[], %s::bigint[]) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM sale WHERE sale_id BETWEEN r.first AND r.last OFFSET 0) AS s
WHERE NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.sale_id = s.sale_id)
"""
# OFFSET 0 keeps each range a scan of its own: joined, the whole table is read for every batch.
_SALE_KINDS = {
    "sale_ids": "int8",
    "vendor_ids": "int8",
    "sold_at": "int8",
    "tiers": "int2",
    "tokens": "int8",
    "gross": "int8",
    "currencies": "char3",
    "ties": "int8",
    "has_text": "bool",
}
_SHARES = """
SELECT v.sale_id AS sales, v.version AS versions, cardinality(a.work_ids) AS counts,
    array_send(a.work_ids) AS works, array_send(a.shares_ppm) AS shares
FROM unnest(%s::bigint[], %s::bigint[]) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM sale_attribution WHERE sale_id BETWEEN r.first AND r.last OFFSET 0) AS v
JOIN attribution a USING (attribution_id)
"""
_SHARE_KINDS = {
    "sales": "int8",
    "versions": "int2",
    "counts": "int4",
    "works": "bytea",
    "shares": "bytea",
}


def sales_between(session: Session, firsts: Sequence[int], lasts: Sequence[int]) -> SaleTable:
    """Return the sales of ranges of numbers that are not quarantined.

    Shares are those of a sale's newest attribution.
    """
    connection = driver(session)
    ranges = (list(firsts), list(lasts))
    sales = columns(connection, _SALES, ranges, _SALE_KINDS)
    if (np.diff(sales["sale_ids"]) < 0).any():
        order = np.argsort(sales["sale_ids"])
        sales = {name: column[order] for name, column in sales.items()}
    sales["ties"] = sales["ties"].view(np.uint64)
    matches = _matches(sales["sale_ids"], columns(connection, _SHARES, ranges, _SHARE_KINDS))
    return SaleTable(**sales, **matches)


def _matches(sale_ids: Int64s, told: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the shares of the newest attribution of each sale, in order of sale."""
    if not len(sale_ids):
        told = {name: column[:0] for name, column in told.items()}
    row = np.searchsorted(sale_ids, told["sales"])
    row = np.minimum(row, max(len(sale_ids) - 1, 0))
    newest = np.zeros(len(sale_ids), np.int64)
    np.maximum.at(newest, row, told["versions"])
    counts = told["counts"]
    works = ragged(told["works"], counts, "int8")
    shares = ragged(told["shares"], counts, "int4")
    kept = (sale_ids[row] == told["sales"]) & (newest[row] == told["versions"])
    rows = np.repeat(row, counts)
    chosen = np.flatnonzero(np.repeat(kept, counts))
    if (np.diff(rows[chosen]) < 0).any():
        chosen = chosen[np.argsort(rows[chosen], kind="stable")]
    return {
        "match_rows": rows[chosen],
        "match_works": works[chosen],
        "match_shares": shares[chosen],
    }


def of_batches(session: Session, batches: Sequence[WorkBatch]) -> SaleTable:
    """Return the sales of claimed batches that are not quarantined."""
    firsts = [batch.first_sale_id for batch in batches]
    return sales_between(session, firsts, [batch.last_sale_id for batch in batches])


def one_sale(
    *,
    sale_id: int,
    vendor_id: int,
    sold_at: datetime,
    tier: int,
    tokens: int,
    gross: int,
    currency: str,
    tie: int,
    has_text: bool,
    shares: dict[int, int],
) -> SaleTable:
    """Make the table of one sale; ``tie`` unsigned."""
    assert sum(shares.values()) <= PPM, "shares pass the whole"
    return SaleTable(
        _alone(sale_id),
        _alone(vendor_id),
        _alone(micros_of(sold_at)),
        _alone(tier),
        _alone(tokens),
        _alone(gross),
        np.array([currency.encode()], "S3"),
        np.array([tie], np.uint64),
        _alone(int(has_text)),
        np.zeros(len(shares), np.int64),
        np.array(list(shares), np.int64),
        np.array(list(shares.values()), np.int64),
    )


def _alone(number: int) -> Int64s:
    return np.array([number], np.int64)
