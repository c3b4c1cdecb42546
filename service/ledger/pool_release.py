"""The release of an unmatched pool, and what changes of the pool afterwards do to it.

A pool is divided once among works and tiers, by the rule announced for its month. What each got
then is its weight for ever: what a late fact puts into the pool or takes out of it goes to, or
comes from, the same works in the same proportion, always as target minus posted. Within a work the
lines of its rights versions share as they did, or, where a split was back-dated since, as its sales
of the month stand now. A pool given back whole leaves nobody with anything of it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from service.ledger import accounts
from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.interest import Accrual
from service.ledger.journal import summed
from service.ledger.money import MAX_NANOS, PPM, format_nanos
from service.ledger.period import Period
from service.ledger.pool_rule import PoolRule, RuleStep
from service.ledger.settlement import FEE_KEY, LINE_KEY
from service.ledger.tiers import Tier


class NothingInPool(LedgerError):
    """A pool without money was to be released."""

    def __init__(self, pool: "PoolKey") -> None:
        super().__init__(f"{pool} is empty: there is nothing to release", **pool.facts)


class NobodyGains(LedgerError):
    """No step of a rule finds anybody."""

    def __init__(self, pool: "PoolKey", rule: str) -> None:
        super().__init__(
            f"{pool}: rule {rule!r} finds nobody to give it to; a rule that ends with a fund does",
            rule=rule,
            **pool.facts,
        )


class PoolTooLarge(LedgerError):
    """A pool holds more than one posting."""

    def __init__(self, pool: "PoolKey", nanos: int) -> None:
        super().__init__(
            f"{pool} holds {format_nanos(nanos)}, one posting at most {format_nanos(MAX_NANOS)}",
            nanos=nanos,
            **pool.facts,
        )


class PoolNotWhole(LedgerError):
    """Parts of a pool are not what is divided: what was posted was changed, or we are wrong."""

    def __init__(self, whole: int, given: int) -> None:
        sentence = f"a pool of {whole} nanos is divided into parts of {given}"
        super().__init__(sentence, whole_nanos=whole, given_nanos=given)


@dataclass(frozen=True, slots=True, order=True)
class PoolKey:
    """One pool: what nobody claimed of a vendor's sales of a month, in one currency."""

    vendor: str
    month: Period
    currency: str

    @property
    def account(self) -> str:
        """Name of its account."""
        return accounts.unmatched_pool(self.vendor, self.month)

    @property
    def tie(self) -> int:
        """Tie of everything that divides it."""
        return tie_of("pool", self.vendor, str(self.month), self.currency)

    @property
    def facts(self) -> dict[str, str]:
        """What names it, for an error."""
        return {"vendor": self.vendor, "month": str(self.month), "currency": self.currency}

    def __str__(self) -> str:
        return f"the pool of {self.vendor} of {self.month} in {self.currency}"


@dataclass(frozen=True, slots=True)
class Claimant:
    """A line that a pool may be credited to: its work, rights version and tier.

    credited_nanos: what sales of the pool's month put on it, the weight of its claim.
    """

    work_id: int
    rights_version_id: int
    valid_from: str
    tier: Tier
    credited_nanos: int

    @property
    def group(self) -> str:
        """Key of the first division, among works and tiers."""
        return f"work:{self.work_id}/{self.tier}"

    @property
    def name(self) -> str:
        """Key of the second, among the rights versions of a work: no serial number but its own."""
        return f"work:{self.work_id}/{self.valid_from}/{self.tier}"


def group_of(name: str) -> str:
    """Return the group of a claimant's name."""
    work, _, tier = name.split("/")
    return f"{work}/{tier}"


@dataclass(frozen=True, slots=True)
class PoolContent:
    """What is in a pool: by the fee its sales' contracts take of a release, and interest."""

    by_fee_ppm: Mapping[int, int]
    accruals: tuple[Accrual, ...] = ()

    @property
    def principal_nanos(self) -> int:
        """What sales and their corrections put in."""
        return sum(self.by_fee_ppm.values())

    @property
    def interest_nanos(self) -> int:
        """What it yielded."""
        return sum(one.nanos for one in self.accruals)


@dataclass(frozen=True, slots=True)
class Parts:
    """How an amount of a pool is divided: principal + interest = fee + parts.

    by_name: nanos by a claimant's name; of what is posted, by the account of its line.
    """

    principal_nanos: int
    interest_nanos: int
    fee_nanos: int
    by_name: Mapping[str, int]

    def __post_init__(self) -> None:
        given = self.fee_nanos + sum(self.by_name.values())
        if self.principal_nanos + self.interest_nanos != given:
            raise PoolNotWhole(self.principal_nanos + self.interest_nanos, given)


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What the release of a pool posts; ``able``: everybody with a claim, by name."""

    pool: PoolKey
    rule: PoolRule
    step: RuleStep
    content: PoolContent
    parts: Parts
    able: Mapping[str, Claimant]

    @property
    def claimants(self) -> dict[str, Claimant]:
        """Who gets a part, by name."""
        return {name: self.able[name] for name in self.parts.by_name}

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is posted: approved is what is posted, to the nano."""
        said = self.parts
        lines = [
            *(self.pool.vendor, str(self.pool.month), self.pool.currency),
            *(f"rule {self.rule.rule_id}", f"step {self.step}"),
            *(f"{one.month} {one.balance_nanos} {one.annual_ppm}" for one in self.content.accruals),
            f"{said.principal_nanos} {said.interest_nanos} {said.fee_nanos}",
            *(f"{name} {said.by_name[name]}" for name in sorted(said.by_name)),
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plan(
    pool: PoolKey,
    rule: PoolRule,
    content: PoolContent,
    claimants_of: Callable[[RuleStep], Sequence[Claimant]],
) -> PoolPlan:
    """Divide a pool by the first step of its rule that finds a claimant.

    Raises NothingInPool, PoolTooLarge, NobodyGains.
    """
    whole = content.principal_nanos + content.interest_nanos
    if content.principal_nanos <= 0:
        raise NothingInPool(pool)
    if whole > MAX_NANOS:
        raise PoolTooLarge(pool, whole)
    fee = sum(
        allocate(nanos, {FEE_KEY: ppm, LINE_KEY: PPM - ppm}, tie=pool.tie)[FEE_KEY]
        for ppm, nanos in content.by_fee_ppm.items()
    )
    for step in rule.steps:
        able = merged(claimants_of(step))
        if not able:
            continue
        within = grouped({name: one.credited_nanos for name, one in able.items()})
        groups = {group: sum(lines.values()) for group, lines in within.items()}
        given = _within(pool, allocate(whole - fee, groups, tie=pool.tie), within)
        divided = Parts(content.principal_nanos, content.interest_nanos, fee, given)
        return PoolPlan(pool, rule, step, content, divided, able)
    raise NobodyGains(pool, rule.name)


def grouped(by_name: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Sort nanos by claimant's name under their groups."""
    found: dict[str, dict[str, int]] = {}
    for name, nanos in by_name.items():
        found.setdefault(group_of(name), {})[name] = nanos
    return found


def _within(
    pool: PoolKey, parts: Mapping[str, int], within: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Divide the part of each group among its lines; parts of zero are left out."""
    found: dict[str, int] = {}
    for group, nanos in parts.items():
        found |= allocate(nanos, within[group], tie=pool.tie)
    return {name: nanos for name, nanos in found.items() if nanos}


def merged(claimants: Sequence[Claimant]) -> dict[str, Claimant]:
    """Return the claimants with a claim by name; of rights versions of one day the newest."""
    found: dict[str, Claimant] = {}
    for one in sorted(claimants, key=lambda each: each.rights_version_id):
        before = found[one.name].credited_nanos if one.name in found else 0
        found[one.name] = replace(one, credited_nanos=before + one.credited_nanos)
    return {name: found[name] for name in sorted(found) if found[name].credited_nanos > 0}


def target(
    pool: PoolKey,
    first: Parts,
    principal_nanos: int,
    changed: Mapping[str, Mapping[str, int]] | None = None,
) -> Parts:
    """Return what must be posted of a released pool that sales have put so much into by now.

    first: what the release posted, by name. changed: of groups whose rights were back-dated since,
    the weights of their lines now. Interest of what was given back since is given back too; what
    came later has yielded none.
    """
    kept = min(max(principal_nanos, 0), first.principal_nanos)
    gone = first.principal_nanos - kept
    interest = allocate(first.interest_nanos, {"kept": kept, "gone": gone}, tie=pool.tie)["kept"]
    within = grouped(first.by_name)
    weights = {FEE_KEY: first.fee_nanos}
    weights |= {group: sum(lines.values()) for group, lines in within.items()}
    parts = allocate(principal_nanos + interest, weights, tie=pool.tie)
    fee = parts.pop(FEE_KEY)
    now = {group: (changed or {}).get(group, lines) for group, lines in within.items()}
    return Parts(principal_nanos, interest, fee, _within(pool, parts, now))


def in_lines(said: Parts, line_ids: Mapping[str, int]) -> Parts:
    """Return parts by the account of each line."""
    by_account = summed((accounts.line(line_ids[name]), n) for name, n in said.by_name.items())
    return Parts(said.principal_nanos, said.interest_nanos, said.fee_nanos, by_account)


def minus(wanted: Parts, posted: Parts) -> Parts:
    """Return target minus posted, without parts of zero."""
    names = wanted.by_name.keys() | posted.by_name.keys()
    moved = {
        name: wanted.by_name.get(name, 0) - posted.by_name.get(name, 0) for name in sorted(names)
    }
    return Parts(
        wanted.principal_nanos - posted.principal_nanos,
        wanted.interest_nanos - posted.interest_nanos,
        wanted.fee_nanos - posted.fee_nanos,
        {name: nanos for name, nanos in moved.items() if nanos},
    )


def release_legs(pool: PoolKey, said: Parts) -> dict[str, int]:
    """Return the legs of a release by lines, debit positive: the pool to the fee and to lines."""
    whole = said.principal_nanos + said.interest_nanos
    to_lines = [(account, -nanos) for account, nanos in said.by_name.items()]
    return summed([(pool.account, whole), (accounts.PLATFORM_FEE, -said.fee_nanos), *to_lines])


def interest_legs(pool: PoolKey, said: Parts) -> dict[str, int]:
    """Return the legs of the interest added to a pool, debit positive."""
    nanos = said.interest_nanos
    return summed([(accounts.PLATFORM_INTEREST, nanos), (pool.account, -nanos)])
