"""A payee: who is paid, where, and what must be known of it before a first payout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from service.ledger.errors import LedgerError
from service.ledger.money import check_currency
from service.ledger.tax import PayeeKind

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
MAX_LINES = 3


class BadCountry(LedgerError):
    """Text is not a country code."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not an ISO 3166 code of two capitals", text=text[:40])


class CheckKind(StrEnum):
    """What is checked before a first payout."""

    IDENTITY = "identity"
    WARRANTY = "warranty"
    SANCTIONS = "sanctions"


class CheckOutcome(StrEnum):
    """What a check came to; a hit waits for an operator's decision."""

    PASSED = "passed"
    FAILED = "failed"
    HIT = "hit"


class ProfileMissing(LedgerError):
    """Nobody has said who a payee is: legal name, country and currency."""

    def __init__(self, payee_id: int) -> None:
        super().__init__(f"payee {payee_id} has no profile", payee_id=payee_id)


class AccountMissing(LedgerError):
    """A payee has not said where it wants to be paid."""

    def __init__(self, payee_id: int) -> None:
        super().__init__(f"payee {payee_id} has given no account", payee_id=payee_id)


class AccountCooling(LedgerError):
    """An account was changed a short time ago: nothing is paid to it yet, nor to the old one."""

    def __init__(self, payee_id: int, *, until: datetime) -> None:
        super().__init__(
            f"the account of payee {payee_id} was changed; it is paid from {until:%Y-%m-%d} on",
            payee_id=payee_id,
            until=until.isoformat(),
        )


class CheckMissing(LedgerError):
    """A check that a first payout needs has not been made."""

    def __init__(self, payee_id: int, kind: CheckKind) -> None:
        super().__init__(
            f"the {kind} of payee {payee_id} has not been checked"
            if kind is CheckKind.IDENTITY
            else f"payee {payee_id} has no {kind} check",
            payee_id=payee_id,
            kind=str(kind),
        )


class CheckNotPassed(LedgerError):
    """A check failed, or its hit waits for an operator's decision."""

    def __init__(self, payee_id: int, kind: CheckKind, outcome: CheckOutcome) -> None:
        super().__init__(
            f"the {kind} check of payee {payee_id} is {outcome}: an operator decides",
            payee_id=payee_id,
            kind=str(kind),
            outcome=str(outcome),
        )


class CheckExpired(LedgerError):
    """A check was made, and must be made again."""

    def __init__(self, payee_id: int, kind: CheckKind, *, on: date) -> None:
        super().__init__(
            f"the {kind} check of payee {payee_id} expired on {on}",
            payee_id=payee_id,
            kind=str(kind),
            on=on.isoformat(),
        )


class PayeeDeceased(LedgerError):
    """A payee has died, and nobody is recorded who is paid in its place."""

    def __init__(self, payee_id: int, *, on: date) -> None:
        super().__init__(
            f"payee {payee_id} died on {on}: payments wait for an heir or estate",
            payee_id=payee_id,
            on=on.isoformat(),
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


@dataclass(frozen=True, slots=True)
class Check:
    """The newest check of a kind. ``expires_on``: its last day; None: it does not expire."""

    outcome: CheckOutcome
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a payee is paid, without its number. ``usable_at``: the end of the cooling period."""

    account_id: int
    method: str
    masked: str
    usable_at: datetime


@dataclass(frozen=True, slots=True)
class Payee:
    """All that decides whether a party may be paid. ``died_on``: None for the living."""

    payee_id: int
    profile: Profile | None
    account: Account | None
    checks: Mapping[CheckKind, Check]
    died_on: date | None = None


def obstacles(payee: Payee, *, now: datetime) -> list[LedgerError]:
    """Return everything that keeps a payee from being paid now, the gravest first."""
    found = list[LedgerError]()
    number, day = payee.payee_id, now.date()
    if payee.died_on is not None:
        found.append(PayeeDeceased(number, on=payee.died_on))
    if payee.profile is None:
        found.append(ProfileMissing(number))
    for kind in CheckKind:
        check = payee.checks.get(kind)
        if check is None:
            found.append(CheckMissing(number, kind))
        elif check.outcome is not CheckOutcome.PASSED:
            found.append(CheckNotPassed(number, kind, check.outcome))
        elif check.expires_on is not None and check.expires_on < day:
            found.append(CheckExpired(number, kind, on=check.expires_on))
    if payee.account is None:
        found.append(AccountMissing(number))
    elif payee.account.usable_at > now:
        found.append(AccountCooling(number, until=payee.account.usable_at))
    return found


def check_country(code: str) -> str:
    """Return ``code`` if it has the form of an ISO 3166 code, else raise BadCountry."""
    if not _COUNTRY.fullmatch(code):
        raise BadCountry(code)
    return code
