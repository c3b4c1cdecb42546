"""Earnings by month and tier as stacked bars: numbers for a drawing that the template makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.tiers import Tier

HEIGHT = 200
"""Drawing height of the largest tick, in pixels; across, everything is in per cent."""
MOST_MONTHS = 12


class Earned(Protocol):
    """What something earned in a month; of one work or of all."""

    @property
    def tier(self) -> Tier:
        """Tier of the sales."""

    @property
    def currency(self) -> str:
        """ISO 4217 code."""

    @property
    def period(self) -> Period:
        """The month."""

    @property
    def nanos(self) -> int:
        """Signed nanos."""

    @property
    def estimated(self) -> bool:
        """Whether the month is not closed."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One tier's part of a bar; ``top`` and ``height`` in pixels."""

    tier: Tier
    top: float
    height: float
    nanos: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One month; ``left``, ``middle`` and ``width`` in per cent. ``year`` only where it begins."""

    period: Period
    name: str
    year: str
    left: float
    middle: float
    width: float
    segments: tuple[Segment, ...]
    sums: Mapping[Tier, int]
    nanos: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across; ``top`` in pixels."""

    top: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars oldest first, ticks from the bottom up, and the tiers that occur, cheapest first."""

    currency: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    tiers: tuple[Tier, ...]
    height: int = HEIGHT


def charts(earnings: Sequence[Earned]) -> list[Chart]:
    """Return one chart a currency, of the last twelve months that earned anything."""
    currencies = sorted({earning.currency for earning in earnings if earning.nanos})
    return [_chart([e for e in earnings if e.currency == code], code) for code in currencies]


def _chart(earnings: Sequence[Earned], currency: str) -> Chart:
    sums: dict[Period, dict[Tier, int]] = {}
    for one in earnings:
        tiers = sums.setdefault(one.period, {})
        tiers[one.tier] = tiers.get(one.tier, 0) + one.nanos
    months = sorted(sums)[-MOST_MONTHS:]
    estimated = {one.period for one in earnings if one.estimated}
    highest = max(sum(n for n in sums[month].values() if n > 0) for month in months)
    step = tick_step(highest)
    count = max(-(-highest // step), 1)
    width = 100 / max(len(months), 6)
    bars = [
        Bar(
            month,
            f"{month.first_day:%b}",
            f"{month.first_day:%Y}" if position in {0, _first_of_year(months)} else "",
            position * width + width * 0.15,
            position * width + width / 2,
            width * 0.7,
            stacked(sums[month], HEIGHT / (step * count)),
            sums[month],
            sum(sums[month].values()),
            month in estimated,
        )
        for position, month in enumerate(months)
    ]
    found = tuple(tier for tier in Tier if any(tier in sums[month] for month in months))
    return Chart(currency, tuple(bars), ticks(step, count), found)


def _first_of_year(months: Sequence[Period]) -> int:
    """Return where the newest year begins."""
    newest = months[-1].first_day.year
    return next(at for at, month in enumerate(months) if month.first_day.year == newest)


def ticks(step: int, count: int) -> tuple[Tick, ...]:
    """Return the lines of 0 to ``count`` steps of so many nanos, from the bottom up."""
    return tuple(
        Tick(HEIGHT - HEIGHT * number / count, format_nanos(step * number))
        for number in range(count + 1)
    )


def stacked(sums: Mapping[Tier, int], pixels_per_nano: float) -> tuple[Segment, ...]:
    """Stack what is above zero, cheapest tier at the bottom; the table tells of the rest."""
    bottom, segments = float(HEIGHT), []
    for tier in Tier:
        nanos = sums.get(tier, 0)
        if nanos > 0:
            height = nanos * pixels_per_nano
            bottom -= height
            segments.append(Segment(tier, bottom, height, nanos))
    return tuple(segments)


def tick_step(highest: int) -> int:
    """Return 1, 2 or 5 times a power of ten so that at most five steps reach ``highest``."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * 5 >= highest:
                return step * factor
        step *= 10
