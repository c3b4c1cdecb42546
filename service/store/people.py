"""Who may come in: portal users with argon2 passwords. Their sessions: ``portal_sessions``."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from pwdlib import PasswordHash
from sqlmodel import Session, select

from service.ledger.errors import LedgerError
from service.store.name_rules import checked_name, look_of
from service.store.rows import PortalUserRow
from service.store.text_rules import BadText, check_text

ROLES = ("creator", "operator", "vendor")
MEMBER_ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "creator": ("owner", "developer", "finance", "viewer"),
        "operator": ("admin", "finance", "viewer"),
        "vendor": ("owner", "developer", "finance", "viewer"),
    }
)
"""What the people of one party, or the operators, may be; the first may do everything."""
MIN_PASSWORD, MAX_PASSWORD = 10, 200
_TRIED_FIRST = """
1234567890 0123456789 9876543210 12345678910 123456789a 1q2w3e4r5t 1qaz2wsx3edc qwertyuiop
qwerty12345 qwerty123456 password12 password123 password1234 passw0rd123 iloveyou123
adminadmin admin12345 administrator welcome123 welcome1234 letmein123 letmein1234
changeme123 football123 baseball123 superman123 sunshine123 princess123 monkey12345
dragon12345 trustno1trustno1 abcdefghij abcdefghijk abc1234567 a123456789 zxcvbnm123
asdfghjkl1 asdfghjkl123 qazwsxedc123 unknown123 whatever123 wellspring wellspring1
wellspring123
"""
_COMMONEST = frozenset(_TRIED_FIRST.split())

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
    """Another user has this login, or one that looks like it."""

    def __init__(self, login: str) -> None:
        super().__init__(f"login {login[:80]!r} is taken", login=login[:80])


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in. party_id: the holder of a creator, the vendor of a vendor's user.

    member_role: what of their party's, or as an operator, they may do. locale: empty for plain
    figures. has_factor: whether a second factor guards the login.
    """

    user_id: int
    login: str
    role: str
    party_id: int | None
    csrf_token: str
    member_role: str = "owner"
    locale: str = ""
    time_zone: str = "UTC"
    session_no: int = 0
    has_factor: bool = False


def login_of(text: str) -> str:
    """Return a login in the form it is kept and compared in; raise BadText."""
    check_text(text, place="login", max_chars=200)
    return text.strip().lower()


def check_new_password(password: str, *, login: str) -> None:
    """Raise BadText where a password is too short, the login, or one of the commonest."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadText("password", f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    check_text(password, place="password", max_chars=MAX_PASSWORD)
    plain = password.strip().lower()
    if plain in {login, login.partition("@")[0], login[::-1]}:
        raise BadText("password", "must not be the login")
    if plain in _COMMONEST or len(set(plain)) < 3:  # noqa: PLR2004
        raise BadText("password", "is one of those that are tried first: choose another")


def add_user(
    session: Session,
    login: str,
    password: str,
    role: str,
    party_id: int | None,
    *,
    now: datetime,
    member_role: str = "",
    name: str = "",
    locale: str = "",
    time_zone: str = "UTC",
) -> int:
    """Add a portal user; raise BadText or LoginTaken. Operators have no party, all others do.

    member_role: the one that may do everything where none is given.
    """
    plain = login_of(login)
    check_new_password(password, login=plain)
    if role not in ROLES:
        raise BadText("role", f"must be one of {', '.join(ROLES)}")
    row = PortalUserRow(
        login=plain,
        login_key=look_of(plain),
        password_hash=_hasher.hash(password),
        role=role,
        party_id=party_id,
        member_role=checked_member_role(role, member_role or MEMBER_ROLES[role][0]),
        name=checked_name(name, place="name") if name else "",
        locale=locale,
        time_zone=time_zone,
        created_at=now,
    )
    if is_taken(session, plain):
        raise LoginTaken(plain)
    session.add(row)
    session.flush()
    assert row.user_id is not None
    return row.user_id


def checked_member_role(role: str, member_role: str) -> str:
    """Return what somebody of this role is to be among its party's people; raise BadText."""
    if member_role not in MEMBER_ROLES[role]:
        raise BadText("member_role", f"must be one of {', '.join(MEMBER_ROLES[role])}")
    return member_role


def is_taken(session: Session, login: str) -> bool:
    """Whether somebody has this login or one that looks like it."""
    key = look_of(login)
    query = select(PortalUserRow).where(
        (PortalUserRow.login_key == key) | (PortalUserRow.login == login)
    )
    return session.exec(query).first() is not None


def check_operator(session: Session, login: str) -> None:
    """Raise UnknownOperator unless an operator has this login."""
    query = select(PortalUserRow).where(PortalUserRow.login == login)
    found = session.exec(query.where(PortalUserRow.role == "operator")).first()
    if not found or found.ended_at is not None:
        raise UnknownOperator(login)


def user_with(session: Session, login: str, password: str) -> PortalUserRow:
    """Return the user of this login and password; raise LoginRefused, in the same time always."""
    name = login.strip().lower()
    row = None
    if "\0" not in name and name.isprintable():
        row = session.exec(select(PortalUserRow).where(PortalUserRow.login == name)).first()
    good = _hasher.verify(password[:MAX_PASSWORD], row.password_hash if row else _NOBODY)
    if not row or not good or row.user_id is None or row.ended_at is not None:
        raise LoginRefused
    return row


def user_named(session: Session, login: str) -> PortalUserRow | None:
    """Return who has this login and may come in."""
    query = select(PortalUserRow).where(PortalUserRow.login == login.strip().lower())
    row = session.exec(query).first()
    return row if row and row.ended_at is None else None


def check_password(session: Session, user_id: int, password: str) -> None:
    """Raise LoginRefused unless this is the user's password."""
    row = session.get(PortalUserRow, user_id)
    if not _hasher.verify(password[:MAX_PASSWORD], row.password_hash if row else _NOBODY):
        raise LoginRefused


def set_password(session: Session, user_id: int, password: str) -> None:
    """Give a user another password; raise BadText."""
    row = session.get(PortalUserRow, user_id)
    assert row
    check_new_password(password, login=row.login)
    row.password_hash = _hasher.hash(password)
    session.add(row)
    session.flush()


def set_login(session: Session, user_id: int, login: str) -> None:
    """Give a user another login; raise BadText, LoginTaken."""
    row = session.get(PortalUserRow, user_id)
    assert row
    plain = login_of(login)
    if look_of(plain) != row.login_key and is_taken(session, plain):
        raise LoginTaken(plain)
    row.login, row.login_key = plain, look_of(plain)
    session.add(row)
    session.flush()


def set_manner(session: Session, user_id: int, *, locale: str, time_zone: str) -> None:
    """Keep how figures and times are shown to a user; both were checked."""
    row = session.get(PortalUserRow, user_id)
    assert row
    row.locale, row.time_zone = locale, time_zone
    session.add(row)
    session.flush()
