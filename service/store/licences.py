"""Licence terms as they were set: rows by work and first day, never changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.licence import USUAL, Licence, Use
from service.store import correction_jobs, periods
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause
from service.store.database import driver
from service.store.text_rules import BadText, check_text

_LICENSING = 8_900_000
_ADDRESS = re.compile(r"(?i:https?)://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)
MAX_URI_CHARS, MAX_REASON_CHARS = 2_000, 500


class LicenceChanged(LedgerError):
    """Terms were to be set over others than the asker had seen."""

    def __init__(self, work_id: int, *, seen: int, newest: int) -> None:
        super().__init__(
            f"the licence of work {work_id} was changed meanwhile: look at {newest}, not {seen}",
            work_id=work_id,
            seen=seen,
            newest=newest,
        )


class LicenceStartsTooEarly(LedgerError):
    """Terms were to count for days that may have sales already."""

    def __init__(self, work_id: int, *, asked: date, earliest: date) -> None:
        super().__init__(
            f"terms of work {work_id} may count from {earliest} on, not from {asked}: "
            "earlier days may have sales",
            work_id=work_id,
            asked=asked.isoformat(),
            earliest=earliest.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class NewLicence:
    """Terms to set. ``uri``: where the work is published, if it is."""

    work_id: int
    valid_from: date
    licence: Licence
    uri: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredLicence:
    """Terms of a work from a day on, until those of the next day on file."""

    licence_id: int
    work_id: int
    valid_from: date
    licence: Licence
    uri: str | None
    reason: str
    set_by: str
    known_at: datetime


def lock(session: Session) -> None:
    """Let one transaction at a time look at terms and set others; reading them waits for none."""
    driver(session).execute("SELECT pg_advisory_xact_lock(%s)", (_LICENSING,))


def set_terms(
    session: Session,
    new: NewLicence,
    *,
    earliest: date,
    seen: int | None,
    by: str,
    now: datetime,
) -> int:
    """Let terms count from a day on; return their number. Those of later days stay as they are.

    ``earliest``: first day that can have no sale yet. ``seen``: number of the newest terms the
    asker knows, 0 for none; None: whatever there is. Raises LicenceStartsTooEarly, LicenceChanged,
    BadText.
    """
    if new.valid_from < earliest:
        raise LicenceStartsTooEarly(new.work_id, asked=new.valid_from, earliest=earliest)
    return _insert(session, new, seen=seen, by=by, now=now)


def correct(session: Session, new: NewLicence, *, by: str, now: datetime) -> int:
    """Let terms count from a day on that may have sales already; return their number.

    Sales settled since, until the day of the next terms on file, are corrected by a job.
    """
    check_text(new.reason, place="reason", max_chars=MAX_REASON_CHARS)
    periods.wait_for_postings(session)
    made = _insert(session, new, seen=None, by=by, now=now)
    later = [one.valid_from for one in history(session, new.work_id)]
    until = min((day for day in later if day > new.valid_from), default=None)
    job = NewJob(
        Cause.LICENCE,
        new.reason,
        by,
        work_id=new.work_id,
        sold_from=_start_of(new.valid_from),
        sold_until=_start_of(until) if until else None,
    )
    correction_jobs.request(session, job, now=now)
    return made


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_INSERT = """
INSERT INTO licence (work_id, valid_from, version, uses, multiplier_ppm, embargo_until,
    excluded_vendor_ids, uri, reason, set_by, known_at)
SELECT %(work)s, %(day)s, 1 + coalesce((SELECT max(version) FROM licence
    WHERE work_id = %(work)s AND valid_from = %(day)s), 0),
    %(uses)s, %(multiplier)s, %(embargo)s, %(excluded)s::bigint[], %(uri)s, %(reason)s, %(by)s,
    %(now)s
RETURNING licence_id
"""


def _insert(session: Session, new: NewLicence, *, seen: int | None, by: str, now: datetime) -> int:
    facts = columns_of(new)
    lock(session)
    newest = newest_id(session, new.work_id)
    if seen is not None and seen != newest:
        raise LicenceChanged(new.work_id, seen=seen, newest=newest)
    row = driver(session).execute(_INSERT, facts | {"by": by, "now": now}).fetchone()
    assert row
    return int(row[0])


def columns_of(new: NewLicence) -> dict[str, object]:
    """Return terms as they are stored; raise BadText for a reason or address that cannot be."""
    check_text(new.reason, place="reason", max_chars=MAX_REASON_CHARS, empty=True)
    return {
        "work": new.work_id,
        "day": new.valid_from,
        "uses": sum(use.bit for use in new.licence.uses),
        "multiplier": new.licence.multiplier_ppm,
        "embargo": new.licence.embargo_until,
        "excluded": sorted(new.licence.excluded_vendor_ids),
        "uri": new.uri if new.uri is None else check_uri(new.uri),
        "reason": new.reason,
    }


def check_uri(uri: str) -> str:
    """Return an http(s) address as it is kept, scheme and host in lower case; raise BadText.

    It is of ASCII and names no user, no query without a path and no part of a page.
    """
    check_text(uri, place="uri", max_chars=MAX_URI_CHARS)
    if not _ADDRESS.fullmatch(uri):
        raise BadText("uri", "must be an address in ASCII like https://example.org/ode")
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path.partition('#')[0]}"


def newest_id(session: Session, work_id: int) -> int:
    """Return the number of the terms that were set last, 0 where there are none."""
    query = "SELECT coalesce(max(licence_id), 0) FROM licence WHERE work_id = %s"
    row = driver(session).execute(query, (work_id,)).fetchone()
    assert row
    return int(row[0])


_COUNTING = (
    "NOT EXISTS (SELECT 1 FROM licence newer WHERE newer.work_id = l.work_id "
    "AND newer.valid_from = l.valid_from AND newer.version > l.version) "
)
_SELECT = (
    "SELECT licence_id, work_id, valid_from, uses, multiplier_ppm, embargo_until, "
    "excluded_vendor_ids, uri, reason, set_by, known_at FROM licence l "
)


def history(session: Session, work_id: int) -> list[StoredLicence]:
    """Return the terms of a work that count, or will, by day."""
    query = f"{_SELECT} WHERE work_id = %s AND {_COUNTING} ORDER BY valid_from"
    rows = driver(session).execute(query.encode(), (work_id,))
    return [_stored(row) for row in rows]


def on(session: Session, work_ids: Sequence[int], *, day: date) -> dict[int, StoredLicence]:
    """Return the terms that count on a day, of works that have some by then."""
    query = (
        f"{_SELECT} WHERE work_id = ANY(%s::bigint[]) AND valid_from <= %s "
        "ORDER BY work_id, valid_from, version"
    )
    rows = driver(session).execute(query.encode(), (list(work_ids), day))
    return {int(row[1]): _stored(row) for row in rows}


def terms_on(stored: Sequence[StoredLicence], day: date) -> Licence:
    """Return the terms of a day from a work's history, the usual ones where none are set."""
    until = [one.licence for one in stored if one.valid_from <= day]
    return until[-1] if until else USUAL


def _stored(row: Sequence[Any]) -> StoredLicence:
    number, work, day, uses, multiplier, embargo, excluded, uri, reason, by, at = row
    allowed = frozenset(use for use in Use if uses & use.bit)
    licence = Licence(allowed, multiplier, embargo, frozenset(excluded))
    return StoredLicence(number, work, day, licence, uri, reason, by, at)
