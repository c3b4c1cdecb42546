"""Self-billing invoices of payouts and what credits them: numbered by payee and year, no gap."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from service.store.database import driver


class InvoiceKind(StrEnum):
    """A payout has one of each at most."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"


@dataclass(frozen=True, slots=True)
class IssuedInvoice:
    """An invoice that was issued. ``profile_id``: who the payee was then."""

    payout_id: int
    kind: InvoiceKind
    payee_id: int
    year: int
    number: int
    profile_id: int
    issued_at: datetime

    @property
    def name(self) -> str:
        """The invoice's public number: year, payee and count."""
        return f"{self.year}-P{self.payee_id}-{self.number:04d}"


def of_payout(session: Session, payout_id: int) -> dict[InvoiceKind, IssuedInvoice]:
    """Return what was issued of a payout."""
    rows = driver(session).execute(
        "SELECT payout_id, kind, payee_id, year, number, profile_id, issued_at "
        "FROM payout_invoice WHERE payout_id = %s",
        (payout_id,),
    )
    return {
        InvoiceKind(kind): IssuedInvoice(of, InvoiceKind(kind), *told) for of, kind, *told in rows
    }


def issue(
    session: Session,
    payout_id: int,
    kind: InvoiceKind,
    *,
    payee_id: int,
    profile_id: int,
    now: datetime,
) -> IssuedInvoice:
    """Issue the next of a payee in this year; the caller holds the lock of payouts."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO payout_invoice (payout_id, kind, payee_id, year, number, profile_id, "
            "issued_at) SELECT %(payout)s, %(kind)s, %(payee)s, %(year)s, 1 + coalesce((SELECT "
            "max(number) FROM payout_invoice WHERE payee_id = %(payee)s AND year = %(year)s), 0), "
            "%(profile)s, %(now)s RETURNING number",
            {
                "payout": payout_id,
                "kind": str(kind),
                "payee": payee_id,
                "year": now.year,
                "profile": profile_id,
                "now": now,
            },
        )
        .fetchone()
    )
    assert row
    return IssuedInvoice(payout_id, kind, payee_id, now.year, int(row[0]), profile_id, now)
