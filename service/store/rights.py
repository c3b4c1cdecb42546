"""Rights versions: who owns a work on a day. Versions of a work never overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.allocation import Int64s
from service.ledger.errors import LedgerError
from service.ledger.rights import RightsVersion, check_split
from service.store import correction_jobs, parties, periods
from service.store.binary_columns import columns
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause
from service.store.database import driver
from service.store.text_rules import check_text


class SplitStartsTooEarly(LedgerError):
    """A new split was to start on or before the day the valid one starts."""

    def __init__(self, work_id: int, *, asked: date, valid_from: date) -> None:
        super().__init__(
            f"the split of work {work_id} from {valid_from} is newer than {asked}",
            work_id=work_id,
            asked=asked.isoformat(),
            valid_from=valid_from.isoformat(),
        )


def first_version(
    session: Session, work_id: int, shares_ppm: Mapping[int, int], *, day: date, now: datetime
) -> int:
    """Store the first split of a work; return its rights version. Raise what is wrong with it."""
    check_split(shares_ppm)
    parties.check_holders(session, list(shares_ppm))
    return _insert(session, work_id, shares_ppm, day=day, now=now)


def change_split(
    session: Session, work_id: int, shares_ppm: Mapping[int, int], *, day: date, now: datetime
) -> int:
    """End the valid split on ``day`` and start a new one; return its rights version.

    The upstream shares stay. The day lies after the start of the newest version.
    """
    check_split(shares_ppm)
    parties.check_holders(session, list(shares_ppm))
    newest = session.execute(
        text(
            "SELECT rights_version_id, lower(days), upstream_version_ids, upstream_ppm "
            "FROM rights_version WHERE work_id = :work_id AND superseded_at IS NULL "
            "ORDER BY lower(days) DESC LIMIT 1 FOR UPDATE"
        ),
        {"work_id": work_id},
    ).one()
    if day <= newest[1]:
        raise SplitStartsTooEarly(work_id, asked=day, valid_from=newest[1])
    session.execute(
        text(
            "UPDATE rights_version SET days = daterange(lower(days), :day) "
            "WHERE rights_version_id = :id"
        ),
        {"day": day, "id": newest[0]},
    )
    upstream = dict(zip(newest[2], newest[3], strict=True))
    return _insert(session, work_id, shares_ppm, day=day, now=now, upstream=upstream)


def back_date(
    session: Session,
    work_id: int,
    shares_ppm: Mapping[int, int],
    *,
    day: date,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Let a split count from a day on that may have sales already; return its rights version.

    The version valid on the day ends there; those that start on it or later are superseded by the
    new one. Sales settled since are corrected by a job, and earlier ones too where the new version
    becomes the first: late claims are paid by it. The upstream shares of the version that is cut,
    or of the first superseded, stay.
    """
    check_split(shares_ppm)
    check_text(reason, place="reason", max_chars=500)
    parties.check_holders(session, list(shares_ppm))
    periods.wait_for_postings(session)
    upstream = _end(session, work_id, day, now=now)
    made = _insert(session, work_id, shares_ppm, day=day, now=now, upstream=upstream)
    is_first = history(session, work_id)[0].rights_version_id == made
    since = None if is_first else datetime.combine(day, time(), UTC)
    job = NewJob(Cause.RIGHTS, reason, by, work_id=work_id, sold_from=since)
    correction_jobs.request(session, job, now=now)
    return made


def _end(session: Session, work_id: int, day: date, *, now: datetime) -> dict[int, int]:
    """Cut the version valid on a day, supersede those after it; return the upstream shares."""
    rows = session.execute(
        text(
            "SELECT rights_version_id, lower(days) < :day, upstream_version_ids, upstream_ppm "
            "FROM rights_version WHERE work_id = :work_id AND superseded_at IS NULL "
            "AND days && daterange(:day, NULL) ORDER BY lower(days) FOR UPDATE"
        ),
        {"work_id": work_id, "day": day},
    ).all()
    for version_id, is_cut, *_ in rows:
        changed = "days = daterange(lower(days), :day)" if is_cut else "superseded_at = :now"
        session.execute(
            text(f"UPDATE rights_version SET {changed} WHERE rights_version_id = :id"),  # noqa: S608
            {"id": version_id, "day": day, "now": now}
            if is_cut
            else {"id": version_id, "now": now},
        )
    return dict(zip(rows[0][2], rows[0][3], strict=True)) if rows else {}


def _insert(
    session: Session,
    work_id: int,
    shares_ppm: Mapping[int, int],
    *,
    day: date,
    now: datetime,
    upstream: Mapping[int, int] | None = None,
) -> int:
    holders = sorted(shares_ppm)
    versions = sorted(upstream or {})
    inserted = session.execute(
        text(
            "INSERT INTO rights_version (work_id, days, holder_ids, shares_ppm, "
            "upstream_version_ids, upstream_ppm, known_at) "
            "VALUES (:work_id, daterange(:day, NULL), :holders, :shares, :versions, :upstream, "
            ":now) RETURNING rights_version_id"
        ),
        {
            "work_id": work_id,
            "day": day,
            "holders": holders,
            "shares": [shares_ppm[holder] for holder in holders],
            "versions": versions,
            "upstream": [(upstream or {})[version] for version in versions],
            "now": now,
        },
    )
    return int(inserted.scalar_one())


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
    found = columns(driver(session), _DAYS, (work_ids.tolist(),), kinds)
    places = np.searchsorted(work_ids, found["works"])
    return RightsByDay(_start(places, found["days"]), found["versions"])


_SELECT = (
    "SELECT rights_version_id, work_id, lower(days), holder_ids, shares_ppm, "
    "upstream_version_ids, upstream_ppm FROM rights_version "
)


def history(session: Session, work_id: int) -> list[RightsVersion]:
    """Return the versions of one work that count, oldest first."""
    query = text(_SELECT + "WHERE work_id = :id AND superseded_at IS NULL ORDER BY lower(days)")
    return [_version(*row) for row in session.execute(query, {"id": work_id})]


def versions(session: Session, version_ids: Sequence[int]) -> dict[int, RightsVersion]:
    """Load rights versions by id."""
    query = text(_SELECT + "WHERE rights_version_id = ANY(:ids)")
    found = [_version(*row) for row in session.execute(query, {"ids": list(version_ids)})]
    return {version.rights_version_id: version for version in found}


def _version(
    version_id: int,
    work_id: int,
    day: date,
    holders: list[int],
    shares: list[int],
    upstream: list[int],
    upstream_ppm: list[int],
) -> RightsVersion:
    return RightsVersion(
        version_id,
        work_id,
        day,
        dict(zip(holders, shares, strict=True)),
        dict(zip(upstream, upstream_ppm, strict=True)),
    )
