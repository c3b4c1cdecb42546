"""Several people of one vendor, one creator or of the operators: who they are and what they may.

The last one who may do everything stays. Whoever gets another role, or leaves, is logged out.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import asking, people, portal_sessions
from service.store.database import driver
from service.store.people import MEMBER_ROLES


class MemberNotFound(LedgerError):
    """No such member, or not of yours."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"no member {user_id}", user_id=user_id)


class LastOwner(LedgerError):
    """Nobody else could change the members any more."""

    def __init__(self, user_id: int, member_role: str) -> None:
        super().__init__(
            f"member {user_id} is the last {member_role}: make somebody else {member_role} first",
            user_id=user_id,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Whose people: of a vendor or a creator by its party, of the operators without one."""

    role: str
    party_id: int | None

    def __post_init__(self) -> None:
        assert (self.role == "operator") == (self.party_id is None)

    @property
    def top_role(self) -> str:
        """The role that may do everything: owner or admin."""
        return MEMBER_ROLES[self.role][0]


@dataclass(frozen=True, slots=True)
class Member:
    """One of a group. last_seen_at: of the session used last, empty where none is open."""

    user_id: int
    login: str
    name: str
    member_role: str
    has_factor: bool
    created_at: datetime
    ended_at: datetime | None
    last_seen_at: datetime | None


def listing(session: Session, group: Group, *, ended: bool = False) -> list[Member]:
    """List the people of a group by login, on request with those that have left."""
    rows = driver(session).execute(
        "SELECT u.user_id, u.login, u.name, u.member_role, EXISTS (SELECT 1 FROM second_factor f "
        "WHERE f.user_id = u.user_id AND f.confirmed_at IS NOT NULL), u.created_at, u.ended_at, "
        "(SELECT max(last_seen_at) FROM portal_session s WHERE s.user_id = u.user_id) "
        "FROM portal_user u WHERE u.role = %s AND u.party_id IS NOT DISTINCT FROM %s "
        'AND (%s OR u.ended_at IS NULL) ORDER BY u.login COLLATE "C"',
        (group.role, group.party_id, ended),
    )
    return [Member(*row) for row in rows]


def add(
    session: Session,
    group: Group,
    login: str,
    password: str,
    *,
    member_role: str,
    now: datetime,
    name: str = "",
) -> int:
    """Add somebody at once, with a password; raise BadText, LoginTaken."""
    user_id = people.add_user(
        session,
        login,
        password,
        group.role,
        group.party_id,
        now=now,
        member_role=member_role,
        name=name,
    )
    asking.note(user=user_id, member_role=member_role)
    return user_id


def change(session: Session, group: Group, user_id: int, member_role: str) -> None:
    """Give a member another role; its sessions end. Raises BadText, MemberNotFound, LastOwner."""
    people.checked_member_role(group.role, member_role)
    was = _locked(session, group, user_id)
    if was == member_role:
        return
    if was == group.top_role:
        _check_another(session, group, user_id)
    driver(session).execute(
        "UPDATE portal_user SET member_role = %s WHERE user_id = %s", (member_role, user_id)
    )
    portal_sessions.end_all(session, user_id)
    asking.note(was=was, member_role=member_role)


def end(session: Session, group: Group, user_id: int, *, now: datetime) -> None:
    """Let a member in no more; its sessions end at once. Raises MemberNotFound, LastOwner."""
    if _locked(session, group, user_id) == group.top_role:
        _check_another(session, group, user_id)
    driver(session).execute(
        "UPDATE portal_user SET ended_at = %s WHERE user_id = %s", (now, user_id)
    )
    driver(session).execute("DELETE FROM second_factor WHERE user_id = %s", (user_id,))
    driver(session).execute("DELETE FROM recovery_code WHERE user_id = %s", (user_id,))
    portal_sessions.end_all(session, user_id)


def _locked(session: Session, group: Group, user_id: int) -> str:
    """Lock all people of the group, in order, and return the role of one; raise MemberNotFound."""
    rows = driver(session).execute(
        "SELECT user_id, member_role FROM portal_user WHERE role = %s "
        "AND party_id IS NOT DISTINCT FROM %s AND ended_at IS NULL ORDER BY user_id FOR UPDATE",
        (group.role, group.party_id),
    )
    found = {int(number): str(member_role) for number, member_role in rows}
    if user_id not in found:
        raise MemberNotFound(user_id)
    return found[user_id]


def _check_another(session: Session, group: Group, user_id: int) -> None:
    row = (
        driver(session)
        .execute(
            "SELECT EXISTS (SELECT 1 FROM portal_user WHERE role = %s AND party_id "
            "IS NOT DISTINCT FROM %s AND ended_at IS NULL AND member_role = %s "
            "AND user_id <> %s)",
            (group.role, group.party_id, group.top_role, user_id),
        )
        .fetchone()
    )
    if not (row and row[0]):
        raise LastOwner(user_id, group.top_role)
