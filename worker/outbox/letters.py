"""A letter as the bytes of a message (RFC 5322): text and page, the same each time it is made."""

import hashlib
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from service.documents.figures import figures_for
from service.documents.statement_document import StatementDocument
from service.documents.statement_letter import statement_letter
from service.store.mail import Letter, check_address

_MOST_NAME_CHARS = 60
_MARK_CHARS = 24


def message_of(letter: Letter, document: StatementDocument, *, sender: str) -> bytes:
    """Write a letter as a message; raise BadAddress.

    Its Message-ID is that of the document: a reader who gets it twice sees one. No header takes
    more of a name than one line of printable text.
    """
    said = statement_letter(
        document, figures_for(letter.locale or None, document.statement.currency)
    )
    sent_from = check_address(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(addr_spec=sent_from)
    message["To"] = Address(
        _header_text(document.holder_name), addr_spec=check_address(letter.address)
    )
    message["Subject"] = said.subject
    message["Date"] = format_datetime(letter.queued_at)
    message["Message-ID"] = f"<statement-{document.number}@{sent_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(said.text)
    message.add_alternative(said.html, subtype="html")
    message["Content-Language"] = "en"
    mark = hashlib.sha256(f"{document.number}\n{said.text}\n{said.html}".encode()).hexdigest()
    message.set_boundary(f"={mark[:_MARK_CHARS]}=")
    return message.as_bytes()


def _header_text(name: str) -> str:
    """Return a name as one line without controls, separators or marks of direction."""
    kept = "".join(sign if unicodedata.category(sign)[0] not in "CZ" else " " for sign in name)
    return " ".join(kept.split())[:_MOST_NAME_CHARS]
