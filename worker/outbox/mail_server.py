"""A mail server that takes letters by SMTP, and what may come of asking it."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from service.ledger.errors import LedgerError

_PORTS = {"smtp": 587, "smtps": 465}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REFUSED_FOR_GOOD = 500


class BadMailServer(LedgerError):
    """A setting does not name a mail server."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"WELLSPRING_SMTP_URL: {rule}", place="smtp_url", rule=rule)


class NotTaken(Exception):
    """A letter was surely not taken; another try may do."""


class RefusedForGood(Exception):
    """A letter was surely not taken, and another try would not be."""


class MaybeTaken(Exception):
    """The answer to a whole letter did not come: it may have been taken."""


class MailServer(Protocol):
    """Takes letters."""

    def send(self, message: bytes, *, sender: str, recipient: str) -> str:
        """Send a letter and return the answer; raise NotTaken, RefusedForGood, MaybeTaken."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server by its address; TLS from the start or by STARTTLS where it is offered."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str
    timeout_seconds: float = 30

    @classmethod
    def at(cls, url: str) -> "SmtpServer":
        """Read ``smtp://user:password@host:587`` or ``smtps://...``; raise BadMailServer."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadMailServer(f"is no URL: {error}") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise BadMailServer("write it like smtp://user:password@host:587 or smtps://...")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        chosen = port or _PORTS[parts.scheme]
        return cls(parts.hostname, chosen, parts.scheme == "smtps", user, password)

    def send(self, message: bytes, *, sender: str, recipient: str) -> str:
        """Send a letter and return the answer; raise NotTaken, RefusedForGood, MaybeTaken."""
        try:
            server = self._connected()
        except (smtplib.SMTPException, OSError) as error:
            raise NotTaken(_told(error)) from None
        try:
            self._secure(server)
            _expect(server.mail(sender))
            _expect(server.rcpt(recipient))
            return _hand_over(server, message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotTaken(_told(error)) from None
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # whatever it answers, the letter is taken or not by now

    def _connected(self) -> smtplib.SMTP:
        if self.is_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_seconds, context=context
            )
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if not self.is_tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self.is_tls and self.user and self.host not in _LOOPBACK:
            raise NotTaken("the server offers no TLS: the password is not sent in the clear")
        if self.user:
            server.login(self.user, self.password)


def _hand_over(server: smtplib.SMTP, message: bytes) -> str:
    """Send the letter itself; from here on silence means that it may have been taken."""
    try:
        return _expect(server.data(message))
    except smtplib.SMTPDataError as error:  # refused before the letter was sent
        return _expect((error.smtp_code, error.smtp_error))
    except (smtplib.SMTPException, OSError) as error:
        raise MaybeTaken(_told(error)) from None


def _expect(answer: tuple[int, bytes | str]) -> str:
    code, said = answer
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    told = f"{code} {' '.join(text.split())}"[:500]
    if code >= _REFUSED_FOR_GOOD:
        raise RefusedForGood(told)
    if code >= 400:  # noqa: PLR2004 - SMTP: 4xx is for now, 5xx for good
        raise NotTaken(told)
    return told


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
