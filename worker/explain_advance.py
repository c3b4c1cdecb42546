"""Explain an advance: what it was, what was earned towards it, and why so much is recouped."""

from sqlmodel import Session

from service.ledger.advance import recoupments
from service.ledger.money import format_nanos
from service.store import advances
from worker.explanation import Explanation
from worker.recouping import standings


def explain_advance(session: Session, advance_id: int) -> Explanation:
    """Explain an advance by its number; raise AdvanceNotFound."""
    stored = advances.get(session, advance_id)
    agreed, currency = stored.advance, stored.advance.currency
    beside = advances.listing(session, holder_id=agreed.holder_id, vendor_id=stored.vendor_id)
    all_standing = standings(session, beside)
    one = next(each for each in all_standing if each.advance.advance_id == advance_id)
    due = recoupments(all_standing).get(advance_id, 0)
    told = Explanation(f"advance {advance_id} of {agreed.vendor} to {stored.holder_name}")
    works = "all works" if agreed.work_ids is None else str(sorted(agreed.work_ids))
    told.facts = {
        "agreed": f"{format_nanos(agreed.amount_nanos)} {currency}, on {works}",
        "paid": format_nanos(one.paid_nanos),
        "earned": f"{format_nanos(one.earned_nanos)}, released from {agreed.vendor}'s lines",
        "made up": f"{format_nanos(one.made_up_nanos)} of a guarantee of "
        f"{format_nanos(agreed.guarantee_nanos)}",
        "contested": f"{format_nanos(one.contested_nanos)}, not recouped while it is under a hold",
        "recouped": f"{format_nanos(one.recouped_nanos)}, the smaller of what was paid and of "
        "earned + made up - contested - what older advances on the same works took",
        "next close": f"{format_nanos(due)} would be recouped by what is known now",
        "still to be earned": format_nanos(one.unrecouped_nanos),
    }
    rows: list[tuple[object, ...]] = [
        (str(step.period), str(step.kind), step.reference, step.taken_by, step.nanos)
        for step in advances.steps_of(session, advance_id)
    ]
    columns = ("period", "step", "reference", "by", "nanos")
    told.tables.append(("Steps, each an entry", columns, rows))
    return told
