"""Sales as settlement needs them: columns, with the shares of works beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s, UInt64s
from service.ledger.distinct import distinct
from service.ledger.money import PPM
from service.store.binary_columns import columns_of_ranges, ragged
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
        days, day = distinct(self.days)
        dates = [date_of(one) for one in days.tolist()]
        return np.array([one.year * 100 + one.month for one in dates], np.int64)[day]

    def take(self, rows: Int64s) -> "SaleTable":
        """Return some sales, by rising rows, with their shares."""
        if len(rows) == len(self):
            return self
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
FROM unnest(firsts, lasts) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM sale WHERE sale_id BETWEEN r.first AND r.last OFFSET 0) AS s
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
_ATTRIBUTED = """
SELECT v.sale_id AS sales, v.version AS versions, v.attribution_id AS attributions
FROM unnest(firsts, lasts) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM sale_attribution WHERE sale_id BETWEEN r.first AND r.last OFFSET 0) AS v
"""
_ATTRIBUTED_KINDS = {"sales": "int8", "versions": "int2", "attributions": "int8"}
_QUARANTINED = """
SELECT q.sale_id AS sales FROM unnest(firsts, lasts) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM quarantine WHERE sale_id BETWEEN r.first AND r.last OFFSET 0) AS q
"""
_SHARES = """
SELECT a.attribution_id AS attributions, cardinality(a.work_ids) AS counts,
    array_send(a.work_ids) AS works, array_send(a.shares_ppm) AS shares
FROM unnest(firsts, lasts) AS r (first, last)
CROSS JOIN LATERAL (
    SELECT * FROM attribution WHERE attribution_id BETWEEN r.first AND r.last OFFSET 0) AS a
"""
_SHARE_KINDS = {"attributions": "int8", "counts": "int4", "works": "bytea", "shares": "bytea"}


def sales_between(session: Session, firsts: Sequence[int], lasts: Sequence[int]) -> SaleTable:
    """Return the sales of ranges of numbers that are not quarantined.

    Shares are those of a sale's newest attribution.
    """
    rows = sum(lasts) - sum(firsts) + len(firsts)

    def asked(query: LiteralString, kinds: Mapping[str, str]) -> dict[str, NDArray[Any]]:
        return columns_of_ranges(driver(session), query, firsts, lasts, kinds, rows=rows)

    sales = asked(_SALES, _SALE_KINDS)
    quarantined = asked(_QUARANTINED, {"sales": "int8"})["sales"]
    if len(quarantined):
        left = np.flatnonzero(~np.isin(sales["sale_ids"], quarantined))
        sales = {name: column[left] for name, column in sales.items()}
    if (np.diff(sales["sale_ids"]) < 0).any():
        order = np.argsort(sales["sale_ids"])
        sales = {name: column[order] for name, column in sales.items()}
    sales["ties"] = sales["ties"].view(np.uint64)
    told = asked(_ATTRIBUTED, _ATTRIBUTED_KINDS)
    return SaleTable(**sales, **_shares(session, _newest(sales["sale_ids"], told)))


def _newest(sale_ids: Int64s, told: dict[str, NDArray[Any]]) -> Int64s:
    """Return the newest attribution of each sale, 0 where there is none."""
    if not len(sale_ids):
        return sale_ids
    row = np.minimum(np.searchsorted(sale_ids, told["sales"]), len(sale_ids) - 1)
    ours = np.flatnonzero(sale_ids[row] == told["sales"])  # not those that are quarantined
    row, version = row[ours], told["versions"][ours]
    versions = np.zeros(len(sale_ids), np.int64)
    np.maximum.at(versions, row, version)
    last = versions[row] == version
    newest = np.zeros(len(sale_ids), np.int64)
    newest[row[last]] = told["attributions"][ours[last]]
    return newest


def _shares(session: Session, attributions: Int64s) -> dict[str, NDArray[Any]]:
    """Read the shares of each sale's attribution, in order of sale; each attribution once."""
    row = np.flatnonzero(attributions > 0)
    wanted, at = distinct(attributions[row])
    firsts, lasts = _runs(wanted)
    found = columns_of_ranges(
        driver(session), _SHARES, firsts, lasts, _SHARE_KINDS, rows=len(wanted)
    )
    counts = found["counts"]
    works = ragged(found["works"], counts, "int8")
    shares = ragged(found["shares"], counts, "int4")
    order = np.argsort(found["attributions"], kind="stable")
    known = found["attributions"][order]
    assert np.isin(wanted, known).all(), "an attribution that is not there"
    place = order[np.searchsorted(known, wanted)][at]
    firsts, counts = (np.cumsum(counts) - counts)[place], counts[place]
    before = np.repeat(np.cumsum(counts) - counts, counts)
    at = np.arange(len(before)) - before + np.repeat(firsts, counts)
    rows = np.repeat(row, counts)
    return {"match_rows": rows, "match_works": works[at], "match_shares": shares[at]}


def _runs(numbers: Int64s) -> tuple[list[int], list[int]]:
    """Return first and last of runs of rising numbers, none longer than a piece.

    What is made together is numbered together; a few between that nobody asked for cost less than
    to begin anew.
    """
    if not len(numbers):
        return [], []
    last = np.flatnonzero((np.diff(numbers) > _APART) | (np.arange(1, len(numbers)) % _A_RUN == 0))
    first = np.r_[0, last + 1]
    return numbers[first].tolist(), numbers[np.r_[last, len(numbers) - 1]].tolist()


_APART, _A_RUN = 4, 1_000


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
