"""Periods: calendar months in UTC, half-open."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from service.ledger.errors import LedgerError

_TEXT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_FIRST_YEAR, _LAST_YEAR, _MONTHS = 2000, 9998, 12


class BadPeriod(LedgerError):
    """Text is not a period."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not a period: write YYYY-MM", text=text[:40])


class PeriodClosed(LedgerError):
    """A closed period was to be closed again."""

    def __init__(self, period: "Period") -> None:
        super().__init__(f"period {period} is closed already", period=str(period))


class PeriodRunning(LedgerError):
    """A month that has not ended was to be closed."""

    def __init__(self, period: "Period") -> None:
        super().__init__(
            f"period {period} has not ended: close it early only on purpose (--early)",
            period=str(period),
        )


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month; ``number`` is year x 100 + month and sorts in time."""

    number: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ``YYYY-MM``, raise BadPeriod otherwise."""
        found = _TEXT.fullmatch(text)
        if not found or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
            raise BadPeriod(text)
        return cls(int(found[1]) * 100 + int(found[2]))

    @classmethod
    def of(cls, instant: datetime) -> "Period":
        """Return the period an aware instant belongs to, by its UTC date."""
        utc = instant.astimezone(UTC)
        return cls(utc.year * 100 + utc.month)

    @property
    def first_day(self) -> date:
        """First day of the month."""
        return date(self.number // 100, self.number % 100, 1)

    @property
    def start(self) -> datetime:
        """First instant, inclusive."""
        return datetime(self.number // 100, self.number % 100, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant after it."""
        return self.next().start

    def next(self) -> "Period":
        """Return the month after."""
        year, month = divmod(self.number, 100)
        return Period((year + 1) * 100 + 1) if month == _MONTHS else Period(self.number + 1)

    def __str__(self) -> str:
        return f"{self.number // 100:04d}-{self.number % 100:02d}"
