"""Exchange: a rate on file as a ratio of whole numbers, and what it makes of an amount."""

import re
from dataclasses import dataclass
from datetime import date

from service.ledger.errors import LedgerError
from service.ledger.money import minor_unit_nanos

_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?", re.ASCII)


class BadRate(LedgerError):
    """Text is not a rate of exchange."""

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(f"{text[:40]!r} is not a rate: {rule}", text=text[:40], rule=rule)


class NoRate(LedgerError):
    """A payee wants another currency and no rate for it is on file, or only an old one."""

    def __init__(self, source: str, target: str, *, day: date, newest: date | None) -> None:
        seen = f"the newest is of {newest}" if newest else "there is none"
        super().__init__(
            f"no rate from {source} to {target} is on file for {day}: {seen}",
            source=source,
            target=target,
            day=day.isoformat(),
            newest=newest.isoformat() if newest else None,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of ``source`` is numerator / denominator units of ``target``.

    ``day`` and ``origin`` (who published it) are printed wherever it was used.
    """

    rate_id: int
    source: str
    target: str
    numerator: int
    denominator: int
    day: date
    origin: str

    def __str__(self) -> str:
        return format_ratio(self.numerator, self.denominator)

    def buys(self, nanos: int) -> int:
        """Return what an amount buys, rounded down to the minor unit of the target."""
        unit = minor_unit_nanos(self.target)
        return nanos * self.numerator // (self.denominator * unit) * unit

    def costs(self, nanos: int) -> int:
        """Return the smallest amount that buys so much of the target."""
        return -(-nanos * self.denominator // self.numerator)


def parse_ratio(text: str) -> tuple[int, int]:
    """Read a plain positive decimal exactly as numerator and denominator, a power of ten."""
    if not _RATE.fullmatch(text):
        rule = "write digits with at most 9 before and 12 after the point, like 149.23"
        raise BadRate(text, rule)
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    numerator = int(whole + part)
    if not numerator:
        raise BadRate(text, "a rate is above zero")
    return numerator, 10 ** len(part)


def format_ratio(numerator: int, denominator: int) -> str:
    """Print what ``parse_ratio`` read."""
    digits = len(str(denominator)) - 1
    whole, part = divmod(numerator, denominator)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)
