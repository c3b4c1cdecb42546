"""Letters about accounts: written to the outbox folder, and sent where a mail server is set.

Sent twice at worst, where a worker dies after the server took it: both carry the same link, which
is good once. The file has no name of anybody in its own.
"""

from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from service.settings import Settings
from service.store import account_letters, key_ring, mail
from service.store.account_letters import AccountLetter, LetterKind
from service.store.database import Database, unit_of_work
from service.store.key_ring import KeyRing
from service.store.mail import BadAddress
from worker.outbox.delivery import Outbox, outbox_of
from worker.outbox.mail_server import MaybeTaken, NotTaken, RefusedForGood
from worker.rendering import put

SENDER = "no-reply@wellspring.invalid"
"""Of letters that are files only, on an installation that names no sender."""

_SAID = {
    LetterKind.SIGN_UP: (
        "Confirm your address",
        (
            "Somebody, we hope you, wants to register works with Wellspring under this address. "
            "Choose a name and a password here, within two days:"
        ),
        "/sign-up/",
    ),
    LetterKind.EXISTS: (
        "You have an account already",
        (
            "Somebody, perhaps you, wanted to sign up with this address, which has an account. "
            "Nothing was changed. If you have forgotten your password, ask for a new one:"
        ),
        "/forgot",
    ),
    LetterKind.RESET: (
        "A new password",
        (
            "Somebody, we hope you, asked for a new password of this account. Choose one here, "
            "within an hour; if it was not you, do nothing:"
        ),
        "/reset/",
    ),
    LetterKind.ADDRESS: (
        "Confirm your new address",
        "This address is to be the login of your account. Confirm it here, within a day:",
        "/account/address/",
    ),
    LetterKind.INVITATION: (
        "You are invited",
        (
            "You are invited to work with others on one account. Choose a name and a password "
            "here, within a week:"
        ),
        "/invitations/",
    ),
    LetterKind.CHANGED: (
        "Your account was changed",
        (
            "The password, the address or the second factor of your account was changed, and its "
            "other sessions have ended. If it was not you, ask for a new password at once:"
        ),
        "/forgot",
    ),
}


def account_outbox(settings: Settings) -> Outbox:
    """Return the outbox; without a sender an embedded installation writes files all the same."""
    if settings.mail_from or not settings.embedded:
        return outbox_of(settings)
    return Outbox(settings.outbox or settings.home / "outbox", SENDER, None)


def deliver_account_letters(
    database: Database, settings: Settings, *, clock: Callable[[], datetime]
) -> int:
    """Deliver every letter that is due; return how many were tried."""
    if not settings.mail_from and not settings.embedded:
        return 0
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    ring = key_ring.load(given, settings.home, embedded=settings.embedded)
    outbox, tried = account_outbox(settings), 0
    while _deliver_next(database, outbox, ring, settings, clock=clock):
        tried += 1
    return tried


def message_of(letter: AccountLetter, url: str, *, sender: str, at: datetime) -> bytes:
    """Write a letter as a message; raise BadAddress."""
    subject, text, _ = _SAID[letter.kind]
    sent_from = mail.check_address(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Wellspring", addr_spec=sent_from)
    message["To"] = Address(addr_spec=mail.check_address(letter.address))
    message["Subject"] = f"Wellspring: {subject}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<account-{letter.letter_id}@{sent_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{text}\n\n{url}\n", cte="8bit")
    return message.as_bytes()


def url_of(letter: AccountLetter, ring: KeyRing, settings: Settings) -> str:
    """Return the address in a letter: of the settings, never of a request's own Host."""
    site = settings.public_url or f"http://{settings.host}:{settings.port}"
    path = _SAID[letter.kind][2]
    link = account_letters.link_of(letter, ring) if letter.expires_at else ""
    return f"{site.rstrip('/')}{path}{link}"


def _deliver_next(
    database: Database,
    outbox: Outbox,
    ring: KeyRing,
    settings: Settings,
    *,
    clock: Callable[[], datetime],
) -> bool:
    with unit_of_work(database) as session:
        letter = account_letters.claim(session, now=clock())
    if letter is None:
        return False
    number = letter.letter_id
    try:
        url = url_of(letter, ring, settings)
        message = message_of(letter, url, sender=outbox.sender, at=clock())
        if outbox.server is None:
            outbox.folder.mkdir(parents=True, exist_ok=True)
            put(outbox.folder / f"account-{number}.eml", message)
            answer = f"account-{number}.eml"
        else:
            answer = outbox.server.send(message, sender=outbox.sender, recipient=letter.address)
    except (NotTaken, MaybeTaken) as error:
        with unit_of_work(database) as session:
            account_letters.failed(session, letter, answer=str(error), now=clock())
    except (RefusedForGood, BadAddress) as error:
        with unit_of_work(database) as session:
            account_letters.ended(session, number, is_sent=False, answer=str(error))
    else:
        with unit_of_work(database) as session:
            account_letters.ended(session, number, is_sent=True, answer=answer)
    return True
