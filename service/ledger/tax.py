"""Withholding tax: rules on file with validity dates. Which rule is right is nobody's advice."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.ledger.errors import LedgerError
from service.ledger.money import PPM, floor_to_minor

NO_ADVICE = "Rules are as the operator put them on file; nothing here is tax advice."

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_MAX_CODE = 40
MAX_PPM = 900_000


class PayeeKind(StrEnum):
    """Who is paid, as far as tax asks."""

    PERSON = "person"
    COMPANY = "company"


class BadTaxRule(LedgerError):
    """A rule cannot be put on file."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"tax rule: {place} {rule}", place=place, rule=rule)


@dataclass(frozen=True, slots=True)
class TaxRule:
    """What is withheld of a payout: ``ppm`` of the gross, from a day on, until one if it has one.

    ``payee_kind`` and ``payee_id`` narrow a rule; None: every payee of the country. ``source``
    names the law or treaty it was taken from.
    """

    tax_rule_id: int
    code: str
    country: str
    payee_kind: PayeeKind | None
    payee_id: int | None
    ppm: int
    valid_from: date
    valid_until: date | None
    source: str

    def applies(self, *, country: str, kind: PayeeKind, payee_id: int, day: date) -> bool:
        """Whether the rule is about this payee and valid on the day."""
        return (
            self.country == country
            and self.payee_kind in {None, kind}
            and self.payee_id in {None, payee_id}
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


def check(code: str, *, ppm: int, valid_from: date, valid_until: date | None) -> None:
    """Raise BadTaxRule for what no rule can be."""
    if len(code) > _MAX_CODE or not _CODE.fullmatch(code):
        raise BadTaxRule("code", f"{code[:60]!r} is not lower-case words joined by hyphens")
    if not 0 <= ppm <= MAX_PPM:
        raise BadTaxRule("rate", f"{ppm} ppm is not between 0 and {MAX_PPM:,}")
    if valid_until is not None and valid_until < valid_from:
        raise BadTaxRule("validity", f"ends {valid_until}, before it begins {valid_from}")


def rule_for(
    rules: Iterable[TaxRule], *, country: str, kind: PayeeKind, payee_id: int, day: date
) -> TaxRule | None:
    """Return the rule that counts, None where none is on file: then nothing is withheld.

    A payee's own comes before one of its kind, that before its country's; of equals the one that
    began last, of those the one put on file last.
    """
    found = [
        rule
        for rule in rules
        if rule.applies(country=country, kind=kind, payee_id=payee_id, day=day)
    ]
    return max(
        found,
        key=lambda r: (
            r.payee_id is not None,
            r.payee_kind is not None,
            r.valid_from,
            r.tax_rule_id,
        ),
        default=None,
    )


def withheld(gross_nanos: int, ppm: int, currency: str) -> int:
    """Return the tax on what is paid, rounded down to the minor unit in the holder's favour."""
    return floor_to_minor(gross_nanos * ppm // PPM, currency)
