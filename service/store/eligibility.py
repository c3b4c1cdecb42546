"""Which works may earn from a sale of which instant (D16), as eras of the catalogue."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EarningWindow:
    """A work takes part in sales at or after ``start`` and before ``end`` (None: no end).

    embedding_no: number of its last embedding, 0 while it waits for them. A work of the commons
    wins and is paid nothing, from the first instant on: nobody wrote it on the day it came here. A
    near copy of an earlier work wins nothing until an operator dismisses that finding; what was
    attributed to it before stays. paid_as: the work that an edition belongs to; None for the first.
    """

    start: datetime
    end: datetime | None
    embedding_no: int
    commons: bool = False
    near_copy: bool = False
    paid_as: int | None = None

    def counts(self, instant: datetime) -> bool:
        """Whether the work may win passages of a sale at this instant."""
        return self.start <= instant and (self.end is None or instant < self.end)

    def covers(self, instant: datetime) -> bool:
        """Whether a sale at this instant may pay the work."""
        return not self.commons and self.counts(instant)


class Eras:
    """The catalogue cut at every instant at which the set of earning works changes.

    Two sales of one era may pay the same works. What an index holds beyond ``embedding_no`` of an
    era belongs to works that may not earn in it, so an attribution made for an era stays right as
    the catalogue grows.
    """

    def __init__(self, windows: Mapping[int, EarningWindow]) -> None:
        self.windows = windows
        instants = {_EPOCH} | {w.start for w in windows.values()}
        instants |= {w.end for w in windows.values() if w.end}
        self._starts = sorted(instants)
        newest: dict[datetime, int] = {}
        for window in windows.values():
            newest[window.start] = max(newest.get(window.start, 0), window.embedding_no)
        self._embedding_no: list[int] = []
        for start in self._starts:
            before = self._embedding_no[-1] if self._embedding_no else 0
            self._embedding_no.append(max(before, newest.get(start, 0)))

    def of(self, instant: datetime) -> tuple[datetime, int]:
        """Return the first instant of an instant's era, and the newest embedding it may need."""
        at = max(bisect_right(self._starts, instant) - 1, 0)
        return self._starts[at], self._embedding_no[at]


_WINDOWS = (
    "SELECT work_id, CASE WHEN commons THEN 'epoch'::timestamptz ELSE registered_at END, "
    "withdrawn_at, coalesce(embedding_no, 0), commons, origin_work_id IS NOT NULL, "
    "edition_of FROM work "
)


def eras(session: Session) -> Eras:
    """Return the eras of the whole catalogue, the commons included."""
    rows = session.execute(text(_WINDOWS))
    return Eras({work_id: EarningWindow(*row) for work_id, *row in rows})


def windows_of(session: Session, work_ids: Sequence[int]) -> dict[int, EarningWindow]:
    """Return when these works may earn."""
    rows = session.execute(text(_WINDOWS + "WHERE work_id = ANY(:ids)"), {"ids": list(work_ids)})
    return {work_id: EarningWindow(*row) for work_id, *row in rows}
