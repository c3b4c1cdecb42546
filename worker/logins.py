"""First logins of an installation: made once, random passwords written where only we can read."""

import secrets
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from service.store import people
from service.store.rows import PortalUserRow

FILE = "logins.txt"


def ensure_operator(session: Session, home: Path, *, now: datetime) -> None:
    """Add the login ``operator`` if there is none; its password goes to ``home``/logins.txt."""
    query = select(PortalUserRow).where(PortalUserRow.role == "operator")
    if not session.exec(query).first():
        add(session, home, "operator", "operator", None, now=now)


def add(
    session: Session, home: Path, login: str, role: str, party_id: int | None, *, now: datetime
) -> None:
    """Add a login with a random password, unless there is one; write it to the file (0600)."""
    if session.exec(select(PortalUserRow).where(PortalUserRow.login == login)).first():
        return
    password = secrets.token_urlsafe(12)
    people.add_user(session, login, password, role, party_id, now=now)
    path = home / FILE
    path.touch(mode=0o600, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{role:<9} login {login}  password {password}\n")
