"""Releases of unmatched pools as rows: what each step posted, to which lines."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.accounts import line, line_id_of
from service.ledger.period import Period
from service.ledger.pool_release import Parts, PoolKey, PoolPlan, in_lines, minus
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """What was posted of one pool: at its release, and all together so far.

    first: by claimant's name, whose lines are first_lines. posted: by the account of each line,
    whose claimants are names.
    """

    release_id: int
    key: PoolKey
    vendor_id: int
    rule_id: int
    step: str
    digest: str
    released_at: datetime
    first: Parts
    first_lines: Mapping[str, int]
    posted: Parts
    names: Mapping[int, str]
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
) -> tuple[int, int]:
    """Keep a release with its first step; return the numbers of both. Unique by pool."""
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
    step = _Step(number, 0, plan.pool.month)
    names = {line_id: name for name, line_id in line_ids.items()}
    said = in_lines(plan.parts, line_ids)
    return number, _insert_step(session, step, said, names, into=into, now=now)


def add_step(
    session: Session,
    stored: StoredRelease,
    said: Parts,
    names: Mapping[int, str],
    *,
    into: Period,
    now: datetime,
) -> int:
    """Keep a further step of a released pool, by lines; return its number."""
    step = _Step(stored.release_id, stored.steps_count, stored.key.month)
    return _insert_step(session, step, said, names, into=into, now=now)


@dataclass(frozen=True, slots=True)
class _Step:
    """Which step of which release, and the month of sale its pool is of."""

    release_id: int
    ordinal: int
    month: Period


def _insert_step(
    session: Session,
    step: _Step,
    said: Parts,
    names: Mapping[int, str],
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
            "release": step.release_id,
            "ordinal": step.ordinal,
            "period": into.number,
            "month": step.month.number,
            "principal": said.principal_nanos,
            "interest": said.interest_nanos,
            "fee": said.fee_nanos,
            "now": now,
        },
    )
    number = int(made.scalar_one())
    nanos = {line_id_of(account): nanos for account, nanos in said.by_name.items()}
    found = sorted(line_id for line_id in nanos if line_id is not None)
    assert len(found) == len(nanos), "a part is a line's"
    driver(session).execute(
        "INSERT INTO pool_part (pool_step_id, line_id, name, nanos) "
        "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::bigint[])",
        (number, found, [names[each] for each in found], [nanos[each] for each in found]),
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
            "SELECT v.slug, r.month, r.currency, r.vendor_id, r.rule_id, r.step, "
            "encode(r.digest, 'hex'), r.released_at FROM pool_release r "
            "JOIN party v ON v.party_id = r.vendor_id "
            "WHERE pool_release_id = :id"
        ),
        {"id": release_id},
    ).one()
    steps: dict[int, tuple[int, int, int]] = {}
    given: dict[int, dict[int, int]] = defaultdict(dict)
    names: dict[int, str] = {}
    for ordinal, principal, interest, fee, name, line_id, nanos in driver(session).execute(
        _STEPS, (release_id,)
    ):
        steps[ordinal] = (principal, interest, fee)
        if line_id is not None:
            given[ordinal][line_id] = nanos
            names[line_id] = name
    posted, nothing = Parts(0, 0, 0, {}), Parts(0, 0, 0, {})
    for at in sorted(steps):
        own = {line(line_id): nanos for line_id, nanos in given[at].items()}
        posted = minus(posted, minus(nothing, Parts(*steps[at], own)))
    first = Parts(*steps[0], {names[line_id]: nanos for line_id, nanos in given[0].items()})
    return StoredRelease(
        release_id,
        PoolKey(head[0], Period(head[1]), head[2]),
        *(head[3], head[4], head[5], head[6], head[7]),
        first,
        {names[line_id]: line_id for line_id in given[0]},
        posted,
        names,
        len(steps),
    )


_CHANGED = """
SELECT DISTINCT r.pool_release_id, l.work_id
FROM pool_release r
JOIN pool_step s ON s.pool_release_id = r.pool_release_id AND s.ordinal = 0
JOIN pool_part p ON p.pool_step_id = s.pool_step_id
JOIN line l ON l.line_id = p.line_id
JOIN rights_version v ON v.work_id = l.work_id AND v.known_at >= r.released_at
    AND v.superseded_at IS NULL AND lower(v.days) < to_date(r.month::text, 'YYYYMM')
        + interval '1 month'
WHERE (%(release)s::bigint IS NULL OR r.pool_release_id = %(release)s)
    AND (%(until)s::integer IS NULL OR %(until)s >= (SELECT max(period) FROM pool_step t
        WHERE t.pool_release_id = r.pool_release_id))
    AND NOT EXISTS (SELECT 1 FROM correction_job j
        WHERE j.work_id = l.work_id AND j.done_at IS NULL)
ORDER BY 1, 2
"""


def back_dated(
    session: Session, release_id: int | None = None, *, until: Period | None = None
) -> dict[int, list[int]]:
    """Return by release the works whose rights of its month were back-dated since.

    Not those whose sales wait for their correction: what they earned is not known yet. ``until``:
    of releases all posted into months up to it.
    """
    found: dict[int, list[int]] = defaultdict(list)
    facts = {"release": release_id, "until": until.number if until else None}
    for release, work in driver(session).execute(_CHANGED, facts):
        found[release].append(work)
    return dict(found)
