"""Licence terms as settlement asks for them: of many shares at once, by work, vendor and day."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.licence import USUAL, Against, Use
from service.store.binary_columns import as_array, columns
from service.store.database import driver

_DAY_BITS = 32
_BEFORE_2000 = 2**31
_NEVER = -_BEFORE_2000
"""A day before all others, for an embargo that is none."""
_VENDOR_BITS = 31

# Terms and deals in one answer, so that works without any cost one question a batch. A deal has a
# vendor and an end; for terms they are 0.
_ASKED = """
SELECT licence_id AS numbers, work_id AS works, 0::bigint AS vendors,
    valid_from - '2000-01-01' AS starts, 0 AS ends, multiplier_ppm AS multipliers, uses,
    coalesce(embargo_until - '2000-01-01', -2147483648) AS embargoes,
    cardinality(excluded_vendor_ids) AS excluded
FROM licence l WHERE work_id = ANY(%s::bigint[]) AND NOT EXISTS (
    SELECT 1 FROM licence n WHERE n.work_id = l.work_id AND n.valid_from = l.valid_from
    AND n.version > l.version)
UNION ALL
SELECT deal_id, work_id, vendor_id, lower(days) - '2000-01-01', upper(days) - '2000-01-01',
    multiplier_ppm, 0::smallint, -2147483648, 0
FROM licence_deal WHERE work_id = ANY(%s::bigint[])
"""
_KINDS = {
    "numbers": "int8",
    "works": "int8",
    "vendors": "int8",
    "starts": "int4",
    "ends": "int4",
    "multipliers": "int4",
    "uses": "int2",
    "embargoes": "int4",
    "excluded": "int4",
}
_EXCLUDED = (
    "SELECT licence_id, unnest(excluded_vendor_ids) FROM licence "
    "WHERE licence_id = ANY(%s::bigint[])"
)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What the terms say of shares [m]: multiplier in ppm, and ``Against`` by number, 0 for none.

    has_terms: where anything at all was set or agreed.
    """

    multipliers: Int64s
    against: Int64s
    has_terms: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LicencesByDay:
    """Terms and deals of some works, by their place among them, in order of place and day.

    A deal's place counts the vendors as well: place of the work x number of vendors + the vendor's.
    """

    starts: Int64s
    uses: Int64s
    multipliers: Int64s
    embargoes: Int64s
    excluded: Int64s
    deal_vendors: Int64s
    deal_starts: Int64s
    deal_ends: Int64s
    deal_multipliers: Int64s

    def on(self, places: Int64s, vendors: Int64s, days: Int64s) -> Rates:
        """Say what counts for shares of works sold by vendors on days, from 2000-01-01 on."""
        found, at = _valid(self.starts, places, days)
        multipliers = np.where(found, _taken(self.multipliers, at), USUAL.multiplier_ppm)
        against = np.where(found, self._against(at, vendors, days), 0)
        agreed, deal = self._agreed(places, vendors, days)
        return Rates(
            np.where(agreed, _taken(self.deal_multipliers, deal), multipliers),
            np.where(agreed, 0, against),
            found | agreed,
        )

    def _against(self, at: Int64s, vendors: Int64s, days: Int64s) -> Int64s:
        early = days < _taken(self.embargoes, at)
        forbidden = _taken(self.uses, at) & Use.OUTPUT.bit == 0
        excluded = np.isin(at << _VENDOR_BITS | vendors, self.excluded)
        conditions = [early, forbidden, excluded]
        reasons = [Against.EMBARGO.number, Against.USE.number, Against.VENDOR.number]
        return np.select(conditions, reasons, 0).astype(np.int64)

    def _agreed(
        self, places: Int64s, vendors: Int64s, days: Int64s
    ) -> tuple[NDArray[np.bool_], Int64s]:
        if not len(self.deal_starts):
            return np.zeros(len(places), np.bool_), np.zeros(len(places), np.int64)
        vendor = np.searchsorted(self.deal_vendors, vendors)
        known = self.deal_vendors[np.minimum(vendor, len(self.deal_vendors) - 1)] == vendors
        both = places * len(self.deal_vendors) + np.where(known, vendor, 0)
        found, at = _valid(self.deal_starts, both, days)
        return found & known & (days < self.deal_ends[at]), at


def _valid(starts: Int64s, places: Int64s, days: Int64s) -> tuple[NDArray[np.bool_], Int64s]:
    """Find the row of each place that begins last up to its day, and whether there is one."""
    if not len(starts):
        return np.zeros(len(places), np.bool_), np.zeros(len(places), np.int64)
    at = np.searchsorted(starts, _start(places, days), side="right") - 1
    found = (at >= 0) & (starts[at] >> _DAY_BITS == places)
    return found, np.where(found, at, 0)


def _start(places: Int64s, days: Int64s) -> Int64s:
    return (places << _DAY_BITS) + (days + _BEFORE_2000)


def _taken(column: Int64s, at: Int64s) -> Int64s:
    return column[at] if len(column) else np.zeros(len(at), np.int64)


def of_works(session: Session, work_ids: Int64s) -> LicencesByDay | None:
    """Load the terms and deals of these works, by rising id; None where none has any."""
    named = as_array(work_ids.tolist())
    rows = columns(driver(session), _ASKED, (named, named), _KINDS)
    if not len(rows["works"]):
        return None
    rows["places"] = np.searchsorted(work_ids, rows["works"])
    terms = _sorted(rows, rows["ends"] == 0, rows["places"])
    vendors = np.unique(rows["vendors"][rows["vendors"] > 0])
    place = rows["places"] * len(vendors) + np.searchsorted(vendors, rows["vendors"])
    agreed = _sorted(rows, rows["vendors"] > 0, place)
    return LicencesByDay(
        terms["starts"],
        terms["uses"],
        terms["multipliers"],
        terms["embargoes"],
        _excluded(session, terms),
        vendors,
        agreed["starts"],
        agreed["ends"],
        agreed["multipliers"],
    )


def _sorted(
    rows: dict[str, NDArray[Any]], chosen: NDArray[np.bool_], places: Int64s
) -> dict[str, Int64s]:
    starts = _start(places, rows["starts"])
    at = np.flatnonzero(chosen)
    at = at[np.argsort(starts[at])]
    return {name: column[at] for name, column in rows.items()} | {"starts": starts[at]}


def _excluded(session: Session, terms: dict[str, Int64s]) -> Int64s:
    """Return terms, by their row, and vendors they exclude, each pair as one number."""
    some = np.flatnonzero(terms["excluded"] > 0)
    if not len(some):
        return np.zeros(0, np.int64)
    row_of = {int(terms["numbers"][row]): int(row) for row in some}
    found = driver(session).execute(_EXCLUDED, (list(row_of),))
    pairs = [(row_of[number] << _VENDOR_BITS) | vendor for number, vendor in found]
    return np.array(pairs, np.int64)
