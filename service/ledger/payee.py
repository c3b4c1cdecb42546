"""A payee: who is paid, where, and what must be known of it before."""

import re
from dataclasses import dataclass

from service.ledger.errors import LedgerError
from service.ledger.money import check_currency
from service.ledger.tax import PayeeKind

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
MAX_LINES = 3


class BadCountry(LedgerError):
    """Text is not a country code."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not an ISO 3166 code of two capitals", text=text[:40])


class ProfileMissing(LedgerError):
    """Nobody has said who a payee is: legal name, country and currency."""

    def __init__(self, number: str, *, payee_id: int) -> None:
        super().__init__(
            f"statement {number} waits: payee {payee_id} has no profile",
            number=number,
            payee_id=payee_id,
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is paid. ``address``: at most three lines; ``invoice``: wants self-billing invoices."""

    legal_name: str
    country: str
    kind: PayeeKind
    currency: str
    address: tuple[str, ...] = ()
    tax_number: str = ""
    invoice: bool = False

    def __post_init__(self) -> None:
        check_country(self.country)
        check_currency(self.currency)


def check_country(code: str) -> str:
    """Return ``code`` if it has the form of an ISO 3166 code, else raise BadCountry."""
    if not _COUNTRY.fullmatch(code):
        raise BadCountry(code)
    return code
