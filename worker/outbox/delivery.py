"""Delivery of letters: each is written to the outbox folder, and sent where a mail server is set.

No letter is sent twice, whatever dies when. A file has the same name and bytes each time. A mail
server is asked only after the row says so: a letter whose answer never came stays as sending.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from service.api.statement_documents import load
from service.documents.figures import BadLocale
from service.ledger.errors import LedgerError
from service.settings import Settings
from service.store import mail
from service.store.database import Database, unit_of_work
from service.store.mail import BadAddress, Letter, MailState
from service.store.mode import check_live
from worker.outbox.letters import message_of
from worker.outbox.mail_server import (
    MailServer,
    MaybeTaken,
    NotTaken,
    RefusedForGood,
    SmtpServer,
)
from worker.rendering import FolderRefused, put
from worker.workplace import Workplace

STEP_SECONDS = 2.0

Clock = Callable[[], datetime]


class NoSender(LedgerError):
    """Letters have no address to come from."""

    def __init__(self) -> None:
        rule = "set the address that letters come from"
        super().__init__(f"WELLSPRING_MAIL_FROM: {rule}", place="mail_from", rule=rule)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where letters go: a folder, and a mail server where there is one."""

    folder: Path
    sender: str
    server: MailServer | None


def outbox_of(settings: Settings) -> Outbox:
    """Return the outbox of the settings; raise NoSender, BadMailServer, BadAddress."""
    if not settings.mail_from:
        raise NoSender
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    return Outbox(
        settings.outbox or settings.home / "outbox",
        mail.check_address(settings.mail_from),
        SmtpServer.at(url) if url else None,
    )


def deliver(place: Workplace) -> bool:
    """Deliver letters that are due for one step, where letters have a sender; whether more may."""
    if not place.settings.mail_from:
        return False
    outbox, started = outbox_of(place.settings), monotonic()
    while deliver_next(place.database, outbox, clock=place.clock):
        if monotonic() - started > STEP_SECONDS:
            return True
    return False


def deliver_all(database: Database, outbox: Outbox, *, clock: Clock) -> int:
    """Deliver every letter that is due; return how many were tried. Raises FolderRefused."""
    tried = 0
    while deliver_next(database, outbox, clock=clock):
        tried += 1
    return tried


def deliver_next(database: Database, outbox: Outbox, *, clock: Clock) -> bool:
    """Deliver the first letter that is due and nobody holds; whether there was one."""
    with unit_of_work(database) as session:
        check_live(session, "a letter")
        letter = mail.claim(session, now=clock())
        if not letter:
            return False
        try:
            document = load(session, str(letter.number))
            message = message_of(letter, document, sender=outbox.sender)
        except (BadAddress, BadLocale) as error:
            refused = MailState.REFUSED
            mail.ended(session, letter.mail_id, refused, answer=error.sentence, now=clock())
            return True
        path = outbox.folder / f"{letter.number}.eml"
        _put(path, message)
        if outbox.server is None:
            mail.ended(session, letter.mail_id, MailState.SENT, answer=path.name, now=clock())
            return True
        mail.sending(session, letter.mail_id, now=clock())
    _send(database, outbox.server, letter, message, sender=outbox.sender, clock=clock)
    return True


def _put(path: Path, message: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderRefused(path.parent, f"cannot be made: {error.strerror}") from None
    put(path, message)


def _send(
    database: Database,
    server: MailServer,
    letter: Letter,
    message: bytes,
    *,
    sender: str,
    clock: Clock,
) -> None:
    """Ask the mail server outside of every transaction, then keep what it said."""
    try:
        answer = server.send(message, sender=sender, recipient=letter.address)
    except NotTaken as error:
        with unit_of_work(database) as session:
            mail.failed(session, letter.mail_id, answer=str(error), now=clock())
    except RefusedForGood as error:
        with unit_of_work(database) as session:
            state = MailState.REFUSED
            mail.ended(session, letter.mail_id, state, answer=str(error), now=clock())
    except MaybeTaken as error:
        with unit_of_work(database) as session:
            mail.unsure(session, letter.mail_id, answer=str(error), now=clock())
    else:
        with unit_of_work(database) as session:
            mail.ended(session, letter.mail_id, MailState.SENT, answer=answer, now=clock())
