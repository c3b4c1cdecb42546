"""One sale becomes one balanced entry: the plain form, which states the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.ledger import accounts
from service.ledger.allocation import allocate
from service.ledger.contract import Contract, Settles, Step, UnmatchedGoesTo, run_down
from service.ledger.journal import JournalEntry, Kind, Source, entry, summed
from service.ledger.money import PPM
from service.ledger.period import Period
from service.ledger.tiers import Tier

UNMATCHED_KEY = "unmatched"
FEE_KEY = "fee"
LINE_KEY = "line"


@dataclass(frozen=True, slots=True)
class Sale:
    """What settlement needs of a sale. ``tie``: unsigned 64 bits of vendor and sale id."""

    sale_id: int
    tie: int
    vendor: str
    month: Period
    tier: Tier
    output_tokens: int
    gross_nanos: int
    currency: str


@dataclass(frozen=True, slots=True)
class Matched:
    """How a sale's pool divides: ppm by work; a work's royalty is credited to its line.

    ``share_ppm`` and ``unmatched_ppm`` sum to 1,000,000. ``line_ids`` names the line of each work.
    ``has_text``: a sale without text always feeds the unmatched pool, whatever the contract says.
    """

    share_ppm: Mapping[int, int]
    line_ids: Mapping[int, int]
    unmatched_ppm: int
    has_text: bool = True

    def __post_init__(self) -> None:
        assert sum(self.share_ppm.values()) + self.unmatched_ppm == PPM, "shares are not whole"
        assert set(self.share_ppm) == set(self.line_ids), "a work without a line"


@dataclass(frozen=True, slots=True)
class StepLegs:
    """What one step of the waterfall posts: credits by account, and which side they are owed by."""

    step: str
    taken_nanos: int
    shortfall_nanos: int
    credits: Mapping[str, int]
    """Positive nanos by account credited."""
    direct_nanos: int
    """Part of ``taken_nanos`` that vendor and party settle between themselves."""
    pool_parts: Mapping[str, int] = field(default_factory=dict)
    """For the IP pool: nanos by key of the one allocation, before the fee."""


def work_key(work_id: int) -> str:
    """Public name of a work as a key of the pool's allocation."""
    return f"work:{work_id}"


def waterfall(sale: Sale, matched: Matched, contract: Contract) -> list[StepLegs]:
    """Run a sale down its contract; every step says whom it credits. The sum taken is the gross."""
    flow = run_down(sale.gross_nanos, sale.output_tokens, sale.tier, contract.steps)
    return [
        _step_legs(sale, matched, step, taken, shortfall)
        for step, taken, shortfall in zip(contract.steps, flow.taken, flow.shortfall, strict=True)
    ]


def _step_legs(sale: Sale, matched: Matched, step: Step, taken: int, shortfall: int) -> StepLegs:
    if step.pool:
        return _pool_legs(sale, matched, step, taken, shortfall)
    direct = taken if step.settles is Settles.DIRECT else 0
    if not step.parties:
        return StepLegs(
            step.name, taken, shortfall, {accounts.vendor_kept(sale.vendor): taken}, direct
        )
    name = accounts.party_direct if step.settles is Settles.DIRECT else accounts.party_payable
    parts = allocate(taken, step.parties, tie=sale.tie)
    return StepLegs(
        step.name, taken, shortfall, {name(party): part for party, part in parts.items()}, direct
    )


def _pool_legs(sale: Sale, matched: Matched, step: Step, taken: int, shortfall: int) -> StepLegs:
    assert step.pool
    keys = {work_key(work): work for work in matched.share_ppm}
    weights = {key: matched.share_ppm[work] for key, work in keys.items()}
    parts = allocate(taken, weights | {UNMATCHED_KEY: matched.unmatched_ppm}, tie=sale.tie)
    credits = []
    for key, work in keys.items():
        fee = {FEE_KEY: step.pool.fee_ppm, LINE_KEY: PPM - step.pool.fee_ppm}
        divided = allocate(parts[key], fee, tie=sale.tie)
        credits.append((accounts.PLATFORM_FEE, divided[FEE_KEY]))
        credits.append((accounts.line(matched.line_ids[work]), divided[LINE_KEY]))
    left_with_vendor = step.pool.unmatched is UnmatchedGoesTo.VENDOR and matched.has_text
    if left_with_vendor:
        credits.append((accounts.vendor_kept(sale.vendor), parts[UNMATCHED_KEY]))
    else:
        pool = accounts.unmatched_pool(sale.vendor, sale.month)
        credits.append((pool, parts[UNMATCHED_KEY]))
    direct = parts[UNMATCHED_KEY] if left_with_vendor else 0
    return StepLegs(step.name, taken, shortfall, summed(credits), direct, parts)


def legs(sale: Sale, matched: Matched, contract: Contract) -> dict[str, int]:
    """Return the whole settlement of a sale as signed nanos by account, zero legs dropped."""
    steps = waterfall(sale, matched, contract)
    direct = sum(step.direct_nanos for step in steps)
    debits = [
        (accounts.vendor_receivable(sale.vendor), sale.gross_nanos - direct),
        (accounts.vendor_settled_direct(sale.vendor), direct),
    ]
    credits = [(account, -n) for step in steps for account, n in step.credits.items()]
    return summed(debits + credits)


def settle(sale: Sale, matched: Matched, contract: Contract) -> JournalEntry | None:
    """Return the entry of one sale; None for a sale of zero gross, which is settled without one."""
    source = Source(Kind.SALE, sale.sale_id)
    whole = legs(sale, matched, contract)
    return entry(source, sale.currency, whole, subject_sale_id=sale.sale_id)
