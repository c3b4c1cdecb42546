"""Refunds become corrections; those that came before their sales are taken out to them first."""

from datetime import datetime

from service.ledger.correction import RefundNotPositive, RefundTooLarge
from service.store import parked_refunds, refunds
from service.store.corrections import Cause
from service.store.database import Database, unit_of_work
from worker.correcting import correct


def apply_next(database: Database, *, now: datetime) -> bool:
    """Post the oldest refund of a settled sale; False where none waits. Safe to run by several."""
    with unit_of_work(database) as session:
        refund = refunds.claim_waiting(session)
        if not refund:
            return False
        correct(
            session,
            refund.sale_id,
            cause=Cause.REFUND,
            reason=f"refund: {refund.reason}" if refund.reason else "refund",
            refund=(refund.refund_id, refund.amount_nanos),
            now=now,
        )
        refunds.applied(session, refund.refund_id, now=now)
        return True


def unpark_next(database: Database, *, now: datetime) -> bool:
    """Report the oldest parked refund whose sale has come; False where none is due.

    One that the sale does not take (it gives back more than is left) stays, with the reason.
    """
    with unit_of_work(database) as session:
        parked = parked_refunds.claim_due(session)
        if not parked:
            return False
        try:
            with session.begin_nested():
                refunds.report(session, parked.vendor_id, parked.refund, now=now)
        except (RefundTooLarge, RefundNotPositive, refunds.RefundConflict) as error:
            parked_refunds.refuse(session, parked, error.sentence)
        else:
            parked_refunds.unpark(session, parked)
        return True
