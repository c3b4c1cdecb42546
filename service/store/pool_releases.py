"""Releases of unmatched pools as rows: what each step posted, to which lines."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.pool_release import Parts, PoolKey, PoolPlan, minus
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """What was posted of one pool: at its release (``first``), and all together so far."""

    release_id: int
    key: PoolKey
    rule_id: int
    step: str
    digest: str
    released_by: str
    released_at: datetime
    first: Parts
    posted: Parts
    line_ids: Mapping[str, int]
    steps_count: int


def insert(
    session: Session,
    plan: PoolPlan,
    vendor_id: int,
    line_ids: Mapping[str, int],
    *,
    into: Period,
    by: str,
    now: datetime,
) -> int:
    """Keep a release with its first step; return the step's number. Unique by pool."""
    made = session.execute(
        text(
            "INSERT INTO pool_release (vendor_id, month, currency, rule_id, step, digest, "
            "released_by, released_at) VALUES (:vendor, :month, :currency, :rule, :step, :digest, "
            ":by, :now) RETURNING pool_release_id"
        ),
        {
            "vendor": vendor_id,
            "month": plan.pool.month.number,
            "currency": plan.pool.currency,
            "rule": plan.rule.rule_id,
            "step": str(plan.step),
            "digest": bytes.fromhex(plan.digest),
            "by": by,
            "now": now,
        },
    )
    number = int(made.scalar_one())
    month = plan.pool.month
    return _insert_step(session, number, 0, month, plan.parts, line_ids, into=into, now=now)


def add_step(
    session: Session, stored: StoredRelease, said: Parts, *, into: Period, now: datetime
) -> int:
    """Keep a further step of a released pool; return its number."""
    return _insert_step(
        session,
        stored.release_id,
        stored.steps_count,
        stored.key.month,
        said,
        stored.line_ids,
        into=into,
        now=now,
    )


def _insert_step(
    session: Session,
    release_id: int,
    ordinal: int,
    month: Period,
    said: Parts,
    line_ids: Mapping[str, int],
    *,
    into: Period,
    now: datetime,
) -> int:
    made = session.execute(
        text(
            "INSERT INTO pool_step (pool_release_id, ordinal, period, month, principal_nanos, "
            "interest_nanos, fee_nanos, posted_at) VALUES (:release, :ordinal, :period, :month, "
            ":principal, :interest, :fee, :now) RETURNING pool_step_id"
        ),
        {
            "release": release_id,
            "ordinal": ordinal,
            "period": into.number,
            "month": month.number,
            "principal": said.principal_nanos,
            "interest": said.interest_nanos,
            "fee": said.fee_nanos,
            "now": now,
        },
    )
    number = int(made.scalar_one())
    names = sorted(said.by_name)
    driver(session).execute(
        "INSERT INTO pool_part (pool_step_id, line_id, name, nanos) "
        "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::bigint[])",
        (number, [line_ids[name] for name in names], names, [said.by_name[n] for n in names]),
    )
    return number


_STEPS = """
SELECT s.ordinal, s.principal_nanos, s.interest_nanos, s.fee_nanos, p.name, p.line_id, p.nanos
FROM pool_step s LEFT JOIN pool_part p USING (pool_step_id)
WHERE s.pool_release_id = %s ORDER BY s.ordinal, p.name
"""


def get(session: Session, release_id: int) -> StoredRelease:
    """Return a release with all its steps summed."""
    head = session.execute(
        text(
            "SELECT v.slug, r.month, r.currency, r.rule_id, r.step, encode(r.digest, 'hex'), "
            "r.released_by, r.released_at FROM pool_release r "
            "JOIN party v ON v.party_id = r.vendor_id WHERE pool_release_id = :id"
        ),
        {"id": release_id},
    ).one()
    key = PoolKey(head[0], Period(head[1]), head[2])
    steps: dict[int, tuple[int, int, int]] = {}
    given: dict[int, dict[str, int]] = defaultdict(dict)
    line_ids: dict[str, int] = {}
    for ordinal, principal, interest, fee, name, line_id, nanos in driver(session).execute(
        _STEPS, (release_id,)
    ):
        steps[ordinal] = (principal, interest, fee)
        if name is not None:
            given[ordinal][name] = nanos
            line_ids[name] = line_id
    first, *later = [Parts(*steps[at], given[at]) for at in sorted(steps)]
    posted = first
    for one in later:
        posted = _plus(posted, one)
    _, _, _, rule, step, digest, by, at = head
    return StoredRelease(
        release_id, key, rule, step, digest, by, at, first, posted, line_ids, len(steps)
    )


def _plus(one: Parts, other: Parts) -> Parts:
    nothing = Parts(0, 0, 0, {})
    return minus(one, minus(nothing, other))
