"""Changes of rights after a work's first split: who changed what from which day on, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import correction_jobs
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause


class ChangeNotFound(LedgerError):
    """No such change of rights, or none of a work of yours."""

    def __init__(self, change_id: int) -> None:
        super().__init__(f"no change of rights {change_id}", change_id=change_id)


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to be recorded. ``back_dated``: sales of its days may be settled, and are corrected.

    rights_version_id: the version that counts on its day.
    """

    work_id: int
    day: date
    rights_version_id: int
    back_dated: bool
    reason: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A recorded change. ``works``: how many works' sales it has corrected; waiting: how many not.

    corrected: sales corrected so far.
    """

    change_id: int
    work_id: int
    title: str
    day: date
    back_dated: bool
    reason: str
    changed_by: str
    changed_at: datetime
    works: int
    waiting: int
    corrected: int


def insert(session: Session, made: NewChange, *, now: datetime) -> int:
    """Keep a change; return its number."""
    query = text(
        "INSERT INTO rights_change (work_id, day, rights_version_id, back_dated, reason, "
        "changed_by, changed_at) VALUES (:work, :day, :version, :back, :reason, :by, :now) "
        "RETURNING change_id"
    )
    fields = {
        "work": made.work_id,
        "day": made.day,
        "version": made.rights_version_id,
        "back": made.back_dated,
        "reason": made.reason,
        "by": made.changed_by,
        "now": now,
    }
    return int(session.execute(query, fields).scalar_one())


def request_jobs(
    session: Session,
    change_id: int,
    made: NewChange,
    since: Mapping[int, date | None],
    *,
    now: datetime,
) -> None:
    """Ask for the correction of the sales of each work whose versions change, from a day on."""
    for work_id, day in since.items():
        upstream = "" if work_id == made.work_id else f" (upstream work {made.work_id} changed)"
        job = NewJob(
            Cause.RIGHTS,
            made.reason + upstream,
            made.changed_by,
            work_id=work_id,
            sold_from=None if day is None else datetime.combine(day, time(), UTC),
            change_id=change_id,
        )
        correction_jobs.request(session, job, now=now)


_SELECT = """
SELECT c.change_id, c.work_id, w.title, c.day, c.back_dated, c.reason, c.changed_by, c.changed_at,
    count(j.job_id), count(j.job_id) FILTER (WHERE j.done_at IS NULL), coalesce(sum(j.corrected), 0)
FROM rights_change c JOIN work w USING (work_id)
LEFT JOIN correction_job j ON j.change_id = c.change_id
"""


# The works whose sales a change corrects, and its own.
_CONCERNS = """
(CAST(:holder AS bigint) IS NULL OR EXISTS (SELECT 1 FROM rights_version r
    WHERE r.holder_ids @> ARRAY[CAST(:holder AS bigint)] AND (r.work_id = c.work_id OR r.work_id IN
        (SELECT o.work_id FROM correction_job o WHERE o.change_id = c.change_id))))
"""


def listing(
    session: Session,
    *,
    holder_id: int | None = None,
    work_id: int | None = None,
    only_back_dated: bool = False,
    before: int | None = None,
    limit: int,
) -> list[StoredChange]:
    """List changes, newest first, below one number; of one holder or one work where told."""
    rows = session.execute(
        text(
            _SELECT + "WHERE (CAST(:work AS bigint) IS NULL OR c.work_id = :work) "
            "AND (NOT :back OR c.back_dated) "
            "AND (CAST(:before AS bigint) IS NULL OR c.change_id < :before) AND "
            + _CONCERNS
            + "GROUP BY c.change_id, w.title ORDER BY c.change_id DESC LIMIT :limit"
        ),
        {
            "holder": holder_id,
            "work": work_id,
            "back": only_back_dated,
            "before": before,
            "limit": limit,
        },
    )
    return [StoredChange(*row) for row in rows]


def get(session: Session, change_id: int, *, holder_id: int | None = None) -> StoredChange:
    """Return a change; raise ChangeNotFound, also where it does not concern a holder told."""
    query = text(
        _SELECT + "WHERE c.change_id = :id AND " + _CONCERNS + "GROUP BY c.change_id, w.title"
    )
    fields = {"id": change_id, "holder": holder_id}
    row = session.execute(query, fields).first() if 0 < change_id < 2**63 else None
    if not row:
        raise ChangeNotFound(change_id)
    return StoredChange(*row)
