"""Money: an int of nanos (10^-9 of the major unit) and an ISO 4217 code. Decimal in, string out."""

import re
from dataclasses import dataclass

from service.ledger.errors import LedgerError

NANOS_PER_UNIT = 1_000_000_000
MAX_NANOS = 2**63 - 1
"""Largest amount of one posting: about 9.2 billion major units."""

PPM = 1_000_000
_NANO_DIGITS = 9

_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_MINOR_DIGITS = dict.fromkeys(_NO_MINOR.split(), 0) | dict.fromkeys(_THREE_DIGITS.split(), 3)
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class BadAmount(LedgerError):
    """Text is not an amount of money."""

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(f"{text[:40]!r} is not an amount: {rule}", text=text[:40], rule=rule)


class BadCurrency(LedgerError):
    """Text is not a currency code."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not an ISO 4217 code of three capitals", text=text[:40])


class CurrencyMixed(LedgerError):
    """Two currencies met where one was meant."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} were added", left=left, right=right)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount of one currency; ``nanos`` is signed."""

    nanos: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMixed(self.currency, other.currency)
        return Money(self.nanos + other.nanos, self.currency)

    def __str__(self) -> str:
        return f"{format_nanos(self.nanos)} {self.currency}"


def check_currency(code: str) -> str:
    """Return ``code`` if it has the form of an ISO 4217 code, else raise BadCurrency."""
    if not _CURRENCY.fullmatch(code):
        raise BadCurrency(code)
    return code


def minor_unit_nanos(currency: str) -> int:
    """Nanos of the smallest unit a bank moves: a cent for USD, a yen for JPY, a fils for KWD."""
    return int(NANOS_PER_UNIT // 10 ** _MINOR_DIGITS.get(currency, 2))


def floor_to_minor(nanos: int, currency: str) -> int:
    """Round down to whole minor units; a negative amount is payable to nobody, so zero."""
    return max(nanos, 0) // minor_unit_nanos(currency) * minor_unit_nanos(currency)


def parse_nanos(text: str) -> int:
    """Read a plain decimal (``12.5``, ``-0.000000001``) as nanos, exactly.

    At most 12 digits before and 9 after the point; no exponent, sign ``+``, blanks or other
    scripts.
    """
    if not _AMOUNT.fullmatch(text):
        rule = "write digits with at most 12 before and 9 after the point, like 12.50"
        raise BadAmount(text, rule)
    whole, _, part = text.partition(".")
    nanos = int(whole + part.ljust(_NANO_DIGITS, "0"))
    if abs(nanos) > MAX_NANOS:
        raise BadAmount(text, f"the largest amount is {format_nanos(MAX_NANOS)}")
    return nanos


def format_nanos(nanos: int, *, digits: int | None = None) -> str:
    """Print nanos as a plain decimal: at least two digits after the point, no rounding.

    With ``digits`` the amount is cut to that many for tables, toward zero.
    """
    sign = "-" if nanos < 0 else ""
    whole, part = divmod(abs(nanos), NANOS_PER_UNIT)
    if digits is not None:
        decimals = f"{part:09d}"[:digits]
        return f"{sign}{whole}.{decimals}" if digits else f"{sign}{whole}"
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"
