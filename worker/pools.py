"""Unmatched pools: simulated, approved, released once, and followed when they change later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.ledger.pool_release import (
    Claimant,
    Parts,
    PoolKey,
    PoolPlan,
    grouped,
    in_lines,
    interest_legs,
    minus,
    release_legs,
    target,
)
from service.ledger.pool_rule import PoolRule
from service.store import (
    journal,
    lines,
    periods,
    pool_approvals,
    pool_basis,
    pool_plans,
    pool_releases,
    pools,
)
from service.store.database import Database, unit_of_work
from service.store.lines import LineKey
from service.store.pool_gains import Gains, gains
from service.store.pool_releases import StoredRelease
from service.store.pools import StoredPool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the release of a pool would post, and who would gain by it."""

    plan: PoolPlan
    gains: Gains


def simulate(
    session: Session, stored: StoredPool, *, now: datetime, rule: PoolRule | None = None
) -> Simulated:
    """Return what a release would post now and who would gain; posts nothing.

    rule: another than the one announced for the month. The claim window need not have ended.
    """
    plan = pool_plans.planned(
        session, stored, into=pool_plans.month_of_release(session, now), rule=rule
    )
    return Simulated(plan, gains(session, stored, plan))


def approve(
    session: Session, stored: StoredPool, digest: bytes, *, by: str, now: datetime
) -> PoolPlan:
    """Keep an operator's approval of what the release posts now. Raises PoolChanged."""
    plan = pool_plans.planned(session, stored, into=pool_plans.month_of_release(session, now))
    pool_approvals.approve(session, stored, plan, digest, by=by, now=now)
    return plan


def release(
    database: Database,
    stored: StoredPool,
    digest: bytes,
    *,
    needed: int,
    by: str,
    now: datetime,
) -> PoolPlan:
    """Release a pool: post exactly what was simulated with this digest, into the open month.

    needed: how many operators must have approved the digest. One transaction, once a pool. Raises
    what a simulation raises, WindowOpen, NotClosed, PoolUnsettled, PoolChanged,
    PoolApprovalsMissing.
    """
    with unit_of_work(database) as session:
        pools.lock(session)
        into = periods.hold_open_from(session, Period.of(now))
        key = stored.key
        (again,) = [
            one
            for one in pools.listing(session, vendor_id=stored.vendor_id, month=key.month)
            if one.key == key
        ]
        plan = pool_plans.planned(session, again, into=into)
        pool_plans.check_due(session, again, plan.rule, now=now)
        pool_approvals.check_same(plan, digest)
        pool_approvals.check_approved(session, again, digest, needed=needed)
        line_ids = _open_lines(session, key, again.vendor_id, plan.claimants)
        release_id, number = pool_releases.insert(
            session, plan, again.vendor_id, line_ids, into=into, by=by, now=now
        )
        pool_basis.insert(session, release_id, plan)
        _post(session, number, key, in_lines(plan.parts, line_ids), into=into, now=now)
        return plan


def _open_lines(
    session: Session, pool: PoolKey, vendor_id: int, claimants: Mapping[str, Claimant]
) -> dict[str, int]:
    keys = {
        name: LineKey(one.work_id, one.rights_version_id, vendor_id, one.tier.number, pool.currency)
        for name, one in claimants.items()
    }
    found = lines.ids(session, keys.values())
    return {name: found[key] for name, key in keys.items()}


def _post(
    session: Session,
    number: int,
    pool: PoolKey,
    said: Parts,
    *,
    into: Period,
    now: datetime,
) -> None:
    """Post interest into the pool, then the pool to fee and lines; parts by line."""
    made = (
        entry(Source(Kind.INTEREST, number), pool.currency, interest_legs(pool, said)),
        entry(Source(Kind.POOL_RELEASE, number), pool.currency, release_legs(pool, said)),
    )
    entries = [one for one in made if one]
    if entries:
        journal.append_entries(session, entries, period=into.number, now=now)


def release_approved(database: Database, *, needed: int, now: datetime) -> int:
    """Release the pools that enough operators approved, each as they saw it; return how many.

    One that has become another since, or that still waits for something, stays.
    """
    with unit_of_work(database) as session:
        approved = pool_approvals.enough(session, needed=needed)
    released = 0
    for stored, digest, by in approved:
        try:
            release(database, stored, digest, needed=needed, by=by, now=now)
        except LedgerError as refused:
            log.info("pool.not_released", reason=refused.sentence)
        else:
            released += 1
    return released


def follow_up(database: Database, period: Period, *, now: datetime) -> int:
    """Bring released pools that changed by the end of a closing period to where they belong.

    What sales put in since, or refunds took out, goes to or comes from the works that the release
    credited, in the same proportion; what a work got follows rights that were back-dated. Returns
    how many pools; run again it finds none.
    """
    with unit_of_work(database) as session:
        changed = pools.unbalanced(session, period)
        back_dated = pool_releases.back_dated(session, until=period)
        changed += [one for one in back_dated if one not in changed]
    moved = 0
    for release_id in changed:
        with unit_of_work(database) as session:
            pools.lock(session)
            if periods.hold(session, period) == periods.CLOSING:
                moved += _follow(session, release_id, period, now=now)
    return moved


def _follow(session: Session, release_id: int, period: Period, *, now: datetime) -> bool:
    stored = pool_releases.get(session, release_id)
    said, names = _owed(session, stored, period)
    if said == Parts(0, 0, 0, {}):
        return False
    number = pool_releases.add_step(session, stored, said, names, into=period, now=now)
    _post(session, number, stored.key, said, into=period, now=now)
    return True


def _owed(session: Session, stored: StoredRelease, period: Period) -> tuple[Parts, dict[int, str]]:
    """Return target minus posted by line, and the claimant's name of each line."""
    moved = pools.moved(session, stored.key)
    left = sum(nanos for month, nanos in moved.items() if month <= period)
    claimants = pool_plans.claimants_now(session, stored)
    within = grouped({name: one.credited_nanos for name, one in claimants.items()})
    wanted = target(stored.key, stored.first, stored.posted.principal_nanos + left, within)
    opened = _open_lines(session, stored.key, stored.vendor_id, claimants)
    line_ids = {**stored.first_lines, **opened}
    names = {**stored.names, **{line_id: name for name, line_id in line_ids.items()}}
    return minus(in_lines(wanted, line_ids), stored.posted), names
