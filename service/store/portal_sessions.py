"""Sessions of people: opened, followed, listed and ended; only the hash of a token is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import attempts
from service.store.database import driver
from service.store.people import Person

HALF_LASTS = timedelta(minutes=10)
"""How long the second factor may take."""
_SEEN_EVERY = timedelta(minutes=1)
_MAX_AGENT_CHARS = 200


class SessionNotFound(LedgerError):
    """No such session, or not yours."""

    def __init__(self, session_no: int) -> None:
        super().__init__(f"no session {session_no}", session_no=session_no)


@dataclass(frozen=True, slots=True)
class Device:
    """What a session is opened from: the program as it names itself, and its address."""

    user_agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it. address: its network, not the machine."""

    session_no: int
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def coarse(address: str) -> str:
    """Return the network of an address: of IPv4 three bytes, of IPv6 three groups."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    length = 24 if isinstance(known, IPv4Address) else 48
    return str(ip_network((known, length), strict=False))


def begin(
    session: Session,
    user_id: int,
    device: Device,
    *,
    now: datetime,
    lasts: timedelta,
    is_half: bool = False,
) -> str:
    """Open a session and return its token, for the cookie. Half: until the second factor comes."""
    token = secrets.token_urlsafe(32)
    agent = "".join(sign for sign in device.user_agent if sign.isprintable())
    driver(session).execute(
        "INSERT INTO portal_session (session_hash, user_id, csrf_token, created_at, expires_at, "
        "last_seen_at, user_agent, address, is_half) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            hash_of(token),
            user_id,
            secrets.token_urlsafe(24),
            now,
            now + (HALF_LASTS if is_half else lasts),
            now,
            agent.encode("utf-8", "replace").decode()[:_MAX_AGENT_CHARS],
            coarse(device.address),
            is_half,
        ),
    )
    return token


_FOUND = (
    "SELECT u.user_id, u.login, u.role, u.party_id, s.csrf_token, u.member_role, u.locale, "
    "u.time_zone, s.session_no, EXISTS (SELECT 1 FROM second_factor f "
    "WHERE f.user_id = u.user_id AND f.confirmed_at IS NOT NULL), "
    "coalesce(s.last_seen_at, s.created_at) FROM portal_session s "
    "JOIN portal_user u USING (user_id) "
    "WHERE s.session_hash = %(hash)s AND s.expires_at > %(now)s AND u.ended_at IS NULL "
    "AND s.is_half = %(half)s AND (%(idle)s::interval IS NULL "
    "OR coalesce(s.last_seen_at, s.created_at) + %(idle)s > %(now)s)"
)


def person_of(
    session: Session,
    token: str,
    *,
    now: datetime,
    idle: timedelta | None = None,
    is_half: bool = False,
) -> Person | None:
    """Return whose session a token is; None if it is unknown, has expired or was idle too long."""
    values = {"hash": hash_of(token), "now": now, "idle": idle, "half": is_half}
    row = driver(session).execute(_FOUND, values).fetchone()
    if not row:
        return None
    if now - row[-1] >= _SEEN_EVERY:
        driver(session).execute(
            "UPDATE portal_session SET last_seen_at = %(now)s WHERE session_hash = %(hash)s",
            {"now": now, "hash": hash_of(token)},
        )
    return Person(*row[:-1])


def end(session: Session, token: str) -> None:
    """End a session; unknown tokens change nothing."""
    driver(session).execute("DELETE FROM portal_session WHERE session_hash = %s", (hash_of(token),))


def end_one(session: Session, user_id: int, session_no: int) -> None:
    """End one of a user's sessions; raise SessionNotFound."""
    gone = driver(session).execute(
        "DELETE FROM portal_session WHERE user_id = %s AND session_no = %s",
        (user_id, min(session_no, 2**63 - 1)),
    )
    if not gone.rowcount:
        raise SessionNotFound(session_no)


def end_all(session: Session, user_id: int, *, but: int = 0) -> int:
    """End all sessions of a user but one; return how many ended."""
    return (
        driver(session)
        .execute(
            "DELETE FROM portal_session WHERE user_id = %s AND session_no <> %s", (user_id, but)
        )
        .rowcount
    )


def listing(session: Session, user_id: int, *, now: datetime) -> list[OpenSession]:
    """List a user's sessions, the one seen last first."""
    rows = driver(session).execute(
        "SELECT session_no, user_agent, address, created_at, coalesce(last_seen_at, created_at), "
        "expires_at FROM portal_session WHERE user_id = %s AND expires_at > %s AND NOT is_half "
        "ORDER BY 5 DESC, 1 DESC LIMIT 100",
        (user_id, now),
    )
    return [OpenSession(*row) for row in rows]


def tidy(session: Session, *, now: datetime) -> int:
    """Delete sessions that have expired and attempts that no limit looks at; return how many."""
    attempts.tidy(session, now=now)
    gone = driver(session).execute("DELETE FROM portal_session WHERE expires_at <= %s", (now,))
    return gone.rowcount


def hash_of(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
