"""A bill beside what was reported of its days: compared, with accruals proposed, and kept."""

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from service.api.focus_csv import Bill
from service.ledger.reconciliation import Compared, accrued, compared
from service.store import reconciliations, terms
from service.store.reconciliations import NewReconciliation
from service.store.terms import Terms


def compare_bill(
    session: Session, vendor_id: int, bill: Bill, raw: bytes, *, by: str, now: datetime
) -> int:
    """Compare a bill with reports by day and model, keep the result and return its number."""
    told, tiers = reconciliations.reported(session, vendor_id, bill.first_day, bill.last_day)
    valid = terms.of_vendors(session, [vendor_id])[vendor_id]
    rows = [_accrued(one, valid) for one in compared(bill.usage, told, tiers)]
    made = NewReconciliation(
        vendor_id,
        hashlib.sha256(raw).digest(),
        bill.first_day,
        bill.last_day,
        bill.row_count,
        bill.ignored_count,
    )
    return reconciliations.insert(session, made, rows, by=by, now=now)


def _accrued(row: Compared, valid: Terms) -> Compared:
    """Say what is owed for what is missing, where tier, price and contract of the day are known."""
    if row.tier is None or not row.missing_tokens:
        return row
    first = max(valid.contracts[0].valid_from, valid.rate_cards[0].valid_from)
    card = valid.rate_card_on(row.key.day) if row.key.day >= first else None
    if card is None or card.currency != row.key.currency:
        return row
    price = card.nanos_per_token[row.tier]
    gross, due = accrued(row, price_nanos=price, contract=valid.contract_on(row.key.day))
    return replace(row, accrual_gross_nanos=gross, accrual_due_nanos=due)
