"""What is not expected from vendors any more, with who decided it and why."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session


def insert(
    session: Session,
    vendor_id: int,
    amount_nanos: int,
    currency: str,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Keep a write-off; return its number."""
    query = text(
        "INSERT INTO write_off (vendor_id, amount_nanos, currency, reason, decided_by, "
        "written_off_at) VALUES (:vendor, :amount, :currency, :reason, :by, :now) "
        "RETURNING write_off_id"
    )
    fields = {
        "vendor": vendor_id,
        "amount": amount_nanos,
        "currency": currency,
        "reason": reason,
        "by": by,
        "now": now,
    }
    return int(session.execute(query, fields).scalar_one())


def written_off(session: Session, vendor_id: int, currency: str) -> int:
    """Sum what is written off of a vendor's debt in a currency."""
    query = text(
        "SELECT coalesce(sum(amount_nanos), 0) FROM write_off "
        "WHERE vendor_id = :vendor AND currency = :currency"
    )
    return int(session.execute(query, {"vendor": vendor_id, "currency": currency}).scalar_one())
