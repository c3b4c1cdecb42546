"""Explain a pool: what lay in it, what it yielded, and every division of its release."""

from fractions import Fraction

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.money import PPM, format_nanos
from service.ledger.pool_release import PoolKey, PoolPlan, group_of, grouped
from service.ledger.settlement import FEE_KEY, LINE_KEY
from service.store import pool_basis, pool_releases
from service.store.pool_releases import StoredRelease
from service.store.pools import StoredPool
from worker.explanation import Explanation, Table, divided, rounding


class PoolNotReleased(LedgerError):
    """A pool is not released yet."""

    def __init__(self, pool: PoolKey) -> None:
        super().__init__(
            f"{pool} is not released: `pools simulate` says what it would give", **pool.facts
        )


def explain_pool(session: Session, stored: StoredPool) -> Explanation:
    """Explain the release of a pool from what it rests on; raise PoolNotReleased."""
    if stored.release_id is None:
        raise PoolNotReleased(stored.key)
    release = pool_releases.get(session, stored.release_id)
    made = pool_basis.planned_again(session, release)
    said = made.parts
    told = Explanation(str(stored.key))
    told.facts = {
        "rule": f"{made.rule.name}, from {made.rule.valid_from}",
        "divided by": str(made.step.method),
        "principal": f"{format_nanos(said.principal_nanos)} {stored.key.currency}",
        "interest": f"{format_nanos(said.interest_nanos)}, sum of the months",
        "fee": f"{format_nanos(said.fee_nanos)}, sum of the contracts' fees",
        "given": f"{format_nanos(sum(said.by_name.values()))} = principal + interest - fee",
        "digest": f"{made.digest}, as it was simulated",
    }
    told.tables += [_interest(made), _fees(made), *_parts(made), _steps(release)]
    return told


def _interest(made: PoolPlan) -> Table:
    rows: list[tuple[object, ...]] = []
    for one in made.content.accruals:
        exact = Fraction(one.balance_nanos * one.annual_ppm, 12 * PPM)
        lay = format_nanos(one.balance_nanos)
        rows.append(
            (str(one.month), lay, one.annual_ppm, str(exact), one.nanos, rounding(one.nanos, exact))
        )
    columns = ("month", "lay there", "annual ppm", "exact nanos", "nanos", "rounding")
    return "Interest: balance at the start of the month x annual ppm / 12", columns, rows


def _fees(made: PoolPlan) -> Table:
    rows: list[tuple[object, ...]] = []
    for ppm, nanos in made.content.by_fee_ppm.items():
        exact = divided(nanos, {FEE_KEY: ppm, LINE_KEY: PPM - ppm})[FEE_KEY]
        rows.append((ppm, format_nanos(nanos), str(exact)))
    return "Fees: what sales put in, by their contracts", ("fee ppm", "put in", "exact nanos"), rows


def _parts(made: PoolPlan) -> list[Table]:
    weights = grouped({name: one.credited_nanos for name, one in made.able.items()})
    groups = {group: sum(lines.values()) for group, lines in weights.items()}
    given = sum(made.parts.by_name.values())
    got = dict.fromkeys(groups, 0)
    for name, nanos in made.parts.by_name.items():
        got[group_of(name)] += nanos
    first = [
        _row(key, groups[key], exact, got[key]) for key, exact in divided(given, groups).items()
    ]
    second = [
        _row(name, lines[name], exact, made.parts.by_name.get(name, 0))
        for group, lines in weights.items()
        for name, exact in divided(got[group], lines).items()
    ]
    columns = ("to", "earned nanos", "exact nanos", "nanos", "rounding")
    return [
        (f"allocate({format_nanos(given)}, works and tiers, tie of the pool)", columns, first),
        ("Among the rights versions of each", columns, second),
    ]


def _row(name: str, weight: int, exact: Fraction, nanos: int) -> tuple[object, ...]:
    return (name, weight, str(exact), nanos, rounding(nanos, exact))


def _steps(release: StoredRelease) -> Table:
    rows: list[tuple[object, ...]] = [
        (account, release.names[int(account.removeprefix("line:"))], format_nanos(nanos), nanos)
        for account, nanos in release.posted.by_name.items()
    ]
    title = f"Posted so far in {release.steps_count} steps: in the same proportion of what lies now"
    return title, ("account", "claimant", "amount", "nanos"), rows
