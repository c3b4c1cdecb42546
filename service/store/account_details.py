"""Account data: an IBAN, an account number with its bank, or an e-mail address of a wallet.

It is checked here, shown masked and kept sealed; no refusal repeats what was given.
"""

import json
import re
from dataclasses import dataclass

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from service.ledger.errors import LedgerError

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/-]{1,32}[A-Z0-9]", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9_][^@\s\x00-\x1f]{0,63}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_MAX_EMAIL = 254
BANK, WALLET = "bank", "wallet"


class BadAccount(LedgerError):
    """Account data is none, or not whole; what was given is not repeated."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


@dataclass(frozen=True, slots=True, repr=False)
class AccountDetails:
    """Where money goes: of a bank ``iban`` or ``number`` with ``bic``, of a wallet ``email``."""

    iban: str = ""
    number: str = ""
    bic: str = ""
    email: str = ""

    def __repr__(self) -> str:
        return f"AccountDetails({self.masked})"

    @property
    def method(self) -> str:
        """How it is paid: by the bank's file or the wallet's."""
        return WALLET if self.email else BANK

    @property
    def masked(self) -> str:
        """What may be shown: enough for its owner to know it by."""
        if self.email:
            name, _, host = self.email.partition("@")
            return f"{name[0]}***@{host}"
        if self.iban:
            return f"{self.iban[:2]}** **** {self.iban[-4:]}"
        return f"**** {self.number[-3:]} at {self.bic[:6]}"

    def as_bytes(self) -> bytes:
        """Return what is sealed."""
        fields = {"iban": self.iban, "number": self.number, "bic": self.bic, "email": self.email}
        return json.dumps(fields, sort_keys=True).encode()


def read_bytes(content: bytes) -> AccountDetails:
    """Inverse of ``as_bytes``."""
    return AccountDetails(**json.loads(content))


def checked(
    *, iban_text: str = "", number: str = "", bic_text: str = "", email: str = ""
) -> AccountDetails:
    """Return account data in its plain form; raise BadAccount naming the field and the rule."""
    given = [name for name, value in _named(iban_text, number, email).items() if value.strip()]
    if len(given) != 1:
        raise BadAccount("account", "give one of iban, number (with bic) or email")
    if email.strip():
        return AccountDetails(email=_email(email))
    bank = _bic(bic_text)
    if number.strip():
        if not bank:
            raise BadAccount("bic", "must be given with an account number")
        plain = number.strip().upper().replace(" ", "")
        if not _NUMBER.fullmatch(plain):
            raise BadAccount("number", "has 3 to 34 letters, digits, hyphens or slashes")
        return AccountDetails(number=plain, bic=bank)
    try:
        plain = iban.validate(iban_text)
    except ValidationError as error:
        raise BadAccount("iban", f"is none: {_said(error)}") from None
    if bank and bank[4:6] != plain[:2]:
        raise BadAccount("bic", "is of another country than the iban")
    return AccountDetails(iban=plain, bic=bank)


def _named(iban_text: str, number: str, email: str) -> dict[str, str]:
    return {"iban": iban_text, "number": number, "email": email}


def _bic(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return str(bic.validate(text))
    except ValidationError as error:
        raise BadAccount("bic", f"is none: {_said(error)}") from None


def _email(text: str) -> str:
    name, _, host = text.strip().rpartition("@")
    plain = f"{name}@{host.lower()}"
    if len(plain) > _MAX_EMAIL or not _EMAIL.fullmatch(plain):
        raise BadAccount("email", "is no e-mail address")
    return plain


def _said(error: ValidationError) -> str:
    """Say what is wrong without the number: the check digits, the length or the form."""
    return {
        "InvalidChecksum": "the check digits are wrong",
        "InvalidLength": "the length is wrong",
        "InvalidComponent": "the country or bank in it does not exist",
    }.get(type(error).__name__, "the form is wrong")
