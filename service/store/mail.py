"""Letters that bring statements to their holders: one a document, for ever, and its course.

waiting -> sent, where letters are files. Where a mail server takes them: waiting -> sending, then
sent, or waiting again after a failure that is sure, or refused. What ends while sending may have
arrived: nobody sends it again but an operator who decides so.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store.database import driver
from service.store.reissues import DocumentNumber

_MOST_CHARS = 254
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]",
    re.ASCII,
)
_WAITS_MINUTES = (1, 5, 30, 120, 360, 720, 1_440)
UNSURE_AFTER = timedelta(minutes=10)
"""A letter that has been sending for so long is held by nobody any more."""


class MailState(StrEnum):
    """How far a letter has come."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


class BadAddress(LedgerError):
    """Text is no address that mail can be sent to."""

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(f"{text[:80]!r} is no mail address: {rule}", place="address", rule=rule)


class LetterNotFound(LedgerError):
    """No letter has this number."""

    def __init__(self, mail_id: int) -> None:
        super().__init__(f"no letter {mail_id}", mail_id=mail_id)


class NothingToDecide(LedgerError):
    """A letter's course is known, or a worker may still be sending it."""

    def __init__(self, mail_id: int, reason: str) -> None:
        super().__init__(f"letter {mail_id} {reason}", mail_id=mail_id)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is claimed; ``address`` is empty where the holder has none any more."""

    mail_id: int
    number: DocumentNumber
    address: str
    locale: str
    attempts: int
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class ListedLetter:
    """A letter as it stands. ``answer``: what came of the last try."""

    mail_id: int
    number: DocumentNumber
    state: MailState
    attempts: int
    next_try_at: datetime
    changed_at: datetime
    answer: str


def check_address(text: str) -> str:
    """Return an address if mail can be sent to it, its domain in ASCII; raise BadAddress."""
    local, at, domain = text.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}" if at else text
    except UnicodeError:
        raise BadAddress(text, "its domain is none") from None
    if len(address) > _MOST_CHARS:
        raise BadAddress(text, f"at most {_MOST_CHARS} characters are taken")
    if not _ADDRESS.fullmatch(address):
        raise BadAddress(text, "write it like name@example.org, in ASCII before the @")
    return address


def set_address(
    session: Session, holder_id: int, address: str, *, locale: str, now: datetime
) -> None:
    """Keep where a holder wants letters sent to; raise BadAddress."""
    driver(session).execute(
        "INSERT INTO mail_address (holder_id, address, locale, changed_at) "
        "VALUES (%s, %s, %s, %s) ON CONFLICT (holder_id) DO UPDATE SET "
        "address = excluded.address, locale = excluded.locale, changed_at = excluded.changed_at",
        (holder_id, check_address(address), locale, now),
    )


def remove_address(session: Session, holder_id: int) -> bool:
    """Forget where letters are sent to; whether there was an address."""
    gone = driver(session).execute("DELETE FROM mail_address WHERE holder_id = %s", (holder_id,))
    return gone.rowcount == 1


def queue(session: Session, period: Period, *, now: datetime) -> int:
    """Queue the newest document of each statement of a period whose holder has an address.

    One that was queued before is not queued again; return how many are new.
    """
    made = driver(session).execute(
        "INSERT INTO mail (statement_id, revision, state, next_try_at, queued_at, changed_at) "
        "SELECT s.statement_id, coalesce(max(r.revision), 0), 'waiting', %(now)s, %(now)s, %(now)s "
        "FROM statement s JOIN mail_address USING (holder_id) "
        "LEFT JOIN statement_reissue r USING (statement_id) WHERE s.period = %(p)s "
        "GROUP BY s.statement_id ORDER BY s.statement_id ON CONFLICT DO NOTHING",
        {"p": period.number, "now": now},
    )
    return made.rowcount


def claim(session: Session, *, now: datetime) -> Letter | None:
    """Lock the first letter that waits and is due; other workers skip it until the commit."""
    row = (
        driver(session)
        .execute(
            "SELECT m.mail_id, s.number, m.revision, coalesce(a.address, ''), "
            "coalesce(a.locale, ''), m.attempts, m.queued_at FROM mail m "
            "JOIN statement s USING (statement_id) "
            "LEFT JOIN mail_address a ON a.holder_id = s.holder_id "
            "WHERE m.state = 'waiting' AND m.next_try_at <= %s ORDER BY m.mail_id LIMIT 1 "
            "FOR UPDATE OF m SKIP LOCKED",
            (now,),
        )
        .fetchone()
    )
    if not row:
        return None
    return Letter(row[0], DocumentNumber(row[1], row[2]), *row[3:])


def waits(session: Session, *, now: datetime) -> bool:
    """Whether a letter waits and is due."""
    query = "SELECT EXISTS (SELECT 1 FROM mail WHERE state = 'waiting' AND next_try_at <= %s)"
    row = driver(session).execute(query, (now,)).fetchone()
    return bool(row and row[0])


def sending(session: Session, mail_id: int, *, now: datetime) -> None:
    """Say, before a mail server is asked, that it will be."""
    driver(session).execute(
        "UPDATE mail SET state = 'sending', attempts = attempts + 1, changed_at = %s "
        "WHERE mail_id = %s",
        (now, mail_id),
    )


def ended(session: Session, mail_id: int, state: MailState, *, answer: str, now: datetime) -> None:
    """Keep what came of a letter."""
    driver(session).execute(
        "UPDATE mail SET state = %s, answer = %s, changed_at = %s WHERE mail_id = %s",
        (str(state), answer[:1_000], now, mail_id),
    )


def unsure(session: Session, mail_id: int, *, answer: str, now: datetime) -> None:
    """Keep why it is not known whether a letter arrived; it stays as sending."""
    ended(session, mail_id, MailState.SENDING, answer=answer, now=now)


def failed(session: Session, mail_id: int, *, answer: str, now: datetime) -> None:
    """Let a letter that surely did not arrive wait for its next try; the last one refuses it."""
    row = (
        driver(session)
        .execute("SELECT attempts FROM mail WHERE mail_id = %s", (mail_id,))
        .fetchone()
    )
    assert row
    if row[0] > len(_WAITS_MINUTES):
        ended(session, mail_id, MailState.REFUSED, answer=f"gave up: {answer}", now=now)
        return
    later = now + timedelta(minutes=_WAITS_MINUTES[max(row[0] - 1, 0)])
    driver(session).execute(
        "UPDATE mail SET state = 'waiting', next_try_at = %s, answer = %s, changed_at = %s "
        "WHERE mail_id = %s",
        (later, answer[:1_000], now, mail_id),
    )


def decide(session: Session, mail_id: int, *, arrived: bool, now: datetime) -> None:
    """Say of a letter that ended while sending, or was refused, whether it arrived.

    One that did not is sent again. Raises LetterNotFound, NothingToDecide.
    """
    row = (
        driver(session)
        .execute(
            "SELECT state, changed_at FROM mail WHERE mail_id = %s FOR UPDATE",
            (min(mail_id, 2**63 - 1),),
        )
        .fetchone()
    )
    if not row:
        raise LetterNotFound(mail_id)
    if row[0] in {MailState.WAITING, MailState.SENT}:
        raise NothingToDecide(mail_id, f"is {row[0]}: there is nothing to decide")
    if row[0] == MailState.SENDING and now - row[1] < UNSURE_AFTER:
        raise NothingToDecide(mail_id, "may be sending right now: look again in ten minutes")
    if arrived:
        ended(session, mail_id, MailState.SENT, answer="said to have arrived", now=now)
        return
    driver(session).execute(
        "UPDATE mail SET state = 'waiting', attempts = 0, next_try_at = %(now)s, "
        "answer = 'said not to have arrived', changed_at = %(now)s WHERE mail_id = %(id)s",
        {"now": now, "id": mail_id},
    )


def listing(
    session: Session, *, state: MailState | None = None, limit: int = 1_000
) -> list[ListedLetter]:
    """List letters in order, on request in one state."""
    rows = driver(session).execute(
        "SELECT m.mail_id, s.number, m.revision, m.state, m.attempts, m.next_try_at, "
        "m.changed_at, m.answer FROM mail m JOIN statement s USING (statement_id) "
        "WHERE %(state)s::text IS NULL OR m.state = %(state)s ORDER BY m.mail_id LIMIT %(limit)s",
        {"state": str(state) if state else None, "limit": limit},
    )
    return [
        ListedLetter(row[0], DocumentNumber(row[1], row[2]), MailState(row[3]), *row[4:])
        for row in rows
    ]
