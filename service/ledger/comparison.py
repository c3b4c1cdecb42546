"""Why a holder earns more or less than in the period before, in whole nanos."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine
from service.ledger.tiers import Tier

PoolPrice = Mapping[tuple[str, Tier, Period], int]
"""What the pool of a vendor, tier and month gets of 10^6 tokens, in nanos."""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference of earnings by cause, in nanos; together they are the difference, exactly.

    ``volume``: more or fewer tokens of a work, or a work that is new or gone; ``price``: price and
    pool rate of a tier; ``attribution``: how much of a token's pool is the work's; ``split``: the
    holder's part of it; ``adjustment``: what concerns closed periods.
    """

    volume: int = 0
    price: int = 0
    attribution: int = 0
    split: int = 0
    adjustment: int = 0

    @property
    def total(self) -> int:
        """The difference."""
        return self.volume + self.price + self.attribution + self.split + self.adjustment

    def __add__(self, other: "Change") -> "Change":
        return Change(
            self.volume + other.volume,
            self.price + other.price,
            self.attribution + other.attribution,
            self.split + other.split,
            self.adjustment + other.adjustment,
        )


@dataclass(slots=True)
class _Earned:
    """A work x vendor x tier in one period: several lines where its split changed."""

    month: Period
    tokens: int = 0
    credited: int = 0
    nanos: int = 0


_Key = tuple[int, str, Tier]


def compared(
    before: Sequence[StatementLine], after: Sequence[StatementLine], prices: PoolPrice
) -> Change:
    """Divide the difference of two periods' lines of one holder and currency among its causes.

    One cause after the other is let change, in the order of ``Change``; each step is rounded down
    to a nano, and the last of a work takes the rest.
    """
    old, new = _by_key(before), _by_key(after)
    whole = Change(adjustment=_adjusted(after) - _adjusted(before))
    for key in sorted(old.keys() | new.keys(), key=str):
        whole += _of_work(key, old.get(key), new.get(key), prices)
    return whole


def _of_work(key: _Key, old: _Earned | None, new: _Earned | None, prices: PoolPrice) -> Change:
    if old is None or new is None or not old.tokens or not old.credited:
        return Change(volume=(new.nanos if new else 0) - (old.nanos if old else 0))
    _, vendor, tier = key
    by_volume = old.nanos * new.tokens // old.tokens
    was = prices.get((vendor, tier, old.month), 0)
    now = prices.get((vendor, tier, new.month), 0)
    ratio = Fraction(now, was) if was and now else Fraction(1)
    by_price = by_volume * ratio.numerator // ratio.denominator
    at_old_split = new.credited * old.nanos // old.credited
    return Change(
        volume=by_volume - old.nanos,
        price=by_price - by_volume,
        attribution=at_old_split - by_price,
        split=new.nanos - at_old_split,
    )


def _by_key(lines: Sequence[StatementLine]) -> dict[_Key, _Earned]:
    found: dict[_Key, _Earned] = {}
    seen: dict[_Key, set[int]] = defaultdict(set)
    for line in lines:
        if line.kind is LineKind.EARNED:
            key = (line.work_id, line.vendor, line.tier)
            one = found.setdefault(key, _Earned(line.month))
            one.nanos += line.nanos
            if line.line_id not in seen[key]:
                seen[key].add(line.line_id)
                one.tokens += line.output_tokens
                one.credited += line.credited_nanos
    return found


def _adjusted(lines: Sequence[StatementLine]) -> int:
    return sum(line.nanos for line in lines if line.kind is LineKind.ADJUSTMENT)
