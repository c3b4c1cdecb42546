"""What was known of rights and when: which version counted for which days, as of any instant."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.rights import RightsVersion
from service.store.database import driver
from service.store.version_rows import version_of


def end(session: Session, version_ids: Sequence[int], *, now: datetime) -> datetime:
    """Note that what is known of these versions is known no longer; return since when.

    That is now, or the newest instant that any became known where the clock stands before it.
    """
    connection, numbers = driver(session), list(version_ids)
    newest = connection.execute(
        "SELECT max(lower(known)) FROM rights_known "
        "WHERE rights_version_id = ANY(%s) AND upper_inf(known)",
        (numbers,),
    ).fetchone()
    at = max(now, newest[0]) if newest and newest[0] else now
    connection.execute(
        "UPDATE rights_known SET known = tstzrange(lower(known), %s) "
        "WHERE rights_version_id = ANY(%s) AND upper_inf(known)",
        (at, numbers),
    )
    return at


def begin(session: Session, version_ids: Sequence[int], *, now: datetime) -> None:
    """Note that the days these versions have are known from now on."""
    driver(session).execute(
        "INSERT INTO rights_known (rights_version_id, work_id, days, known) "
        "SELECT rights_version_id, work_id, days, tstzrange(%s, NULL) FROM rights_version "
        "WHERE rights_version_id = ANY(%s)",
        (now, list(version_ids)),
    )


def history(session: Session, work_id: int, *, known_on: date) -> list[RightsVersion]:
    """Return the versions of a work that counted as known at the end of a day, oldest first."""
    instant = datetime.combine(known_on, time(), UTC) + timedelta(days=1, microseconds=-1)
    rows = session.execute(
        text(
            "SELECT v.rights_version_id, v.work_id, lower(k.days), v.holder_ids, v.shares_ppm, "
            "v.upstream_version_ids, v.upstream_ppm "
            "FROM rights_known k JOIN rights_version v USING (rights_version_id) "
            "WHERE k.work_id = :work AND k.known @> CAST(:at AS timestamptz) ORDER BY lower(k.days)"
        ),
        {"work": work_id, "at": instant},
    )
    return [version_of(row) for row in rows]
