"""Who did what, when and on what: written in the commit of each change, never changed after.

It holds numbers and public names. Whose number it was is said by the row of the person, which can
be erased.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.store.database import driver

MOST = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One deed. user_id: empty for the command line; ``login``: empty where it was erased.

    what: the name of the route or command. subject: like ``period=2026-01``.
    """

    act_id: int
    at: datetime
    user_id: int | None
    login: str
    role: str
    member_role: str
    party_id: int | None
    what: str
    subject: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts are listed: all that are given must hold. ``subject``: one part of it, whole."""

    user_id: int | None = None
    party_id: int | None = None
    role: str = ""
    what: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def record(session: Session, what: str, subject: str, *, role: str, now: datetime) -> None:
    """Keep a deed of the command line or a worker, in the transaction of the deed."""
    driver(session).execute(
        "INSERT INTO act (at, user_id, role, member_role, party_id, what, subject, request_id) "
        "VALUES (%s, NULL, %s, '', NULL, %s, %s, '')",
        (now, role, what, subject),
    )


def listing(
    session: Session, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> list[Act]:
    """List acts, newest first; ``before``: the last ``act_id`` of the page before."""
    rows = driver(session).execute(
        "SELECT a.act_id, a.at, a.user_id, coalesce(u.login, ''), a.role, a.member_role, "
        "a.party_id, a.what, a.subject, a.request_id "
        "FROM act a LEFT JOIN portal_user u USING (user_id) "
        "WHERE (%(before)s::bigint IS NULL OR act_id < %(before)s) "
        "AND (%(user)s::bigint IS NULL OR a.user_id = %(user)s) "
        "AND (%(party)s::bigint IS NULL OR a.party_id = %(party)s) "
        "AND (%(role)s = '' OR a.role = %(role)s) AND (%(what)s = '' OR a.what = %(what)s) "
        "AND (%(subject)s = '' OR %(subject)s = ANY (string_to_array(a.subject, ' '))) "
        "AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s) "
        "AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s) "
        "ORDER BY a.act_id DESC LIMIT %(limit)s",
        {
            "before": before,
            "user": wanted.user_id,
            "party": wanted.party_id,
            "role": wanted.role,
            "what": wanted.what,
            "subject": wanted.subject,
            "since": wanted.since,
            "until": wanted.until,
            "limit": min(limit, MOST),
        },
    )
    return [Act(*row) for row in rows]
