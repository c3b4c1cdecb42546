"""How somebody gets an account by a link: creators by signing up, others by an invitation."""

from datetime import datetime

from sqlmodel import Session

from service.store import account_letters, asking, mail, members, parties, people, portal_sessions
from service.store.account_letters import AccountLetter, LetterKind
from service.store.members import Group
from service.store.name_rules import checked_name


def as_creator(
    session: Session,
    letter: AccountLetter,
    *,
    name: str,
    password: str,
    locale: str,
    time_zone: str,
    now: datetime,
) -> int:
    """Make the holder and its first user; end the link. Raises BadText, LoginTaken."""
    shown = checked_name(name, place="name")
    people.check_new_password(password, login=letter.address)
    holder = parties.add_holder(session, shown, now=now)
    assert holder.party_id is not None
    user_id = people.add_user(
        session,
        letter.address,
        password,
        "creator",
        holder.party_id,
        now=now,
        name=shown,
        locale=locale,
        time_zone=time_zone,
    )
    mail.set_address(session, holder.party_id, letter.address, locale=locale, now=now)
    account_letters.used(session, letter, now=now)
    return user_id


def by_invitation(
    session: Session, letter: AccountLetter, *, name: str, password: str, now: datetime
) -> int:
    """Add a member as its invitation says; end the link. Raises BadText, LoginTaken."""
    group = Group(letter.role, letter.party_id)
    user_id = members.add(
        session,
        group,
        letter.address,
        password,
        member_role=letter.member_role,
        name=checked_name(name, place="name"),
        now=now,
    )
    account_letters.used(session, letter, now=now)
    return user_id


def invite(session: Session, group: Group, address: str, member_role: str, *, now: datetime) -> int:
    """Queue an invitation; return its number. Raises BadText, BadAddress, LoginTaken.

    Whoever invites may know that an address has an account: they would see that it never joins.
    """
    people.checked_member_role(group.role, member_role)
    plain = mail.check_address(address.strip()).lower()
    if people.is_taken(session, plain):
        raise people.LoginTaken(plain)
    number = account_letters.queue(
        session,
        LetterKind.INVITATION,
        plain,
        now=now,
        party_id=group.party_id,
        role=group.role,
        member_role=member_role,
    )
    asking.note(invitation=number, member_role=member_role)
    return number


def reset_password(
    session: Session, letter: AccountLetter, password: str, *, now: datetime
) -> None:
    """Set a password by a link: it and all sessions end, and a letter says so. Raises BadText."""
    assert letter.user_id is not None
    people.set_password(session, letter.user_id, password)
    account_letters.used(session, letter, now=now)
    portal_sessions.end_all(session, letter.user_id)
    tell_change(session, letter.address, letter.user_id, now=now)


def move(session: Session, letter: AccountLetter, old: str, *, now: datetime) -> None:
    """Make the address of a letter its user's login, and tell the old one. Raises LoginTaken."""
    assert letter.user_id is not None
    people.set_login(session, letter.user_id, letter.address)
    account_letters.used(session, letter, now=now)
    tell_change(session, old, letter.user_id, now=now)


def tell_change(session: Session, login: str, user_id: int, *, now: datetime) -> None:
    """Queue a letter that says that an account was changed, where its login is an address."""
    if "@" in login:
        account_letters.queue(session, LetterKind.CHANGED, login, now=now, user_id=user_id)
