"""Explain a payout: gross, tax, fee, net and exchange, and the steps it took."""

from sqlmodel import Session

from service.ledger.money import format_nanos, minor_unit_nanos
from service.store import payouts
from worker.explanation import Explanation


def explain_payout(session: Session, payout_id: int) -> Explanation:
    """Explain a payout by its number; raise PayoutNotFound."""
    one = payouts.get(session, payout_id)
    said, unit = one.transfer, format_nanos(minor_unit_nanos(one.currency))
    told = Explanation(f"payout {payout_id} of statement {one.number}")
    told.facts = {
        "gross": f"{format_nanos(said.gross_nanos)} {one.currency}, of what the statement states",
        "tax": f"{format_nanos(said.tax_nanos)}: {format_nanos(said.gross_nanos)} x {one.tax_ppm} "
        f"/ 1000000, rounded down to {unit}"
        + (f", rule {said.tax_rule}" if said.tax_rule else ", no rule on file"),
        "fee": format_nanos(said.fee_nanos),
        "net": f"{format_nanos(said.net_nanos)} = gross - tax - fee",
        "state": f"{one.state} on {one.taken_at:%Y-%m-%d} by {one.taken_by}",
    }
    if one.rate:
        to_unit = format_nanos(minor_unit_nanos(one.rate.target))
        told.facts["exchange"] = (
            f"{format_nanos(said.net_nanos)} x {one.rate} of {one.rate.day} ({one.rate.origin}), "
            f"rounded down to {to_unit}, is {format_nanos(said.paid_nanos)} {one.rate.target}"
        )
    rows: list[tuple[object, ...]] = [
        (str(step.state), step.taken_at.isoformat(), step.reference, step.bank_nanos or "")
        for step in payouts.steps(session, [payout_id]).get(payout_id, [])
    ]
    told.tables.append(("Steps", ("state", "at", "reference", "nanos of the bank"), rows))
    return told
