"""A contract is a waterfall written as data: ordered claims on the gross of one vendor's sale.

``run_down`` takes the steps one after another: each takes what it asks, never more than remains;
the last takes the rest. ``run_down_array`` does the same for many sales of one tier, equal to the
nano.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np

from service.ledger.allocation import Int64s
from service.ledger.errors import LedgerError
from service.ledger.money import MAX_NANOS, PPM
from service.ledger.tiers import Tier


class Settles(StrEnum):
    """Who moves the money of a step: the platform, or vendor and party between themselves."""

    ON_PLATFORM = "platform"
    DIRECT = "direct"


class UnmatchedGoesTo(StrEnum):
    """Who gets the part of an IP pool that no work claimed."""

    POOL = "pool"
    VENDOR = "vendor"


class Basis(StrEnum):
    """What a step's claim is reckoned from."""

    PER_TOKEN = "per-token"  # noqa: S105 - a basis, not a password
    OF_GROSS = "of-gross"
    OF_REST = "of-rest"
    REST = "rest"


class BadContract(LedgerError):
    """A contract breaks a rule; ``place`` names the step and field."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


class NoContract(LedgerError):
    """No contract, or no rate card, of the vendor is valid on the day."""

    def __init__(self, vendor: str, day: date) -> None:
        super().__init__(
            f"vendor {vendor} has no contract and rate card valid on {day}",
            vendor=vendor,
            day=day.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """What makes a step the IP pool: the fee on matched parts, and where the unmatched goes."""

    fee_ppm: int
    unmatched: UnmatchedGoesTo = UnmatchedGoesTo.POOL


@dataclass(frozen=True, slots=True)
class Step:
    """One claim. ``rates``: nanos per token, or ppm of gross or rest, by tier; absent is zero.

    ``at_least`` and ``at_most``: nanos per token by tier that the claim is raised or capped to,
    where given; a minimum guarantee still takes no more than remains.
    ``parties`` divides a chain step among chain parties by ppm summing to 1,000,000. A step with
    ``pool`` is the IP pool; one with neither is the vendor's own.
    """

    name: str
    basis: Basis
    rates: Mapping[Tier, int]
    settles: Settles
    parties: Mapping[str, int]
    pool: Pool | None = None
    at_least: Mapping[Tier, int] = field(default_factory=dict)
    at_most: Mapping[Tier, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contract:
    """The waterfall of one vendor, valid from a day until the next version."""

    contract_id: int
    vendor: str
    valid_from: date
    currency: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        _check(self.steps)

    def pool_rate(self, tier: Tier) -> int:
        """Rate or guarantee of the IP pool for a tier, zero where nothing goes to sources."""
        pool = next((step for step in self.steps if step.pool), None)
        return max(pool.rates.get(tier, 0), pool.at_least.get(tier, 0)) if pool else 0


def _check(steps: Sequence[Step]) -> None:
    if not steps or steps[-1].basis is not Basis.REST:
        raise BadContract("the last step", "it takes the rest")
    if sum(step.pool is not None for step in steps) > 1:
        raise BadContract("the steps", "at most one is the IP pool")
    if len({step.name for step in steps}) < len(steps):
        raise BadContract("the steps", "each has a name of its own")
    for step in steps:
        if step.basis is Basis.REST and step is not steps[-1]:
            raise BadContract(f"step {step.name}", "only the last step takes the rest")
        for broken, rule in _rules(step):
            if broken:
                raise BadContract(f"step {step.name}", rule)


def _rules(step: Step) -> list[tuple[bool, str]]:
    top = MAX_NANOS if step.basis is Basis.PER_TOKEN else PPM
    direct = step.settles is Settles.DIRECT
    own = not step.parties and not step.pool
    shared = bool(step.parties)
    return [
        (any(not 0 <= rate <= top for rate in step.rates.values()), f"rates lie in 0..{top}"),
        *_limits(step),
        (bool(step.pool) and shared, "an IP pool has no parties"),
        (shared and sum(step.parties.values()) != PPM, "parties share 1000000 ppm"),
        (any(part <= 0 for part in step.parties.values()), "each party's share is above zero"),
        (own and not direct, "what the vendor keeps settles direct"),
        (bool(step.pool) and direct, "an IP pool settles on the platform"),
        (bool(step.pool and not 0 <= step.pool.fee_ppm <= PPM), f"fee_ppm lies in 0..{PPM}"),
    ]


def _limits(step: Step) -> list[tuple[bool, str]]:
    given = (*step.at_least.values(), *step.at_most.values())
    crossed = any(least > step.at_most.get(tier, least) for tier, least in step.at_least.items())
    return [
        (any(not 0 <= n <= MAX_NANOS for n in given), f"at_least, at_most lie in 0..{MAX_NANOS}"),
        (crossed, "at_least is not above at_most"),
        (bool(given) and step.basis is Basis.REST, "what takes the rest has no limits"),
    ]


@dataclass(frozen=True, slots=True)
class Flow:
    """What each step took, and by how much a step was cut for want of money; both in step order."""

    taken: tuple[int, ...]
    shortfall: tuple[int, ...]


def run_down(gross_nanos: int, output_tokens: int, tier: Tier, steps: Sequence[Step]) -> Flow:
    """Run one sale down the steps; the sum of ``taken`` is the gross. ppm claims are floored."""
    rest, taken, shortfall = gross_nanos, [], []
    for step in steps:
        rate = step.rates.get(tier, 0)
        match step.basis:
            case Basis.PER_TOKEN:
                asked = rate * output_tokens
            case Basis.OF_GROSS:
                asked = gross_nanos * rate // PPM
            case Basis.OF_REST:
                asked = rest * rate // PPM
            case Basis.REST:
                asked = rest
        if tier in step.at_least:
            asked = max(asked, step.at_least[tier] * output_tokens)
        if tier in step.at_most:
            asked = min(asked, step.at_most[tier] * output_tokens)
        got = min(asked, rest)
        taken.append(got)
        shortfall.append(asked - got)
        rest -= got
    return Flow(tuple(taken), tuple(shortfall))


def run_down_array(
    gross: Int64s, tokens: Int64s, tier: Tier, steps: Sequence[Step]
) -> list[Int64s]:
    """Run n sales of one tier down; returns what each step took, [n], equal to ``run_down``.

    A per-token claim that would pass 2^63 is compared by division first, so nothing wraps.
    """
    rest, taken = gross.copy(), []
    for step in steps:
        rate = step.rates.get(tier, 0)
        match step.basis:
            case Basis.PER_TOKEN:
                got = _per_token(tokens, rate, rest)
            case Basis.OF_GROSS:
                got = np.minimum(_ppm_of(gross, rate), rest)
            case Basis.OF_REST:
                got = _ppm_of(rest, rate)
            case Basis.REST:
                got = rest
        if tier in step.at_least:
            got = np.maximum(got, _per_token(tokens, step.at_least[tier], rest))
        if tier in step.at_most:
            got = np.minimum(got, _per_token(tokens, step.at_most[tier], rest))
        taken.append(got)
        rest = rest - got
    return taken


def _per_token(tokens: Int64s, rate: int, rest: Int64s) -> Int64s:
    fits = tokens <= (rest // rate if rate else MAX_NANOS)
    taken: Int64s = np.where(fits, np.where(fits, tokens, 0) * rate, rest)
    return taken


def _ppm_of(amounts: Int64s, rate_ppm: int) -> Int64s:
    whole, part = np.divmod(amounts, PPM)
    taken: Int64s = whole * rate_ppm + part * rate_ppm // PPM
    return taken
