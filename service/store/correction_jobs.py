"""Facts that changed under settled sales, each worked off sale by sale in order of number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.store.corrections import Cause
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class NewJob:
    """Which sales a changed fact concerns: one sale, a vendor's, or those of a work.

    ``sold_from`` and ``sold_until`` (None: no bound) narrow the latter two. ``change_id``: the
    change of rights it works off.
    """

    cause: Cause
    reason: str
    requested_by: str
    sale_id: int | None = None
    vendor_id: int | None = None
    work_id: int | None = None
    sold_from: datetime | None = None
    sold_until: datetime | None = None
    change_id: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job and how far it has come."""

    job_id: int
    cause: Cause
    reason: str
    requested_by: str
    requested_at: datetime
    sale_id: int | None
    vendor_id: int | None
    work_id: int | None
    sold_from: datetime | None
    sold_until: datetime | None
    looked_at: int
    corrected: int
    done_at: datetime | None


def request(session: Session, job: NewJob, *, now: datetime) -> int:
    """Ask for the correction of sales, in the commit that changes the facts; return the number."""
    made = session.execute(
        text(
            "INSERT INTO correction_job (cause, reason, requested_by, requested_at, sale_id, "
            "vendor_id, work_id, sold_from, sold_until, change_id) VALUES (:cause, :reason, :by, "
            ":now, :sale, :vendor, :work, :from, :until, :change) RETURNING job_id"
        ),
        {
            "cause": str(job.cause),
            "reason": job.reason,
            "by": job.requested_by,
            "now": now,
            "sale": job.sale_id,
            "vendor": job.vendor_id,
            "work": job.work_id,
            "from": job.sold_from,
            "until": job.sold_until,
            "change": job.change_id,
        },
    )
    return int(made.scalar_one())


_COLUMNS = (
    "j.job_id, j.cause, j.reason, j.requested_by, j.requested_at, j.sale_id, j.vendor_id, "
    "j.work_id, j.sold_from, j.sold_until, j.looked_at, j.corrected, j.done_at"
)
# A job about one sale waits for its settlement; any other for all that was reported before it.
_READY = """
WHERE j.done_at IS NULL AND CASE
    WHEN j.sale_id IS NOT NULL THEN
        (SELECT stage FROM work_batch b WHERE b.first_sale_id <= j.sale_id
         ORDER BY b.first_sale_id DESC LIMIT 1) = 3
        AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.sale_id = j.sale_id)
    ELSE NOT EXISTS (SELECT 1 FROM work_batch b WHERE b.stage < 3
        AND b.reported_at <= j.requested_at AND b.vendor_id = coalesce(j.vendor_id, b.vendor_id))
    END
ORDER BY j.job_id LIMIT 1
"""


def next_ready(session: Session) -> Job | None:
    """Return the oldest job whose sales are all settled, if any."""
    query = text(f"SELECT {_COLUMNS} FROM correction_job j {_READY}")  # noqa: S608
    row = session.execute(query).first()
    return _job(row) if row else None


# Whether a sale s is one of those of job j.
_CONCERNS = """
    (j.sale_id IS NULL OR s.sale_id = j.sale_id)
    AND (j.vendor_id IS NULL OR s.vendor_id = j.vendor_id)
    AND (j.work_id IS NULL OR EXISTS (
        SELECT 1 FROM sale_attribution sa JOIN attribution a USING (attribution_id)
        WHERE sa.sale_id = s.sale_id AND j.work_id = ANY (a.work_ids)))
    AND (j.sold_from IS NULL OR s.sold_at >= j.sold_from)
    AND (j.sold_until IS NULL OR s.sold_at < j.sold_until)
"""


def next_sales(session: Session, job_id: int, *, limit: int) -> list[int]:
    """Return the next settled sales of a job, by number."""
    rows = driver(session).execute(
        "SELECT s.sale_id FROM correction_job j JOIN sale s ON s.sale_id > j.after_sale_id "  # noqa: S608
        "LEFT JOIN quarantine q ON q.sale_id = s.sale_id "
        "JOIN work_batch b ON b.first_sale_id = (SELECT max(first_sale_id) FROM work_batch "
        "WHERE first_sale_id <= s.sale_id) "
        f"WHERE j.job_id = %s AND {_CONCERNS} AND b.stage = 3 AND q.sale_id IS NULL "
        "ORDER BY s.sale_id LIMIT %s",
        (job_id, limit),
    )
    return [int(row[0]) for row in rows]


def advance(session: Session, job_id: int, sale_ids: Sequence[int], *, corrected: int) -> None:
    """Note that a job is done with these sales."""
    session.execute(
        text(
            "UPDATE correction_job SET after_sale_id = :last, looked_at = looked_at + :count, "
            "corrected = corrected + :corrected WHERE job_id = :id"
        ),
        {"last": max(sale_ids), "count": len(sale_ids), "corrected": corrected, "id": job_id},
    )


def finish(session: Session, job_id: int, *, now: datetime) -> None:
    """Note that a job is done."""
    session.execute(
        text("UPDATE correction_job SET done_at = :now WHERE job_id = :id"),
        {"now": now, "id": job_id},
    )


def waiting_count(session: Session) -> int:
    """Count the jobs that are not done."""
    query = text("SELECT count(*) FROM correction_job WHERE done_at IS NULL")
    return int(session.execute(query).scalar_one())


def waiting_for(session: Session, sale_ids: Sequence[int]) -> set[int]:
    """Return which of these sales a job that is not done may still correct."""
    rows = driver(session).execute(
        "SELECT s.sale_id FROM sale s WHERE s.sale_id = ANY(%s) AND EXISTS ("  # noqa: S608
        f"SELECT 1 FROM correction_job j WHERE j.done_at IS NULL AND {_CONCERNS})",
        (list(sale_ids),),
    )
    return {int(row[0]) for row in rows}


def listing(session: Session, *, only_waiting: bool, limit: int) -> list[Job]:
    """List jobs, newest first."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM correction_job j "  # noqa: S608
            "WHERE NOT :waiting OR j.done_at IS NULL ORDER BY j.job_id DESC LIMIT :limit"
        ),
        {"waiting": only_waiting, "limit": limit},
    )
    return [_job(row) for row in rows]


def _job(row: Sequence[object]) -> Job:
    number, cause, *rest = row
    return Job(number, Cause(str(cause)), *rest)  # type: ignore[arg-type]
