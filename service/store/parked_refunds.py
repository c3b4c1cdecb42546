"""Refunds that came before their sales: they wait for them by the vendor's own ids."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.correction import RefundNotPositive
from service.ledger.sale_report import Outcome
from service.store import refunds
from service.store.refunds import NewRefund, RefundConflict
from service.store.sales import SaleNotFound
from service.store.text_rules import check_text


@dataclass(frozen=True, slots=True)
class ParkedRefund:
    """A refund that waits for its sale; ``refused``: why that sale did not take it, once there."""

    vendor_id: int
    vendor: str
    refund: NewRefund
    received_at: datetime
    refused: str | None


_SELECT = (
    "SELECT r.vendor_id, v.slug, r.external_id, r.sale, r.amount_nanos, r.reason, r.received_at, "
    "r.refused FROM parked_refund r JOIN party v ON v.party_id = r.vendor_id "
)


def report(
    session: Session, vendor_id: int, refund: NewRefund, *, now: datetime
) -> tuple[Outcome, int | None]:
    """Store a refund, or park it where its sale is not reported yet; return outcome and nanos.

    Nanos are None for all of a sale that nobody knows yet. Raises RefundConflict, RefundTooLarge,
    RefundNotPositive, BadText.
    """
    waiting = find(session, vendor_id, refund.external_id)
    if waiting:
        if (waiting.refund.sale, waiting.refund.amount_nanos) != (refund.sale, refund.amount_nanos):
            raise RefundConflict(refund.external_id)
        return Outcome.DUPLICATE, refund.amount_nanos
    try:
        return refunds.report(session, vendor_id, refund, now=now)
    except SaleNotFound:
        check_text(refund.sale, place="sale", max_chars=200)
    if refund.amount_nanos is not None and refund.amount_nanos <= 0:
        raise RefundNotPositive(refund.amount_nanos)
    if refunds.is_known(session, vendor_id, refund.external_id):
        raise RefundConflict(refund.external_id)
    _park(session, vendor_id, refund, now=now)
    return Outcome.PARKED, refund.amount_nanos


def find(session: Session, vendor_id: int, external_id: str) -> ParkedRefund | None:
    """Return a parked refund by the vendor's id of it."""
    query = text(_SELECT + "WHERE r.vendor_id = :vendor AND r.external_id = :id")
    row = session.execute(query, {"vendor": vendor_id, "id": external_id}).first()
    return _parked(*row) if row else None


def _park(session: Session, vendor_id: int, refund: NewRefund, *, now: datetime) -> None:
    """Keep a refund whose sale is not reported yet. Another process may have kept it meanwhile."""
    session.execute(
        text(
            "INSERT INTO parked_refund (vendor_id, external_id, sale, amount_nanos, reason, "
            "received_at) VALUES (:vendor, :id, :sale, :amount, :reason, :now) "
            "ON CONFLICT DO NOTHING"
        ),
        {
            "vendor": vendor_id,
            "id": refund.external_id,
            "sale": refund.sale,
            "amount": refund.amount_nanos,
            "reason": refund.reason,
            "now": now,
        },
    )


def claim_due(session: Session) -> ParkedRefund | None:
    """Lock the oldest parked refund whose sale has come; others skip it."""
    row = session.execute(
        text(
            _SELECT + "JOIN sale s ON s.vendor_id = r.vendor_id AND s.external_id = r.sale "
            "WHERE r.refused IS NULL ORDER BY r.received_at, r.vendor_id, r.external_id "
            "LIMIT 1 FOR UPDATE OF r SKIP LOCKED"
        )
    ).first()
    return _parked(*row) if row else None


def unpark(session: Session, parked: ParkedRefund) -> None:
    """Forget a refund that its sale took."""
    session.execute(
        text("DELETE FROM parked_refund WHERE vendor_id = :vendor AND external_id = :id"),
        {"vendor": parked.vendor_id, "id": parked.refund.external_id},
    )


def refuse(session: Session, parked: ParkedRefund, reason: str) -> None:
    """Keep why a sale did not take its refund."""
    session.execute(
        text(
            "UPDATE parked_refund SET refused = :reason "
            "WHERE vendor_id = :vendor AND external_id = :id"
        ),
        {"reason": reason, "vendor": parked.vendor_id, "id": parked.refund.external_id},
    )


def listing(session: Session, *, limit: int) -> list[ParkedRefund]:
    """List parked refunds, oldest first."""
    query = text(_SELECT + "ORDER BY r.received_at, r.vendor_id, r.external_id LIMIT :limit")
    return [_parked(*row) for row in session.execute(query, {"limit": limit})]


def _parked(
    vendor_id: int,
    vendor: str,
    external_id: str,
    sale: str,
    amount: int | None,
    reason: str,
    received_at: datetime,
    refused: str | None,
) -> ParkedRefund:
    refund = NewRefund(external_id, sale, amount, reason)
    return ParkedRefund(vendor_id, vendor, refund, received_at, refused)
