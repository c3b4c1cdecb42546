"""Refunds become corrections: target minus posted, under the lock of the sale's row."""

from datetime import datetime

from service.ledger.correction import correction, target
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.ledger.settlement import legs
from service.store import journal, periods, refunds, sales
from service.store.database import Database, unit_of_work
from worker import settled_sale


def apply_next(database: Database, *, now: datetime) -> bool:
    """Post the oldest refund of a settled sale; False where none waits. Safe to run by several."""
    with unit_of_work(database) as session:
        refund = refunds.claim_waiting(session)
        if not refund:
            return False
        stored = sales.get(session, refund.sale_id, lock=True)
        facts = settled_sale.load(session, stored)
        whole = legs(facts.sale, facts.matched, facts.contract)
        given_back = refunds.refunded(session, stored.sale_id) + refund.amount_nanos
        wanted = target(whole, given_back, tie=facts.sale.tie)
        posted = journal.posted_on_sale(session, stored.sale_id)
        number = refunds.insert_correction(
            session,
            stored.sale_id,
            reason=f"refund: {refund.reason}" if refund.reason else "refund",
            refund_id=refund.refund_id,
            now=now,
        )
        said = entry(
            Source(Kind.CORRECTION, number),
            stored.currency,
            correction(wanted, posted),
            subject_sale_id=stored.sale_id,
        )
        period = periods.hold_open_from(session, Period(stored.period))
        if said:
            journal.append_entries(session, [said], period=period.number, now=now)
        refunds.applied(session, refund.refund_id, now=now)
        return True
