"""Rights versions: who owns a work on a day. Versions of a work never overlap."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.derivation import Change, NewVersion, Plan, Timeline, plan
from service.ledger.errors import LedgerError
from service.ledger.rights import RightsVersion, check_split
from service.ledger.sale_report import MAX_FUTURE
from service.store import (
    derivations,
    owners,
    parties,
    periods,
    rights_changes,
    rights_known,
)
from service.store.database import driver
from service.store.rights_changes import NewChange
from service.store.text_rules import check_text
from service.store.version_rows import version_of

MAX_REASON_CHARS = 500


class SplitStartsTooEarly(LedgerError):
    """A new split was to start on or before the day the valid one starts."""

    def __init__(self, work_id: int, *, asked: date, valid_from: date) -> None:
        super().__init__(
            f"the split of work {work_id} from {valid_from} is newer than {asked}",
            work_id=work_id,
            asked=asked.isoformat(),
            valid_from=valid_from.isoformat(),
        )


class SplitChanged(LedgerError):
    """A split was to be set over another than the asker had seen."""

    def __init__(self, work_id: int, *, seen: int, newest: int) -> None:
        super().__init__(
            f"the rights of work {work_id} were changed meanwhile: look at {newest}, not {seen}",
            work_id=work_id,
            seen=seen,
            newest=newest,
        )


def first_version(
    session: Session, work_id: int, shares_ppm: Mapping[int, int], *, day: date, now: datetime
) -> int:
    """Store the first split of a work; return its rights version. Raise what is wrong with it."""
    check_split(shares_ppm)
    parties.check_holders(session, list(shares_ppm))
    split = _columns(shares_ppm)
    fields: tuple[object, ...] = (None, work_id, day, None, *split, [], [], now)
    row = driver(session).execute(_INSERT, fields).fetchone()
    assert row
    return int(row[0])


def change_split(
    session: Session,
    work_id: int,
    shares_ppm: Mapping[int, int],
    *,
    day: date,
    now: datetime,
    reason: str = "",
    by: str = "",
    seen: int | None = None,
) -> int:
    """Start a new split on a day that no settled sale has; return its rights version.

    The upstream shares stay. The day lies after the start of the newest split. ``seen``: the newest
    version as whoever asks has seen it; raise SplitChanged where it is another one.
    """
    derivations.lock(session)
    newest = newest_number(session, work_id)
    if seen not in {None, newest}:
        raise SplitChanged(work_id, seen=seen or 0, newest=newest)
    check_later(history(session, work_id), day)
    changed = Change(day, shares_ppm)
    return change(session, work_id, changed, reason=reason, by=by, now=now, back_dated=False)[1]


def check_later(line: Timeline, day: date) -> None:
    """Raise SplitStartsTooEarly unless a day lies after the start of the newest split."""
    newest = line[-1]
    for version in reversed(line):
        if version.shares_ppm != newest.shares_ppm:
            break
        newest = version
    if day <= newest.valid_from:
        raise SplitStartsTooEarly(newest.work_id, asked=day, valid_from=newest.valid_from)


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
    becomes the first: late claims are paid by it. The upstream shares stay as they are each day.
    """
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    changed = Change(day, shares_ppm)
    return change(session, work_id, changed, reason=reason, by=by, now=now, back_dated=True)[1]


def may_have_sales(day: date, *, now: datetime) -> bool:
    """Whether sales of a day, or of later ones, may be settled by now."""
    return day <= (now + MAX_FUTURE).date()


def change(
    session: Session,
    work_id: int,
    changed: Change,
    *,
    reason: str,
    by: str,
    now: datetime,
    back_dated: bool | None = None,
) -> tuple[int, int]:
    """Change a work's rights from a day on; return the numbers of the change and the version.

    Every work that derives from it, through any depth, gets versions that name the new ones, in
    this transaction. One change at a time, so that two ancestors changed at once both count. Where
    sales of these days may be settled (``back_dated``; None: by the clock) jobs correct those of
    every work concerned.
    """
    derivations.lock(session)
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS, empty=True)
    if changed.shares_ppm is not None:
        check_split(changed.shares_ppm)
        parties.check_holders(session, list(changed.shares_ppm))
    jobs_due = may_have_sales(changed.day, now=now) if back_dated is None else back_dated
    derives_from = derivations.downstream(session, work_id)
    named = list(changed.upstream_ppm or ())
    timelines = derivations.timelines(session, work_id, derives_from, named)
    planned = plan(work_id, changed, timelines, derives_from)
    if jobs_due:
        periods.wait_for_postings(session)
    numbers = _store(session, planned, now=now)
    version = numbers[next(one.number for one in planned.made if one.work_id == work_id)]
    made = NewChange(work_id, changed.day, version, jobs_due, reason, by)
    change_id = rights_changes.insert(session, made, now=now)
    if jobs_due:
        rights_changes.request_jobs(session, change_id, made, _since(planned, timelines), now=now)
        owners.changed(session, work_id, with_copies=True)
    return change_id, version


def check(session: Session, work_id: int, changed: Change) -> None:
    """Raise what would refuse a change: a split, upstream shares, a cycle; nothing is stored."""
    if changed.shares_ppm is not None:
        check_split(changed.shares_ppm)
        parties.check_holders(session, list(changed.shares_ppm))
    derives_from = derivations.downstream(session, work_id)
    named = list(changed.upstream_ppm or ())
    timelines = derivations.timelines(session, work_id, derives_from, named)
    plan(work_id, changed, timelines, derives_from)


def _since(planned: Plan, timelines: Mapping[int, Timeline]) -> dict[int, date | None]:
    """Return the first day from which sales of each work may be paid otherwise.

    None: late claims of before the first split, too; they are paid by it.
    """
    starts: dict[int, date] = {}
    for one in planned.made:
        starts[one.work_id] = min(one.valid_from, starts.get(one.work_id, one.valid_from))
    return {
        work: None if day <= timelines[work][0].valid_from else day for work, day in starts.items()
    }


def _store(session: Session, planned: Plan, *, now: datetime) -> dict[int, int]:
    """Store a plan; return the number each version got by the one it had in the plan."""
    given = _numbers(session, len(planned.made))
    numbers = dict(zip([one.number for one in planned.made], given, strict=True))
    gone = list(planned.superseded)
    ended = list(planned.ends)
    at = rights_known.end(session, [*gone, *ended], now=now)
    connection = driver(session)
    connection.execute(
        "UPDATE rights_version SET superseded_at = %s WHERE rights_version_id = ANY(%s)",
        (at, gone),
    )
    connection.execute(
        "UPDATE rights_version v SET days = daterange(lower(v.days), t.until) "
        "FROM unnest(%s::bigint[], %s::date[]) AS t (id, until) WHERE v.rights_version_id = t.id",
        (ended, [planned.ends[version] for version in ended]),
    )
    rights_known.begin(session, ended, now=at)
    made = [
        NewVersion(
            numbers[one.number],
            one.work_id,
            one.valid_from,
            one.until,
            one.shares_ppm,
            {numbers.get(v, v): ppm for v, ppm in one.upstream_ppm.items()},
        )
        for one in planned.made
    ]
    _insert(session, made, now=at)
    return numbers


def _numbers(session: Session, count: int) -> list[int]:
    rows = driver(session).execute(
        "SELECT nextval(pg_get_serial_sequence('rights_version', 'rights_version_id')) "
        "FROM generate_series(1, %s)",
        (count,),
    )
    return [int(row[0]) for row in rows]


def _insert(session: Session, made: Sequence[NewVersion], *, now: datetime) -> None:
    with driver(session).cursor() as cursor:
        cursor.executemany(
            _INSERT,
            [
                (
                    *(one.number, one.work_id, one.valid_from, one.until),
                    *_columns(one.shares_ppm),
                    *_columns(one.upstream_ppm),
                    now,
                )
                for one in made
            ],
        )


# Known from the instant it is made; one statement, for registrations come by the thousand.
_INSERT = """
WITH made AS (
    INSERT INTO rights_version (rights_version_id, work_id, days, holder_ids, shares_ppm,
        upstream_version_ids, upstream_ppm, known_at)
    VALUES (coalesce(%s, nextval(pg_get_serial_sequence('rights_version', 'rights_version_id'))),
        %s, daterange(%s, %s), %s, %s, %s::bigint[], %s::int[], %s)
    RETURNING rights_version_id, work_id, days, known_at)
INSERT INTO rights_known (rights_version_id, work_id, days, known)
SELECT rights_version_id, work_id, days, tstzrange(known_at, NULL) FROM made
RETURNING rights_version_id
"""


def _columns(by_number: Mapping[int, int]) -> tuple[list[int], list[int]]:
    numbers = sorted(by_number)
    return numbers, [by_number[number] for number in numbers]


def newest_number(session: Session, work_id: int) -> int:
    """Return the number of the newest version of a work, which every change of it raises."""
    query = text(
        "SELECT coalesce(max(rights_version_id), 0) FROM rights_version WHERE work_id = :id"
    )
    return int(session.execute(query, {"id": work_id}).scalar_one())


_SELECT = (
    "SELECT rights_version_id, work_id, lower(days), holder_ids, shares_ppm, "
    "upstream_version_ids, upstream_ppm FROM rights_version "
)


def history(session: Session, work_id: int) -> list[RightsVersion]:
    """Return the versions of one work that count, oldest first."""
    query = text(_SELECT + "WHERE work_id = :id AND superseded_at IS NULL ORDER BY lower(days)")
    return [version_of(row) for row in session.execute(query, {"id": work_id})]


def versions(session: Session, version_ids: Sequence[int]) -> dict[int, RightsVersion]:
    """Load rights versions by id."""
    query = text(_SELECT + "WHERE rights_version_id = ANY(:ids)")
    found = [version_of(row) for row in session.execute(query, {"ids": list(version_ids)})]
    return {version.rights_version_id: version for version in found}
