"""How fast sales pass the stages, how long each stage takes, and what failed: for operators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

WINDOWS = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Throughput:
    """Sales that passed each stage in the time before now."""

    window: timedelta
    reported: int
    attributed: int
    settled: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a stage is behind. oldest_at: since when its oldest sales wait, None where none do.

    ``usual`` and ``longest``: what batches took that passed it within the last hour.
    """

    sale_count: int
    oldest_at: datetime | None
    usual: timedelta | None
    longest: timedelta | None


@dataclass(frozen=True, slots=True)
class Failures:
    """What went wrong and waits for somebody. Counts of a day are of the day before now."""

    quarantined_in_a_day: int
    conflicts_in_a_day: int
    refunds_refused: int
    letters_refused: int
    deliveries_failed_in_a_day: int
    jobs_waiting: int
    oldest_job_at: datetime | None


_PASSED = """
SELECT coalesce(sum(sale_count) FILTER (WHERE reported_at > :since), 0),
       coalesce(sum(sale_count) FILTER (WHERE attributed_at > :since), 0),
       coalesce(sum(sale_count) FILTER (WHERE settled_at > :since), 0)
FROM work_batch WHERE reported_at > :since OR attributed_at > :since OR settled_at > :since
"""


def passed(session: Session, *, now: datetime) -> list[Throughput]:
    """Count the sales that passed each stage in the last minute, hour and day."""
    return [
        Throughput(window, *map(int, session.execute(text(_PASSED), {"since": now - window}).one()))
        for window in WINDOWS
    ]


_STAGES = (("1", "reported_at", "attributed_at"), ("2", "attributed_at", "settled_at"))
_LAG = """
SELECT (SELECT coalesce(sum(sale_count), 0) FROM work_batch WHERE stage = {stage}),
       (SELECT min({begun}) FROM work_batch WHERE stage = {stage}),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY {ended} - {begun}), max({ended} - {begun})
FROM work_batch WHERE {ended} > :since
"""


def lags(session: Session, *, now: datetime) -> tuple[Lag, Lag]:
    """Return how far attribution and settlement are behind."""
    found = []
    for stage, begun, ended in _STAGES:
        query = text(_LAG.format(stage=stage, begun=begun, ended=ended))
        row = session.execute(query, {"since": now - timedelta(hours=1)}).one()
        found.append(Lag(int(row[0]), row[1], row[2], row[3]))
    return found[0], found[1]


_FAILED = """
SELECT (SELECT count(*) FROM quarantine WHERE quarantined_at > :since),
       (SELECT count(*) FROM sale_conflict WHERE received_at > :since),
       (SELECT count(*) FROM parked_refund WHERE refused IS NOT NULL),
       (SELECT count(*) FROM mail WHERE state = 'refused'),
       (SELECT count(*) FROM webhook_delivery WHERE state = 'failed' AND changed_at > :since),
       (SELECT count(*) FROM correction_job WHERE done_at IS NULL),
       (SELECT min(requested_at) FROM correction_job WHERE done_at IS NULL)
"""


def failures(session: Session, *, now: datetime) -> Failures:
    """Count what failed."""
    row = session.execute(text(_FAILED), {"since": now - timedelta(days=1)}).one()
    return Failures(*row)
