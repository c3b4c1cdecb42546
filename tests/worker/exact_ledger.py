"""The ledger as a reader of docs/accounting.md reckons it, in fractions: none of the product."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

ALL = 1_000_000
PRICE = {"free": 0, "standard": 3_000, "premium": 6_000, "high-speed": 45_000, "elite": 150_000}
POOL_PPM = {"premium": 100_000, "high-speed": 100_000, "elite": 150_000}
PRODUCTION = {"equipment": 40, "power": 25, "data-centre": 15, "cloud": 20}
ROUNDINGS = 4
"""Nanos by which an account of one sale may be off: the pool divides among works, each part gives
a fee, the refund divides among accounts. What comes out whole at each of them is exact."""


@dataclass
class Sold:
    """What is known of a sale; shares: ppm by work that earns, as judged first and as of now."""

    vendor: str
    day: date
    told: tuple[str, int]
    tier: str
    tokens: int
    refunded: int = 0
    first_shares: dict = field(default_factory=dict)
    shares: dict = field(default_factory=dict)
    settled: bool = False
    rough: set = field(default_factory=set)  # accounts that may be off by roundings

    @property
    def gross(self):
        return PRICE[self.tier] * self.tokens


@dataclass
class ExactLedger:
    """Facts, and what was said so far of each account by each sale, by the month it went into."""

    pools: dict = field(default_factory=lambda: defaultdict(dict))  # vendor: {day: ppm}
    splits: dict = field(default_factory=lambda: defaultdict(dict))  # work: {day: version}
    excluded: dict = field(default_factory=lambda: defaultdict(dict))  # work: {day: vendors}
    holders: dict = field(default_factory=dict)  # version: {holder: ppm}
    sales: dict = field(default_factory=dict)
    said: dict = field(default_factory=lambda: defaultdict(Counter))  # (account, sale): {month: n}
    closed: date = date.min

    def legs(self, sale, tier, tokens, shares):
        """Return what a sale puts on each account, as people read them: all positive."""
        gross = PRICE[tier] * tokens
        production = min(gross, 5_000 * tokens)
        days = [day for day in self.pools[sale.vendor] if day <= sale.day and tier == "premium"]
        ppm = self.pools[sale.vendor][max(days)] if days else POOL_PPM.get(tier, 0)
        pool = min(gross * ppm // ALL, gross - production)
        margin = min(gross // 10, gross - production - pool)
        legs = Counter(
            {f"party:{p}:direct": _of(production, n, 100) for p, n in PRODUCTION.items()}
        )
        legs["party:cloud:direct"] += margin
        licensed = {work: ppm for work, ppm in shares.items() if self.licenses(work, sale)}
        for work, share in licensed.items():
            days = [day for day in self.splits[work] if day <= sale.day] or [min(self.splits[work])]
            version = self.splits[work][max(days)]
            legs["line", version, sale.vendor, tier] += _of(pool * share, 9, 10 * ALL)
            legs["platform:fee"] += _of(pool * share, 1, 10 * ALL)
        unmatched = f"pool:unmatched:{sale.vendor}:{sale.day:%Y-%m}"
        legs[unmatched] += _of(pool, ALL - sum(licensed.values()), ALL)
        legs[f"vendor:{sale.vendor}:kept"] += gross - production - pool - margin
        legs[f"vendor:{sale.vendor}:receivable"] += pool
        legs[f"vendor:{sale.vendor}:settled-direct"] += gross - pool
        if any(Fraction(nanos).denominator > 1 for nanos in legs.values()):
            sale.rough |= {account for account in legs if not str(account).startswith("vendor")}
        return legs

    def licenses(self, work, sale):
        days = [day for day in self.excluded[work] if day <= sale.day]
        return not days or sale.vendor not in self.excluded[work][max(days)]

    def say(self, name, target, *, closing=None):
        """Post target minus what was said, into the first open month from the sale's on."""
        month = _month(self.sales[name].day)
        month = month if month == closing else max(month, _next(self.closed))
        for account in {*target, *(account for account, sale in self.said if sale == name)}:
            said = self.said[account, name]
            said[month] += target[account] - sum(said.values())
            if Fraction(target[account]).denominator > 1:
                self.sales[name].rough.add(account)

    def settle(self, *, closing=None):
        """Settle sales that wait as they were told first; a close takes those of its month."""
        for name, sale in self.sales.items():
            if not sale.settled:
                self.say(name, self.legs(sale, *sale.told, sale.first_shares), closing=closing)
                sale.settled = True

    def correct(self):
        """Let every sale stand as it is known now, less what was given back."""
        for name, sale in self.sales.items():
            left = Fraction(sale.gross - sale.refunded, sale.gross or 1)
            whole = self.legs(sale, sale.tier, sale.tokens, sale.shares)
            self.say(name, Counter({account: n * left for account, n in whole.items()}))

    def balances(self, *, until=date.max):
        """Return exact nanos and the rounding allowed, by account, of months up to one."""
        exact, allowed = Counter(), Counter()
        for (account, name), said in self.said.items():
            exact[account] += sum(n for month, n in said.items() if month <= until)
            allowed[account] += ROUNDINGS if account in self.sales[name].rough else 0
        return exact, allowed

    def earned(self):
        """Return what holders earned in closed months; the rounding allowed: a nano a line."""
        exact, allowed = Counter(), Counter()
        lines, loose = self.balances(until=self.closed)
        for line, nanos in lines.items():
            for holder, ppm in self.holders[line[1]].items() if line[0] == "line" else ():
                exact[holder] += _of(nanos, ppm, ALL)
                allowed[holder] += 1 + _of(loose[line], ppm, ALL)
        return exact, allowed


def _of(amount, part, whole):
    return Fraction(amount * part) / whole


def _month(day):
    return day.replace(day=1)


def _next(month):
    return _month(date.fromordinal(month.toordinal() + 31)) if month > date.min else month
