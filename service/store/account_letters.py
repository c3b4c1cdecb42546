"""Letters about accounts, and the links in them: each good once, until its end.

A link is the number of its letter with a code that is made of it, its kind and its end with a key
of the installation: nothing that opens a door is stored. Every way in leaves one row, whether the
address is known or not, so that neither the answer nor its time tells.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import people
from service.store.database import driver
from service.store.key_ring import KeyRing
from service.store.mail import check_address

_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_HELD = timedelta(minutes=10)


class LetterKind(StrEnum):
    """What a letter is for; the last four carry a link."""

    NOTHING = "nothing"
    EXISTS = "exists"
    CHANGED = "changed"
    SIGN_UP = "sign-up"
    RESET = "reset"
    ADDRESS = "address"
    INVITATION = "invitation"


LASTS = {
    LetterKind.SIGN_UP: timedelta(days=2),
    LetterKind.RESET: timedelta(hours=1),
    LetterKind.ADDRESS: timedelta(days=1),
    LetterKind.INVITATION: timedelta(days=7),
}


class LinkRefused(LedgerError):
    """A link is mistyped, was used, or has ended; it is not said which."""

    def __init__(self) -> None:
        super().__init__("this link is not good any more: ask for a new one")


@dataclass(frozen=True, slots=True)
class AccountLetter:
    """A letter. user_id: whose account. role, party_id, member_role: what an invitation offers."""

    letter_id: int
    kind: LetterKind
    address: str
    user_id: int | None
    party_id: int | None
    role: str
    member_role: str
    locale: str
    time_zone: str
    expires_at: datetime | None
    attempts: int


_SELECT = (
    "SELECT letter_id, kind, address, user_id, party_id, role, member_role, locale, time_zone, "
    "expires_at, attempts FROM account_letter "
)


def queue(
    session: Session,
    kind: LetterKind,
    address: str,
    *,
    now: datetime,
    user_id: int | None = None,
    party_id: int | None = None,
    role: str = "",
    member_role: str = "",
    locale: str = "",
    time_zone: str = "UTC",
) -> int:
    """Let a letter wait to be sent, unless it is for nobody; return its number."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO account_letter (kind, address, user_id, party_id, role, member_role, "
            "locale, time_zone, made_at, expires_at, state, next_try_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING letter_id",
            (
                *(str(kind), address, user_id, party_id, role, member_role, locale, time_zone),
                *(now, now + LASTS[kind] if kind in LASTS else None),
                *("sent" if kind is LetterKind.NOTHING else "waiting", now),
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def ask_to_sign_up(
    session: Session, address: str, *, locale: str, time_zone: str, now: datetime
) -> None:
    """Queue the letter with the link, or one that says there is an account. Raises BadAddress."""
    plain = check_address(address.strip()).lower()
    kind = LetterKind.EXISTS if people.is_taken(session, plain) else LetterKind.SIGN_UP
    queue(session, kind, plain, now=now, locale=locale, time_zone=time_zone)


def ask_to_reset(session: Session, login: str, *, now: datetime) -> None:
    """Queue the letter with the link if somebody has this login; raise BadAddress."""
    plain = check_address(login.strip()).lower()
    user = people.user_named(session, plain)
    kind = LetterKind.RESET if user else LetterKind.NOTHING
    queue(session, kind, plain, now=now, user_id=user.user_id if user else None)


def link_of(letter: AccountLetter, ring: KeyRing) -> str:
    """Return the code of a letter's link, signed with the current key."""
    assert letter.expires_at is not None
    return f"{letter.letter_id}-{_signed(letter, ring.keys[ring.current])}"


def opened(
    session: Session, link: str, kind: LetterKind, ring: KeyRing, *, now: datetime
) -> AccountLetter:
    """Return the letter of a link, locked so that it is used once; raise LinkRefused."""
    number, _, code = link.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004
        raise LinkRefused
    query = _SELECT + "WHERE letter_id = %s AND kind = %s AND used_at IS NULL FOR UPDATE"
    row = driver(session).execute(query, (int(number), str(kind))).fetchone()
    letter = _letter(row) if row else None
    if letter is None or letter.expires_at is None or letter.expires_at <= now:
        raise LinkRefused
    given = code.encode("utf-8", "replace")
    good = [hmac.compare_digest(_signed(letter, key).encode(), given) for key in ring.keys.values()]
    if not any(good):
        raise LinkRefused
    return letter


def used(session: Session, letter: AccountLetter, *, now: datetime) -> None:
    """End a link, and every other of the same kind for the same address."""
    driver(session).execute(
        "UPDATE account_letter SET used_at = %s WHERE kind = %s AND address = %s "
        "AND used_at IS NULL",
        (now, str(letter.kind), letter.address),
    )


def invitations(
    session: Session, role: str, party_id: int | None, *, now: datetime
) -> list[AccountLetter]:
    """List invitations of a party, or of the operators, that are open."""
    rows = driver(session).execute(
        _SELECT + "WHERE kind = 'invitation' AND role = %s AND party_id IS NOT DISTINCT FROM %s "
        "AND used_at IS NULL AND expires_at > %s ORDER BY letter_id LIMIT 200",
        (role, party_id, now),
    )
    return [_letter(row) for row in rows]


def claim(session: Session, *, now: datetime) -> AccountLetter | None:
    """Take the first letter that is due for ten minutes; others skip it."""
    row = (
        driver(session)
        .execute(
            _SELECT + "WHERE state IN ('waiting', 'sending') AND next_try_at <= %s "
            "ORDER BY letter_id LIMIT 1 FOR UPDATE SKIP LOCKED",
            (now,),
        )
        .fetchone()
    )
    if not row:
        return None
    driver(session).execute(
        "UPDATE account_letter SET state = 'sending', attempts = attempts + 1, next_try_at = %s "
        "WHERE letter_id = %s",
        (now + _HELD, row[0]),
    )
    return _letter(row)


def due(session: Session, *, now: datetime) -> bool:
    """Whether a letter is due."""
    row = (
        driver(session)
        .execute(
            "SELECT EXISTS (SELECT 1 FROM account_letter WHERE state IN ('waiting', 'sending') "
            "AND next_try_at <= %s)",
            (now,),
        )
        .fetchone()
    )
    return bool(row and row[0])


def ended(session: Session, letter_id: int, *, is_sent: bool, answer: str) -> None:
    """Keep that a letter was sent, or never will be."""
    driver(session).execute(
        "UPDATE account_letter SET state = %s, answer = %s WHERE letter_id = %s",
        ("sent" if is_sent else "refused", answer[:1_000], letter_id),
    )


def failed(session: Session, letter: AccountLetter, *, answer: str, now: datetime) -> None:
    """Let a letter wait for its next try; the last one refuses it."""
    if letter.attempts >= len(_WAITS):
        ended(session, letter.letter_id, is_sent=False, answer=f"gave up: {answer}")
        return
    driver(session).execute(
        "UPDATE account_letter SET state = 'waiting', next_try_at = %s, answer = %s "
        "WHERE letter_id = %s",
        (now + _WAITS[letter.attempts], answer[:1_000], letter.letter_id),
    )


def _letter(row: tuple[object, ...]) -> AccountLetter:
    letter_id, kind, *rest = row
    return AccountLetter(letter_id, LetterKind(str(kind)), *rest)  # type: ignore[arg-type]


def _signed(letter: AccountLetter, key: bytes) -> str:
    assert letter.expires_at is not None
    said = f"link\n{letter.letter_id}\n{letter.kind}\n{letter.expires_at.timestamp():.6f}"
    made = hmac.new(key, said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
