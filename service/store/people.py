"""Who may come in: portal users with argon2 passwords, and their sessions."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from pwdlib import PasswordHash
from sqlmodel import Session, col, delete, select

from service.ledger.errors import LedgerError
from service.store.rows import PortalSessionRow, PortalUserRow
from service.store.text_rules import BadText, check_text

ROLES = ("creator", "operator", "vendor")
MIN_PASSWORD, MAX_PASSWORD = 10, 200

_hasher = PasswordHash.recommended()
_NOBODY = _hasher.hash(secrets.token_hex(16))
"""Checked where no such user exists, so that both refusals take the same time."""


class LoginRefused(LedgerError):
    """Login or password is wrong; it is not said which."""

    def __init__(self) -> None:
        super().__init__("login or password is wrong")


class UnknownOperator(LedgerError):
    """No operator has this login."""

    def __init__(self, login: str) -> None:
        super().__init__(f"no operator {login[:80]!r}", login=login[:80])


class LoginTaken(LedgerError):
    """Another user has this login."""

    def __init__(self, login: str) -> None:
        super().__init__(f"login {login[:80]!r} is taken", login=login[:80])


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in. party_id: the holder of a creator, the vendor of a vendor's user."""

    user_id: int
    login: str
    role: str
    party_id: int | None
    csrf_token: str


def add_user(
    session: Session, login: str, password: str, role: str, party_id: int | None, *, now: datetime
) -> int:
    """Add a portal user; raise BadText or LoginTaken. Operators have no party, all others do."""
    check_text(login, place="login", max_chars=200)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadText("password", f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    check_text(password, place="password", max_chars=MAX_PASSWORD)
    if role not in ROLES:
        raise BadText("role", f"must be one of {', '.join(ROLES)}")
    name = login.strip().lower()
    if session.exec(select(PortalUserRow).where(PortalUserRow.login == name)).first():
        raise LoginTaken(name)
    row = PortalUserRow(
        login=name,
        password_hash=_hasher.hash(password),
        role=role,
        party_id=party_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    assert row.user_id is not None
    return row.user_id


def check_operator(session: Session, login: str) -> None:
    """Raise UnknownOperator unless an operator has this login."""
    query = select(PortalUserRow).where(PortalUserRow.login == login)
    found = session.exec(query.where(PortalUserRow.role == "operator")).first()
    if not found:
        raise UnknownOperator(login)


def log_in(
    session: Session, login: str, password: str, *, now: datetime, hours: int
) -> tuple[str, Person]:
    """Check a password and open a session; return its token (for the cookie) and the person."""
    name = login.strip().lower()
    row = None
    if "\0" not in name and name.isprintable():
        row = session.exec(select(PortalUserRow).where(PortalUserRow.login == name)).first()
    good = _hasher.verify(password[:MAX_PASSWORD], row.password_hash if row else _NOBODY)
    if not row or not good or row.user_id is None:
        raise LoginRefused
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session.add(
        PortalSessionRow(
            session_hash=_hash(token),
            user_id=row.user_id,
            csrf_token=csrf,
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()
    return token, Person(row.user_id, row.login, row.role, row.party_id, csrf)


def check_password(session: Session, user_id: int, password: str) -> None:
    """Raise LoginRefused unless this is the user's password."""
    row = session.get(PortalUserRow, user_id)
    if not _hasher.verify(password[:MAX_PASSWORD], row.password_hash if row else _NOBODY):
        raise LoginRefused


def person_of(session: Session, token: str, *, now: datetime) -> Person | None:
    """Return who a session token belongs to, None if it is unknown or has expired."""
    row = session.exec(
        select(PortalSessionRow, PortalUserRow)
        .join(PortalUserRow, col(PortalUserRow.user_id) == col(PortalSessionRow.user_id))
        .where(PortalSessionRow.session_hash == _hash(token), PortalSessionRow.expires_at > now)
    ).first()
    if not row:
        return None
    opened, user = row
    assert user.user_id is not None
    return Person(user.user_id, user.login, user.role, user.party_id, opened.csrf_token)


def log_out(session: Session, token: str) -> None:
    """End a session; unknown tokens change nothing."""
    session.exec(delete(PortalSessionRow).where(col(PortalSessionRow.session_hash) == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
