"""What a vendor was billed for beside what it reported, by day and model: what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from service.ledger.accounts import vendor_receivable
from service.ledger.allocation import tie_of
from service.ledger.contract import Contract
from service.ledger.errors import LedgerError
from service.ledger.money import MAX_NANOS, PPM
from service.ledger.period import Period
from service.ledger.settlement import Matched, Sale, legs
from service.ledger.tiers import Tier

TOLERANCE_PPM = 10_000
"""By how much a billed price may pass the reported one: bills are rounded."""


class NothingToAccrue(LedgerError):
    """A reconciliation proposes no accrual: nothing is missing, or at no known tier."""

    def __init__(self, number: int) -> None:
        super().__init__(f"reconciliation {number} proposes nothing to accrue", number=number)


class AccrualDecided(LedgerError):
    """A proposal was approved or dismissed before."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the accrual of reconciliation {number} was decided before", number=number
        )


@dataclass(frozen=True, slots=True, order=True)
class UsageKey:
    """A day in UTC, a model ("" for none) and a currency."""

    day: date
    model: str
    currency: str


@dataclass(frozen=True, slots=True)
class Billed:
    """Output tokens and cost of a bill; tier: None where the bill names none."""

    tokens: int
    cost_nanos: int
    tier: Tier | None


@dataclass(frozen=True, slots=True)
class Reported:
    """What a vendor reported: tokens and gross, and the tier that most of the tokens are of."""

    tokens: int
    gross_nanos: int
    tier: Tier


@dataclass(frozen=True, slots=True)
class Compared:
    """One day and model: billed and reported; nanos. missing - surplus = billed - reported.

    tier: that missing tokens are accrued at, None where none is known: nothing is accrued then.
    """

    key: UsageKey
    billed_tokens: int
    reported_tokens: int
    billed_nanos: int
    reported_nanos: int
    tier: Tier | None = None
    accrual_gross_nanos: int = 0
    accrual_due_nanos: int = 0

    @property
    def missing_tokens(self) -> int:
        """Billed and not reported."""
        return max(self.billed_tokens - self.reported_tokens, 0)

    @property
    def surplus_tokens(self) -> int:
        """Reported and not billed."""
        return max(self.reported_tokens - self.billed_tokens, 0)

    @property
    def price_above_tier(self) -> bool:
        """Whether a token was billed for more than it was reported at: another tier was sold."""
        if min(self.billed_tokens, self.reported_tokens) <= 0:
            return False
        billed = self.billed_nanos * self.reported_tokens * PPM
        return billed > self.reported_nanos * self.billed_tokens * (PPM + TOLERANCE_PPM)


def compared(
    billed: Mapping[UsageKey, Billed],
    reported: Mapping[UsageKey, Reported],
    tiers: Mapping[str, Tier],
) -> list[Compared]:
    """Put bills and reports side by side, in order of day, model and currency; no accrual yet.

    tiers: of each model, for days of which nothing was reported.
    """
    found = []
    for key in sorted(billed.keys() | reported.keys()):
        bill = billed.get(key, Billed(0, 0, None))
        told = reported.get(key)
        tier = bill.tier or (told.tier if told else tiers.get(key.model))
        tokens, gross = (told.tokens, told.gross_nanos) if told else (0, 0)
        found.append(Compared(key, bill.tokens, tokens, bill.cost_nanos, gross, tier))
    return found


def accrued(row: Compared, *, price_nanos: int, contract: Contract) -> tuple[int, int]:
    """Return gross and due of what is missing at a tier's price, as if no work claimed any.

    Nothing where that is more than a posting holds.
    """
    assert row.tier is not None
    gross = row.missing_tokens * price_nanos
    if not gross or gross > MAX_NANOS:
        return 0, 0
    sale = Sale(
        0,
        tie_of(contract.vendor, f"{row.key.day}/{row.key.model}"),
        contract.vendor,
        Period(row.key.day.year * 100 + row.key.day.month),
        row.tier,
        row.missing_tokens,
        gross,
        row.key.currency,
    )
    unmatched = Matched({}, {}, PPM, has_text=False)
    return gross, legs(sale, unmatched, contract).get(vendor_receivable(contract.vendor), 0)


def total_due(rows: Sequence[Compared]) -> int:
    """Sum what is proposed to be accrued."""
    return sum(row.accrual_due_nanos for row in rows)
