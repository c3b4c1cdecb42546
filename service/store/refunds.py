"""Refunds as vendors report them, and the corrections they cause."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.correction import check_refund
from service.ledger.errors import LedgerError
from service.ledger.sale_report import Outcome
from service.store import sales
from service.store.database import driver
from service.store.sales import StoredSale
from service.store.text_rules import check_text


class RefundConflict(LedgerError):
    """A refund id came again with another sale or amount."""

    def __init__(self, refund: str) -> None:
        super().__init__(f"refund {refund[:80]!r} was reported otherwise", refund=refund[:80])


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What a vendor gives back for a sale; ``amount_nanos`` None: all that is left."""

    external_id: str
    sale: str
    amount_nanos: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class WaitingRefund:
    """A refund of a settled sale that is not in the journal yet."""

    refund_id: int
    sale_id: int
    amount_nanos: int
    reason: str


def report(
    session: Session, vendor_id: int, refund: NewRefund, *, now: datetime
) -> tuple[Outcome, int]:
    """Store a refund; return outcome and nanos. The worker posts it once the sale is settled.

    Refunds of one sale are taken one after another under its row's lock, so that together they
    never pass its gross. Raises RefundConflict, SaleNotFound, RefundTooLarge, RefundNotPositive.
    """
    check_text(refund.external_id, place="id", max_chars=200)
    check_text(refund.reason, place="reason", max_chars=500, empty=True)
    found = sales.find(session, vendor_id, refund.sale)
    sale = sales.get(session, found.sale_id, lock=True)
    known = session.execute(
        text(
            "SELECT sale_id, amount_nanos FROM refund "
            "WHERE vendor_id = :vendor AND external_id = :id"
        ),
        {"vendor": vendor_id, "id": refund.external_id},
    ).first()
    if known:
        if known[0] != sale.sale_id or refund.amount_nanos not in {None, known[1]}:
            raise RefundConflict(refund.external_id)
        return Outcome.DUPLICATE, int(known[1])
    query = text("SELECT coalesce(sum(amount_nanos), 0) FROM refund WHERE sale_id = :sale")
    taken = int(session.execute(query, {"sale": sale.sale_id}).scalar_one())
    asked = refund.amount_nanos
    amount = sale.gross_nanos - taken if asked is None else asked
    check_refund(amount, gross_nanos=sale.gross_nanos, refunded_nanos=taken)
    _insert(session, sale, refund, amount, now=now)
    return Outcome.CREATED, amount


def is_known(session: Session, vendor_id: int, external_id: str) -> bool:
    """Whether a vendor's refund id is taken."""
    query = text("SELECT 1 FROM refund WHERE vendor_id = :vendor AND external_id = :id")
    return session.execute(query, {"vendor": vendor_id, "id": external_id}).first() is not None


def _insert(
    session: Session, sale: StoredSale, refund: NewRefund, amount: int, *, now: datetime
) -> None:
    session.execute(
        text(
            "INSERT INTO refund (vendor_id, external_id, sale_id, amount_nanos, currency, reason, "
            "received_at) VALUES (:vendor, :id, :sale, :amount, :currency, :reason, :now)"
        ),
        {
            "vendor": sale.vendor_id,
            "id": refund.external_id,
            "sale": sale.sale_id,
            "amount": amount,
            "currency": sale.currency,
            "reason": refund.reason,
            "now": now,
        },
    )


def claim_waiting(session: Session) -> WaitingRefund | None:
    """Lock the oldest refund whose sale is settled and that is not posted yet.

    Changed facts go first, so that each correction says one thing.
    """
    row = (
        driver(session)
        .execute(
            "SELECT r.refund_id, r.sale_id, r.amount_nanos, r.reason FROM refund r "
            "WHERE r.applied_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.sale_id = r.sale_id) "
            "AND NOT EXISTS (SELECT 1 FROM correction_job j WHERE j.done_at IS NULL "
            "AND coalesce(j.sale_id, r.sale_id) = r.sale_id) "
            "AND (SELECT stage FROM work_batch b WHERE b.first_sale_id <= r.sale_id "
            "ORDER BY b.first_sale_id DESC LIMIT 1) = 3 "
            "ORDER BY r.refund_id LIMIT 1 FOR UPDATE OF r SKIP LOCKED"
        )
        .fetchone()
    )
    return WaitingRefund(*row) if row else None


def any_waiting(session: Session) -> bool:
    """Whether a refund is not posted yet."""
    query = text("SELECT EXISTS (SELECT 1 FROM refund WHERE applied_at IS NULL)")
    return bool(session.execute(query).scalar_one())


def applied(session: Session, refund_id: int, *, now: datetime) -> None:
    """Mark a refund posted."""
    session.execute(
        text("UPDATE refund SET applied_at = :now WHERE refund_id = :id"),
        {"now": now, "id": refund_id},
    )


def refunded(session: Session, sale_id: int) -> int:
    """Sum the refunds of a sale that are posted."""
    query = text(
        "SELECT coalesce(sum(amount_nanos), 0) FROM refund "
        "WHERE sale_id = :sale AND applied_at IS NOT NULL"
    )
    return int(session.execute(query, {"sale": sale_id}).scalar_one())
