"""Which rights version of many works counts on which day: what settlement asks, in arrays."""

from dataclasses import dataclass

import numpy as np
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.store.binary_columns import as_array, columns
from service.store.database import driver


@dataclass(frozen=True, slots=True, eq=False)
class RightsByDay:
    """Which rights version of a work counts on a day, of some works by their place among them.

    starts [v]: place of the work and first day, as one number, rising. version_ids [v].
    """

    starts: Int64s
    version_ids: Int64s

    def on(self, places: Int64s, days: Int64s) -> Int64s:
        """Return the versions valid on days, counted from 2000-01-01; -1 where there is none."""
        if not len(self.starts):
            return np.full(len(places), -1, np.int64)
        at = np.searchsorted(self.starts, _start(places, days), side="right") - 1
        found = (at >= 0) & (self.starts[at] >> _DAY_BITS == places)
        return np.where(found, self.version_ids[at], -1)

    def first(self, place: int) -> int:
        """Return the earliest version of a work that has one."""
        at = np.searchsorted(self.starts, place << _DAY_BITS)
        return int(self.version_ids[at])


_DAY_BITS = 32
_BEFORE_2000 = 2**31
_DAYS = """
SELECT rights_version_id AS versions, work_id AS works, lower(days) - '2000-01-01' AS days
FROM rights_version WHERE work_id = ANY(%s::bigint[]) AND superseded_at IS NULL
ORDER BY work_id, lower(days)
"""


def _start(places: Int64s, days: Int64s) -> Int64s:
    return (places << _DAY_BITS) + (days + _BEFORE_2000)


def of_works(session: Session, work_ids: Int64s) -> RightsByDay:
    """Load the rights versions of these works, by rising id, that count: no superseded ones."""
    kinds = {"versions": "int8", "works": "int8", "days": "int4"}
    found = columns(driver(session), _DAYS, (as_array(work_ids.tolist()),), kinds)
    places = np.searchsorted(work_ids, found["works"])
    return RightsByDay(_start(places, found["days"]), found["versions"])
