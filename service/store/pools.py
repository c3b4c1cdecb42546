"""Unmatched pools as rows: what lies in them, what was released of them and to which lines."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.pool_release import PoolKey
from service.store import parties
from service.store.database import driver

_POOLS = 8_600_000


class PoolNotFound(LedgerError):
    """A vendor has no pool of this month."""

    def __init__(self, vendor: str, month: Period) -> None:
        super().__init__(
            f"{vendor} has no unmatched pool of {month}", vendor=vendor, month=str(month)
        )


class PoolReleased(LedgerError):
    """A pool that was released already was to be released, or claimed."""

    def __init__(self, pool: PoolKey) -> None:
        super().__init__(f"{pool} was released already: nothing can be claimed of it", **pool.facts)


@dataclass(frozen=True, slots=True)
class StoredPool:
    """A pool with its vendor's number and what lies in it: nanos, credit positive."""

    key: PoolKey
    vendor_id: int
    vendor_name: str
    balance_nanos: int
    release_id: int | None


def lock(session: Session) -> None:
    """Let one transaction at a time release pools or claim of them."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POOLS})


_POOL = """
SELECT v.slug, right(a.name, 7), a.currency, v.party_id, v.name, coalesce(b.nanos, 0),
    r.pool_release_id
FROM account a
JOIN party v ON v.kind = 'vendor'
    AND a.name = 'pool:unmatched:' || v.slug || ':' || right(a.name, 7)
LEFT JOIN LATERAL (SELECT -sum(delta) AS nanos FROM balance_delta d
    WHERE d.account_id = a.account_id AND d.period <= %(until)s) AS b ON true
LEFT JOIN pool_release r ON r.vendor_id = v.party_id AND r.currency = a.currency
    AND r.month = replace(right(a.name, 7), '-', '')::int
WHERE starts_with(a.name, 'pool:unmatched:') AND (%(vendor)s::bigint IS NULL
    OR v.party_id = %(vendor)s) AND (%(month)s::text IS NULL OR right(a.name, 7) = %(month)s)
ORDER BY right(a.name, 7), v.slug, a.currency
"""
_FOR_EVER = 999_912


def listing(
    session: Session,
    *,
    vendor_id: int | None = None,
    month: Period | None = None,
    until: Period | None = None,
) -> list[StoredPool]:
    """List pools by month, vendor and currency, as of the end of a period or now."""
    facts = {
        "vendor": vendor_id,
        "month": str(month) if month else None,
        "until": until.number if until else _FOR_EVER,
    }
    rows = driver(session).execute(_POOL, facts)
    return [
        StoredPool(PoolKey(slug, Period.parse(said), currency), vendor, name, int(nanos), release)
        for slug, said, currency, vendor, name, nanos, release in rows
    ]


def named(session: Session, vendor: str, month: Period, currency: str) -> StoredPool:
    """Return the pool of a vendor by name; raise UnknownVendor, PoolNotFound."""
    party = parties.vendor_named(session, vendor)
    assert party.party_id is not None
    found = listing(session, vendor_id=party.party_id, month=month)
    same = [one for one in found if one.key.currency == currency]
    if not same:
        raise PoolNotFound(party.name, month)
    return same[0]


def moved(session: Session, pool: PoolKey) -> dict[Period, int]:
    """Return what was put into a pool (less what was taken), by the month it was posted into."""
    rows = driver(session).execute(
        "SELECT d.period, -sum(d.delta) FROM balance_delta d JOIN account a USING (account_id) "
        "WHERE a.name = %s AND a.currency = %s GROUP BY d.period",
        (pool.account, pool.currency),
    )
    return {Period(period): int(nanos) for period, nanos in rows}


_UNBALANCED = """
SELECT r.pool_release_id FROM pool_release r JOIN party v ON v.party_id = r.vendor_id
JOIN account a ON a.currency = r.currency AND a.name = 'pool:unmatched:' || v.slug || ':'
    || to_char(r.month / 100, 'FM0000') || '-' || to_char(r.month %% 100, 'FM00')
WHERE (SELECT max(s.period) FROM pool_step s
       WHERE s.pool_release_id = r.pool_release_id) <= %(until)s
    AND (SELECT sum(d.delta) FROM balance_delta d
         WHERE d.account_id = a.account_id AND d.period <= %(until)s) <> 0
ORDER BY 1
"""


def unbalanced(session: Session, until: Period) -> list[int]:
    """List the released pools whose account is not empty at the end of a period.

    One that was released into a later month than this is looked at when that one closes.
    """
    rows = driver(session).execute(_UNBALANCED, {"until": until.number})
    return [int(row[0]) for row in rows]


def interest_paid(session: Session, vendor_id: int, currency: str) -> dict[Period, int]:
    """Return the interest released with a vendor's pools, by the month it was posted into."""
    rows = driver(session).execute(
        "SELECT s.period, sum(s.interest_nanos) FROM pool_step s "
        "JOIN pool_release r USING (pool_release_id) "
        "WHERE r.vendor_id = %s AND r.currency = %s GROUP BY s.period",
        (vendor_id, currency),
    )
    return {Period(period): int(nanos) for period, nanos in rows if nanos}


@dataclass(frozen=True, slots=True)
class PoolCredit:
    """What the pool of a month put on a line in a period; nanos."""

    period: Period
    month: Period
    rule: str
    nanos: int


def of_line(session: Session, line_id: int) -> list[PoolCredit]:
    """List what releases of pools put on a line, in order of period."""
    rows = driver(session).execute(
        "SELECT s.period, s.month, u.name, sum(p.nanos) FROM pool_part p "
        "JOIN pool_step s USING (pool_step_id) JOIN pool_release r USING (pool_release_id) "
        "JOIN pool_rule u USING (rule_id) WHERE p.line_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (line_id,),
    )
    return [PoolCredit(Period(at), Period(month), rule, int(n)) for at, month, rule, n in rows]
