"""What is owed by day and tier as stacked columns: numbers for a drawing the template makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from service.ledger.tiers import Tier
from service.portal.chart import HEIGHT, Segment, Tick, stacked, tick_step, ticks


@dataclass(frozen=True, slots=True)
class Column:
    """One day; ``left`` and ``width`` in per cent. name: only where one is written below."""

    day: date
    name: str
    left: float
    middle: float
    width: float
    segments: tuple[Segment, ...]
    nanos: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Columns oldest first, ticks from the bottom up, and the tiers that occur."""

    currency: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    tiers: tuple[Tier, ...]
    height: int = HEIGHT


def curves(owed: Sequence[tuple[date, Tier, str, int]], first: date, last: date) -> list[Curve]:
    """Return one drawing a currency, of (day, tier, currency, nanos); empty days too."""
    currencies = sorted({currency for _, _, currency, nanos in owed if nanos > 0})
    return [
        _curve([one for one in owed if one[2] == code], code, first, last) for code in currencies
    ]


def _curve(
    owed: Sequence[tuple[date, Tier, str, int]], currency: str, first: date, last: date
) -> Curve:
    sums: dict[date, dict[Tier, int]] = {}
    for day, tier, _, nanos in owed:
        of_day = sums.setdefault(day, {})
        of_day[tier] = of_day.get(tier, 0) + nanos
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    highest = max(sum(n for n in of_day.values() if n > 0) for of_day in sums.values())
    step = tick_step(max(highest, 1))
    count = max(-(-highest // step), 1)
    width, every = 100 / len(days), max(-(-len(days) // 8), 1)
    columns = [
        Column(
            day,
            f"{day.day} {day:%b}" if at % every == 0 else "",
            at * width + width * 0.1,
            at * width + width / 2,
            width * 0.8,
            stacked(sums.get(day, {}), HEIGHT / (step * count)),
            sum(sums.get(day, {}).values()),
        )
        for at, day in enumerate(days)
    ]
    found = tuple(tier for tier in Tier if any(tier in of_day for of_day in sums.values()))
    return Curve(currency, tuple(columns), ticks(step, count), found)
