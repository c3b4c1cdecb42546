"""Approvals of a pool's release: by different operators, bound to the digest of what it posts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.pool_release import PoolKey, PoolPlan
from service.store import pools
from service.store.pools import StoredPool


class PoolChanged(LedgerError):
    """What the release of a pool posts is not what somebody saw."""

    def __init__(self, plan: PoolPlan, seen: str) -> None:
        super().__init__(
            f"{plan.pool} would be released with digest {plan.digest} now, not {seen[:64]}: "
            "simulate it again",
            digest=plan.digest,
            **plan.pool.facts,
        )


class PoolApprovalsMissing(LedgerError):
    """The release of a pool waits for operators to approve it."""

    def __init__(self, pool: PoolKey, *, digest: str, given: int, needed: int) -> None:
        super().__init__(
            f"{pool} waits for approval of digest {digest}: {given} of {needed} operators have "
            "given it",
            digest=digest,
            given=given,
            needed=needed,
            **pool.facts,
        )


@dataclass(frozen=True, slots=True)
class PoolApproval:
    """One operator's approval of a release as it was simulated."""

    digest: str
    approved_by: str
    approved_at: datetime


def check_same(plan: PoolPlan, digest: bytes) -> None:
    """Raise PoolChanged unless the digest is the one of what the release posts now."""
    if plan.digest != digest.hex():
        raise PoolChanged(plan, digest.hex())


def approve(
    session: Session, stored: StoredPool, plan: PoolPlan, digest: bytes, *, by: str, now: datetime
) -> None:
    """Keep an operator's approval of a release; a second of the same changes nothing.

    Raises PoolChanged.
    """
    check_same(plan, digest)
    session.execute(
        text(
            "INSERT INTO pool_approval (vendor_id, month, currency, digest, approved_by, "
            "approved_at) VALUES (:vendor, :month, :currency, :digest, :by, :now) "
            "ON CONFLICT DO NOTHING"
        ),
        _names(stored) | {"digest": digest, "by": by, "now": now},
    )


def check_approved(session: Session, stored: StoredPool, digest: bytes, *, needed: int) -> None:
    """Raise PoolApprovalsMissing unless enough operators approved this digest."""
    given = sum(one.digest == digest.hex() for one in listing(session, stored))
    if given < needed:
        raise PoolApprovalsMissing(stored.key, digest=digest.hex(), given=given, needed=needed)


_ENOUGH = """
SELECT a.vendor_id, a.month, a.currency, a.digest, string_agg(a.approved_by, ', '
    ORDER BY a.approved_by)
FROM pool_approval a WHERE NOT EXISTS (SELECT 1 FROM pool_release r
    WHERE r.vendor_id = a.vendor_id AND r.month = a.month AND r.currency = a.currency)
GROUP BY 1, 2, 3, 4 HAVING count(*) >= :needed ORDER BY 1, 2, 3, 4
"""


def enough(session: Session, *, needed: int) -> list[tuple[StoredPool, bytes, str]]:
    """List pools not released yet that enough operators approved, by digest, and who they are."""
    assert needed > 0, "without approvals a pool is released by hand"
    found = []
    rows = session.execute(text(_ENOUGH), {"needed": needed})
    for vendor_id, month, currency, digest, by in rows.all():
        some = pools.listing(session, vendor_id=vendor_id, month=Period(month))
        stored = next(one for one in some if one.key.currency == currency)
        found.append((stored, bytes(digest), str(by)))
    return found


def listing(session: Session, stored: StoredPool) -> list[PoolApproval]:
    """List the approvals of a pool, oldest first."""
    rows = session.execute(
        text(
            "SELECT encode(digest, 'hex'), approved_by, approved_at FROM pool_approval "
            "WHERE vendor_id = :vendor AND month = :month AND currency = :currency "
            "ORDER BY approved_at, approved_by"
        ),
        _names(stored),
    )
    return [PoolApproval(*row) for row in rows]


def _names(stored: StoredPool) -> dict[str, object]:
    return {
        "vendor": stored.vendor_id,
        "month": stored.key.month.number,
        "currency": stored.key.currency,
    }
