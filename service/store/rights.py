"""Rights versions: who owns a work on a day. Versions of a work never overlap."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.rights import RightsVersion, check_split
from service.store import parties


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
            "FROM rights_version WHERE work_id = :work_id "
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


class RightsByDay:
    """The rights versions of some works, found by day."""

    def __init__(self, versions: Sequence[RightsVersion]) -> None:
        self._of: dict[int, list[RightsVersion]] = {}
        for version in sorted(versions, key=lambda v: v.valid_from):
            self._of.setdefault(version.work_id, []).append(version)

    def on(self, work_id: int, day: date) -> RightsVersion | None:
        """Return the version of a work valid on a day, None where there is none."""
        versions = self._of.get(work_id, [])
        at = bisect_right([version.valid_from for version in versions], day)
        return versions[at - 1] if at else None


_SELECT = (
    "SELECT rights_version_id, work_id, lower(days), holder_ids, shares_ppm, "
    "upstream_version_ids, upstream_ppm FROM rights_version "
)


def of_works(session: Session, work_ids: Sequence[int]) -> RightsByDay:
    """Load all rights versions of these works."""
    rows = session.execute(text(_SELECT + "WHERE work_id = ANY(:ids)"), {"ids": list(work_ids)})
    return RightsByDay([_version(*row) for row in rows])


def history(session: Session, work_id: int) -> list[RightsVersion]:
    """Return all versions of one work, oldest first."""
    query = text(_SELECT + "WHERE work_id = :id ORDER BY lower(days)")
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
