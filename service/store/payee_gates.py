"""What keeps the payee of a holder from being paid, as its creator is told."""

from datetime import UTC, date, datetime, time

from sqlmodel import Session

from service.ledger.money_state import PayeeGate, WhyNotPaid
from service.ledger.payee import AccountCooling, obstacles
from service.ledger.succession import parts_of
from service.store import payee_assignments, payees


def of_holder(session: Session, holder_id: int, today: date) -> PayeeGate | None:
    """Return the gravest obstacle of who is paid a holder's own part, None where there is none."""
    given = payee_assignments.everything(session)
    parts = parts_of(holder_id, given, issued_on=today, day=today)
    payee_id = parts[0].payee_id
    now = datetime.combine(today, time(), UTC)
    for found in obstacles(payees.known(session, [payee_id])[payee_id], now=now):
        if isinstance(found, AccountCooling):
            until = datetime.fromisoformat(str(found.facts["until"])).date()
            return PayeeGate(WhyNotPaid.ACCOUNT_COOLING, found.sentence, until)
        return PayeeGate(WhyNotPaid.PAYEE_NOT_READY, found.sentence)
    return None
