"""Approvals of a close: by different operators, bound to the digest of what it issues."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import periods

_DIGEST_BYTES = 32


class BadDigest(LedgerError):
    """A digest is not 64 hexadecimal digits."""

    def __init__(self, given: str) -> None:
        super().__init__(f"digest {given[:80]!r} is not 64 hexadecimal digits", given=given[:80])


class NothingToApprove(LedgerError):
    """A period that is not closing was to be approved: what it issues can still change."""

    def __init__(self, period: Period, state: str) -> None:
        super().__init__(f"period {period} is {state}, not closing", period=str(period))


class ApprovalsMissing(LedgerError):
    """A closing period waits for operators to approve what it issues."""

    def __init__(self, period: Period, *, digest: str, given: int, needed: int) -> None:
        super().__init__(
            f"period {period} waits for approval of digest {digest}: {given} of {needed} operators "
            "have given it",
            period=str(period),
            digest=digest,
            given=given,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """One operator's approval; ``void_at``: what the close issues is something else since."""

    approved_by: str
    digest: str
    approved_at: datetime
    void_at: datetime | None


def parse_digest(given: str) -> bytes:
    """Read a digest; raise BadDigest."""
    try:
        read = bytes.fromhex(given)
    except ValueError:
        raise BadDigest(given) from None
    if len(read) != _DIGEST_BYTES:
        raise BadDigest(given)
    return read


def approve(session: Session, period: Period, digest: bytes, *, by: str, now: datetime) -> None:
    """Keep an operator's approval of a closing period; a second one of the same changes nothing.

    Raises NothingToApprove for a period that is open or closed.
    """
    state = periods.state(session, period)
    if state != periods.CLOSING:
        raise NothingToApprove(period, state)
    session.execute(
        text(
            "INSERT INTO close_approval (period, approved_by, digest, approved_at) "
            "VALUES (:period, :by, :digest, :now) "
            "ON CONFLICT (period, approved_by, digest) DO UPDATE SET void_at = NULL"
        ),
        {"period": period.number, "by": by, "digest": digest, "now": now},
    )


def listing(session: Session, period: Period) -> list[Approval]:
    """List the approvals of a period, oldest first."""
    rows = session.execute(
        text(
            "SELECT approved_by, encode(digest, 'hex'), approved_at, void_at FROM close_approval "
            "WHERE period = :period ORDER BY approved_at, approved_by"
        ),
        {"period": period.number},
    )
    return [Approval(*row) for row in rows]


def most(session: Session, period: Period) -> int:
    """Return how many operators approved the digest that most approved."""
    query = text(
        "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM close_approval "
        "WHERE period = :period AND void_at IS NULL GROUP BY digest) AS counted"
    )
    return int(session.execute(query, {"period": period.number}).scalar_one())


def count(session: Session, period: Period, digest: bytes) -> int:
    """Return how many operators approved a digest."""
    query = text(
        "SELECT count(*) FROM close_approval "
        "WHERE period = :period AND digest = :digest AND void_at IS NULL"
    )
    values = {"period": period.number, "digest": digest}
    return int(session.execute(query, values).scalar_one())


def void_others(session: Session, period: Period, digest: bytes, *, now: datetime) -> None:
    """Mark approvals of what the close does not issue any more."""
    session.execute(
        text(
            "UPDATE close_approval SET void_at = :now "
            "WHERE period = :period AND digest <> :digest AND void_at IS NULL"
        ),
        {"period": period.number, "digest": digest, "now": now},
    )
