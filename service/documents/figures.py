"""How figures are written: plain for programs, or as the readers of a place write them, exactly."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, parse_pattern

from service.ledger.errors import LedgerError
from service.ledger.money import NANOS_PER_UNIT, format_nanos, minor_unit_nanos

_LONGEST_NAME = 20
_NANO_DIGITS = 9
_PPM_DIGITS = 4
"""Digits of a share in percent."""


class BadLocale(LedgerError):
    """Text names no locale whose figures are known."""

    def __init__(self, name: str) -> None:
        rule = "name a language and, if wanted, a country: de, pt-BR, de_CH"
        super().__init__(
            f"{name[:40]!r} is no locale: {rule}", name=name[:40], place="locale", rule=rule
        )


class Figures(Protocol):
    """Writes figures; nothing is rounded whatever the manner."""

    def amount(self, nanos: int) -> str:
        """Write an amount without its currency."""
        ...

    def of(self, currency: str) -> "Figures":
        """Return the same manner for amounts of another currency."""
        ...

    def count(self, number: int) -> str:
        """Write a number of things."""
        ...

    def percent(self, share_ppm: int) -> str:
        """Write a share with its sign."""
        ...


@dataclass(frozen=True, slots=True)
class PlainFigures:
    """A point for decimals and, of counts alone, commas between thousands."""

    def amount(self, nanos: int) -> str:
        """Write ``7.29`` or ``-0.000000001``: at least two digits after the point."""
        return format_nanos(nanos)

    def of(self, _currency: str) -> "PlainFigures":
        """Return these: any currency is written the same."""
        return self

    def count(self, number: int) -> str:
        """Write ``1,500,000``."""
        return f"{number:,}"

    def percent(self, share_ppm: int) -> str:
        """Write ``33.3333 %``."""
        return f"{percent_of(share_ppm)} %"


@dataclass(frozen=True, slots=True)
class LocalFigures:
    """As a locale writes them by CLDR, with as many digits as the exact figure has.

    At least the digits of the currency's minor unit are written: none for JPY, three for KWD.
    """

    locale: Locale
    currency: str

    def amount(self, nanos: int) -> str:
        """Write ``1.234,50`` in German, ``12,34,567.29`` in Hindi."""
        least = len(str(NANOS_PER_UNIT // minor_unit_nanos(self.currency))) - 1
        return self._written(Decimal(nanos).scaleb(-_NANO_DIGITS), least, _NANO_DIGITS)

    def of(self, currency: str) -> "LocalFigures":
        """Return the same locale for amounts of another currency."""
        return LocalFigures(self.locale, currency)

    def count(self, number: int) -> str:
        """Write ``1.500.000`` in German."""
        return self._written(Decimal(number), 0, 0)

    def percent(self, share_ppm: int) -> str:
        """Write ``33,3333 %`` in German."""
        share = Decimal(share_ppm).scaleb(-_PPM_DIGITS)
        return f"{self._written(share, 0, _PPM_DIGITS)} %"

    def _written(self, number: Decimal, least: int, most: int) -> str:
        pattern = _pattern(self.locale, least, most)
        return str(pattern.apply(number, self.locale, decimal_quantization=False))


def figures_for(locale: str | None, currency: str) -> Figures:
    """Return the figures of a locale, or plain ones where none is asked for; raise BadLocale."""
    return LocalFigures(locale_named(locale), currency) if locale else PlainFigures()


def percent_of(share_ppm: int) -> str:
    """Print a share in ppm as an exact percentage: ``60``, ``33.3333``."""
    whole, part = divmod(share_ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".")


@lru_cache(maxsize=256)
def locale_named(name: str) -> Locale:
    """Return a locale by its name, with ``-`` or ``_`` between the parts; raise BadLocale."""
    if len(name) > _LONGEST_NAME:
        raise BadLocale(name)
    try:
        return Locale.parse(name.replace("-", "_"))
    except (ValueError, TypeError, UnknownLocaleError):
        raise BadLocale(name) from None


@lru_cache(maxsize=1_024)
def _pattern(locale: Locale, least: int, most: int) -> NumberPattern:
    """Return the locale's own grouping and sign with so many digits after the point."""
    pattern = parse_pattern(locale.decimal_formats[None].pattern)
    pattern.frac_prec = (least, most)
    return pattern
