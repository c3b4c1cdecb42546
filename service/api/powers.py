"""What one of several people of a party, or one of the operators, may do: routes by what they take.

A route that is not named here takes the power to look, or to change where it changes something: so
a new one is closed to viewers until somebody opens it.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from fastapi import Request

from service.ledger.errors import LedgerError
from service.store.people import Person

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Power(StrEnum):
    """What a route takes."""

    SELF = "self"
    READ = "read"
    MONEY = "money"
    CHANGE_MONEY = "change-money"
    KEYS = "keys"
    WEBHOOKS = "webhooks"
    MEMBERS = "members"
    CHANGE = "change"


_EVERYTHING = frozenset(Power)
_LOOKS = frozenset({Power.SELF, Power.READ})
_OF_PARTY: Mapping[str, frozenset[Power]] = MappingProxyType(
    {
        "owner": _EVERYTHING,
        "developer": _LOOKS | {Power.KEYS, Power.WEBHOOKS, Power.CHANGE},
        "finance": _LOOKS | {Power.MONEY, Power.CHANGE_MONEY},
        "viewer": _LOOKS,
    }
)
_OF_OPERATORS: Mapping[str, frozenset[Power]] = MappingProxyType(
    {
        "admin": _EVERYTHING,
        "finance": _LOOKS | {Power.MONEY, Power.CHANGE_MONEY},
        "viewer": _LOOKS | {Power.MONEY},
    }
)

_SELF = re.compile(r"/v1/session(/.*)?|/v1/sessions(/.*)?|/account(?!/members).*|/logout|/")
_MEMBERS = re.compile(r"/v1/members.*|/account/members.*|/v1/acts|/operator/people.*")
_KEYS = re.compile(r"/v1/keys.*|(/vendor)?/keys.*")
_WEBHOOKS = re.compile(r"/v1/webhook.*|(/vendor|/account)?/webhook.*")
_MONEY = re.compile(
    r"/v1/(statements|money|payouts|payout-runs|payees|pools|vendor-statements|reconciliations"
    r"|periods|accounts|entries|line-disputes|tax|receipts(?!/)|advances|rehearsals)\b.*"
    r"|/home|/statements.*|/payouts?.*|/payee.*|/money.*|/vendor/(statements|money|invoices|owed).*"
    r"|/operator/(periods|balances|accounts|entries|statements|payouts|payout-runs|pools|receipts"
    r"|reconciliations|line-disputes|vendors/.*/receipts)\b.*"
)


class PowerMissing(LedgerError):
    """Somebody of the right party asked whose own role does not reach so far."""

    def __init__(self, member_role: str, power: Power) -> None:
        super().__init__(
            f"your role {member_role} may not do this: it takes the power {power}",
            member_role=member_role,
            power=str(power),
        )


class SecondFactorNeeded(LedgerError):
    """This installation lets no operator work without a second factor."""

    def __init__(self) -> None:
        super().__init__("set up a second factor first, under /account")


def power_for(method: str, template: str) -> Power:
    """Return what a route takes, by its method and its template like ``/v1/keys/{key_id}``."""
    is_safe = method in _SAFE
    if _SELF.fullmatch(template):
        return Power.SELF
    if _MEMBERS.fullmatch(template):
        return Power.READ if is_safe and template == "/v1/members" else Power.MEMBERS
    if _KEYS.fullmatch(template):
        return Power.READ if is_safe else Power.KEYS
    if _WEBHOOKS.fullmatch(template):
        return Power.READ if is_safe else Power.WEBHOOKS
    if _MONEY.fullmatch(template):
        return Power.MONEY if is_safe else Power.CHANGE_MONEY
    return Power.READ if is_safe else Power.CHANGE


def powers_of(person: Person) -> frozenset[Power]:
    """Return what somebody may do by their own role."""
    if person.role == "operator":
        return _OF_OPERATORS[person.member_role]
    return _OF_PARTY[person.member_role]


def may(person: Person, power: str) -> bool:
    """Whether somebody may do this; for pages that show only what works."""
    return Power(power) in powers_of(person)


def check_power(request: Request, person: Person) -> None:
    """Raise PowerMissing or SecondFactorNeeded where a route takes more than the asker has."""
    template = getattr(request.scope.get("route"), "path_format", request.url.path)
    power = power_for(request.method, template)
    is_operator = person.role == "operator"
    settings = request.app.state.context.settings
    if (
        power is not Power.SELF
        and is_operator
        and settings.operators_need_second_factor
        and not person.has_factor
    ):
        raise SecondFactorNeeded
    if power not in powers_of(person):
        raise PowerMissing(person.member_role, power)
