"""What the release of a pool rests on, read from the books, and what it would post."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.interest import accrued
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.ledger.pool_release import (
    Claimant,
    PoolContent,
    PoolKey,
    PoolPlan,
    grouped,
    merged,
    plan,
)
from service.ledger.pool_rule import Method, PoolRule, RuleStep, rule_for
from service.ledger.tiers import Tier
from service.store import periods, pool_releases, pool_rules, pools, rights, terms
from service.store.database import driver
from service.store.pool_releases import StoredRelease
from service.store.pools import StoredPool


class WindowOpen(LedgerError):
    """A pool was to be released while its claim window runs."""

    def __init__(self, pool: PoolKey, end: datetime) -> None:
        super().__init__(
            f"{pool} can be claimed before {end:%Y-%m-%d}: it is released from then on",
            window_end=end.isoformat(),
            **pool.facts,
        )


class PoolUnsettled(LedgerError):
    """Something that may still claim of a pool, or change it, waits."""

    def __init__(self, pool: PoolKey, waiting: Sequence[str]) -> None:
        super().__init__(f"{pool} waits for {', '.join(waiting)}", **pool.facts)


def month_of_release(session: Session, now: datetime) -> Period:
    """Return the month a release would be posted into now, without holding it."""
    month = Period.of(now)
    while periods.state(session, month) != periods.OPEN:
        month = month.next()
    return month


def planned(
    session: Session, stored: StoredPool, *, into: Period, rule: PoolRule | None = None
) -> PoolPlan:
    """Return what the release of a pool into a period posts, by its own rule or by another.

    Reads only. Raises PoolReleased, NoRule, NothingInPool, NobodyGains, NoContract.
    """
    pool = stored.key
    if stored.release_id is not None:
        raise pools.PoolReleased(pool)
    chosen = rule or rule_for(pool_rules.rules(session), pool.month)
    content = PoolContent(
        _by_fee(session, stored),
        accrued(
            pools.moved(session, pool),
            pool_rules.rates(session, pool.currency),
            after=pool.month,
            before=into,
        ),
    )
    return plan(pool, chosen, content, _claimants(session, pool, stored.vendor_id))


# What sales of a month, with all their corrections, posted to some accounts.
_LEGS = """
WITH sold AS MATERIALIZED (SELECT sale_id, sold_at FROM sale
    WHERE period = %(month)s AND (%(vendor)s::bigint IS NULL OR vendor_id = %(vendor)s)),
said AS (
    SELECT s.sold_at, e.accounts, e.amounts FROM sold s
    JOIN journal_entry e ON e.kind = 1 AND e.source_id = s.sale_id WHERE e.currency = %(currency)s
    UNION ALL
    SELECT s.sold_at, e.accounts, e.amounts FROM sold s
    JOIN journal_entry e ON e.kind = 2 AND e.subject_sale_id = s.sale_id
    WHERE e.currency = %(currency)s),
legs AS (SELECT sold_at, unnest(accounts) AS account_id, unnest(amounts) AS amount FROM said)
"""
_BY_DAY = f"""{_LEGS}
SELECT (sold_at AT TIME ZONE 'UTC')::date, -sum(amount) FROM legs
JOIN account a USING (account_id) WHERE a.name = %(account)s GROUP BY 1
"""  # noqa: S608 - constants
_BY_LINE = f"""{_LEGS},
lines AS (SELECT account_id, -sum(amount) AS nanos FROM legs GROUP BY 1)
SELECT l.work_id, l.rights_version_id, lower(v.days), l.tier, sum(c.nanos)
FROM lines c JOIN account a USING (account_id)
JOIN line l ON a.name = 'line:' || l.line_id
JOIN rights_version v ON v.rights_version_id = l.rights_version_id
GROUP BY 1, 2, 3, 4 HAVING sum(c.nanos) > 0
"""  # noqa: S608 - constants


def _by_fee(session: Session, stored: StoredPool) -> dict[int, int]:
    """Sum what sales put into a pool by the fee that the contract of their day takes."""
    facts = _facts(stored.key, stored.vendor_id)
    rows = list(driver(session).execute(_BY_DAY, facts))
    if not rows:
        return {}
    of_vendor = terms.of_vendors(session, [stored.vendor_id])[stored.vendor_id]
    found: dict[int, int] = {}
    for day, nanos in rows:
        fee = _fee_on(of_vendor, day)
        found[fee] = found.get(fee, 0) + int(nanos)
    return found


def _fee_on(of_vendor: terms.Terms, day: date) -> int:
    return next((s.pool.fee_ppm for s in of_vendor.contract_on(day).steps if s.pool), 0)


def _facts(pool: PoolKey, vendor_id: int | None) -> dict[str, object]:
    return {
        "month": pool.month.number,
        "vendor": vendor_id,
        "currency": pool.currency,
        "account": pool.account,
    }


def _claimants(
    session: Session, pool: PoolKey, vendor_id: int
) -> Callable[[RuleStep], Sequence[Claimant]]:
    def found(step: RuleStep) -> list[Claimant]:
        if step.method is Method.FUND:
            return [_fund(session, step)]
        vendor = vendor_id if step.method is Method.SAME_VENDOR else None
        rows = driver(session).execute(_BY_LINE, _facts(pool, vendor))
        return [
            Claimant(work, version, day.isoformat(), Tier.numbered(tier), int(nanos))
            for work, version, day, tier, nanos in rows
        ]

    return found


def _fund(session: Session, step: RuleStep) -> Claimant:
    """Return the one line of a fund; what it weighs does not matter."""
    fund = next(one for one in pool_rules.funds(session) if one.fund_id == step.fund_id)
    version = rights.history(session, fund.work_id)[-1]
    day = version.valid_from.isoformat()
    return Claimant(fund.work_id, version.rights_version_id, day, Tier.FREE, 1)


def claimants_now(session: Session, stored: StoredRelease) -> dict[str, Claimant]:
    """Return, of works whose rights were back-dated since a release, what their lines earned now.

    By name; of the works and tiers alone that the release gave something.
    """
    works = pool_releases.back_dated(session, stored.release_id).get(stored.release_id, [])
    if not works:
        return {}
    step = pool_rules.read_step(stored.step)
    found = merged(_claimants(session, stored.key, stored.vendor_id)(step))
    known = grouped(stored.first.by_name)
    return {name: one for name, one in found.items() if one.work_id in works and one.group in known}


_LATE_MATCHES = """
SELECT count(DISTINCT m.late_match_id) FROM late_match m
JOIN sale_attribution sa USING (attribution_id) JOIN sale s USING (sale_id)
WHERE m.state = 'open' AND s.vendor_id = :vendor AND s.period = :month
    AND s.sold_at >= m.claim_from AND s.sold_at < m.claim_until
"""
_UNSEARCHED = "SELECT count(*) FROM work WHERE late_searched_at IS NULL AND NOT commons"
_CORRECTIONS = """
SELECT count(*) FROM correction_job j LEFT JOIN sale s USING (sale_id)
WHERE j.done_at IS NULL AND (j.work_id IS NOT NULL OR j.vendor_id = :vendor
    OR (s.vendor_id = :vendor AND s.period = :month))
"""
_REFUNDS = """
SELECT count(*) FROM refund r JOIN sale s USING (sale_id)
WHERE r.applied_at IS NULL AND s.vendor_id = :vendor AND s.period = :month
"""
_REPORTS = """
SELECT count(*) FROM work_batch WHERE stage < 3 AND vendor_id = :vendor AND period = :month
"""
_WAITING = (
    ("{} late matches that nobody decided", _LATE_MATCHES),
    ("{} works whose earlier sales nobody looked for yet", _UNSEARCHED),
    ("{} corrections of its sales", _CORRECTIONS),
    ("{} refunds of its sales", _REFUNDS),
    ("{} reports of sales that are not settled", _REPORTS),
)


def check_due(session: Session, stored: StoredPool, rule: PoolRule, *, now: datetime) -> None:
    """Raise WindowOpen, NotClosed or PoolUnsettled unless a pool may be released now."""
    pool = stored.key
    end = rule.window_end(pool.month)
    if now < end:
        raise WindowOpen(pool, end)
    periods.check_closed(session, pool.month)
    facts = {"vendor": stored.vendor_id, "month": pool.month.number}
    waiting = [
        sentence.format(count)
        for sentence, query in _WAITING
        if (count := session.execute(text(query), facts).scalar_one())
    ]
    if waiting:
        raise PoolUnsettled(pool, waiting)


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool as an operator sees it; ``window_end`` and ``rule`` are None where no rule counts."""

    stored: StoredPool
    rule: str | None
    window_end: datetime | None
    state: str

    @property
    def balance(self) -> str:
        """What lies in it, in major units."""
        return format_nanos(self.stored.balance_nanos)


def states(session: Session, *, now: datetime) -> list[PoolState]:
    """List all pools with rule, window and state: collecting, claimable, due or released."""
    announced = pool_rules.rules(session)
    found = []
    for stored in pools.listing(session):
        month = stored.key.month
        rule = _rule(announced, month)
        end = rule.window_end(month) if rule else None
        found.append(
            PoolState(stored, rule.name if rule else None, end, _state(session, stored, end, now))
        )
    return found


def _rule(announced: Sequence[PoolRule], month: Period) -> PoolRule | None:
    able = [one for one in announced if one.counts_for(month)]
    return rule_for(able, month) if able else None


def _state(session: Session, stored: StoredPool, end: datetime | None, now: datetime) -> str:
    if stored.release_id is not None:
        return "released"
    if periods.state(session, stored.key.month) != periods.CLOSED:
        return "collecting"
    if end is None:
        return "without a rule"
    return "claimable" if now < end else "due"
