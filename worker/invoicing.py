"""Self-billing invoices: written by the payer for payees that ask for it, once a payout is paid.

What was invoiced and came back is credited whole: its royalties are paid and invoiced again.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from service.documents.invoice import Invoice, InvoiceParty
from service.documents.invoice_pdf import invoice_pdf
from service.ledger.bank_line import reference_of
from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.ledger.payee import ProfileMissing
from service.ledger.payout import PayoutState
from service.store import payees, payout_corrections, payout_invoices, payouts
from service.store.database import Database, unit_of_work
from service.store.payees import StoredProfile
from service.store.payout_invoices import InvoiceKind, IssuedInvoice
from service.store.payouts import StoredPayout

_SELF_BILLED = "Self-billing: issued by the buyer in the name and on behalf of the seller."


class InvoiceNotAsked(LedgerError):
    """A payee writes its own invoices."""

    def __init__(self, payee_id: int) -> None:
        super().__init__(f"payee {payee_id} has not asked for invoices", payee_id=payee_id)


class NotPaidYet(LedgerError):
    """Only what the bank has paid is invoiced."""

    def __init__(self, payout_id: int, state: PayoutState) -> None:
        super().__init__(
            f"payout {payout_id} is {state}: what the bank has not paid is not invoiced",
            payout_id=payout_id,
            state=str(state),
        )


class NothingToCredit(LedgerError):
    """A payout was not invoiced, or did not come back."""

    def __init__(self, payout_id: int, rule: str) -> None:
        super().__init__(f"payout {payout_id}: {rule}", payout_id=payout_id, rule=rule)


class BuyerUnknown(LedgerError):
    """The settings do not say who is billed."""

    def __init__(self) -> None:
        super().__init__("set WELLSPRING_PAYER_NAME, _COUNTRY and _ADDRESS")


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """An invoice or credit note as PDF with its XML inside."""

    number: str
    content: bytes


def invoice(
    database: Database, payout_id: int, buyer: InvoiceParty, *, now: datetime
) -> InvoiceFile:
    """Issue the invoice of a confirmed payout, or write the one again that was issued.

    Raises PayoutNotFound, NotPaidYet, InvoiceNotAsked, ProfileMissing, BuyerUnknown.
    """
    _check_buyer(buyer)
    with unit_of_work(database) as session:
        payouts.lock(session)
        found = payouts.get(session, payout_id)
        issued = payout_invoices.of_payout(session, payout_id).get(InvoiceKind.INVOICE)
        stored = payees.profiles(session, [found.payee_id]).get(found.payee_id)
        if issued:
            stored = payees.profile_numbered(session, issued.profile_id)
        if stored is None or stored.erased:
            raise ProfileMissing(found.payee_id)
        if issued is None:
            if found.state is not PayoutState.CONFIRMED:
                raise NotPaidYet(payout_id, found.state)
            if not stored.profile.invoice:
                raise InvoiceNotAsked(found.payee_id)
            issued = payout_invoices.issue(
                session,
                payout_id,
                InvoiceKind.INVOICE,
                payee_id=found.payee_id,
                profile_id=stored.profile_id,
                now=now,
            )
    said = _invoice(found, stored, issued, buyer, _notes(found))
    return InvoiceFile(issued.name, invoice_pdf(said))


def credit_note(
    database: Database, payout_id: int, buyer: InvoiceParty, *, now: datetime
) -> InvoiceFile:
    """Issue what credits the invoice of a payout that came back or went astray, or write it again.

    Raises PayoutNotFound, NothingToCredit, ProfileMissing, BuyerUnknown.
    """
    _check_buyer(buyer)
    with unit_of_work(database) as session:
        payouts.lock(session)
        found = payouts.get(session, payout_id)
        known = payout_invoices.of_payout(session, payout_id)
        credited = known.get(InvoiceKind.INVOICE)
        if credited is None:
            raise NothingToCredit(payout_id, "no invoice was issued of it")
        is_astray = payout_corrections.before(session, payout_id).misdirected
        if found.state is not PayoutState.RETURNED and not is_astray:
            raise NothingToCredit(payout_id, f"it is {found.state} and did not go astray")
        stored = payees.profile_numbered(session, credited.profile_id)
        if stored is None or stored.erased:
            raise ProfileMissing(found.payee_id)
        issued = known.get(InvoiceKind.CREDIT_NOTE) or payout_invoices.issue(
            session,
            payout_id,
            InvoiceKind.CREDIT_NOTE,
            payee_id=credited.payee_id,
            profile_id=credited.profile_id,
            now=now,
        )
    why = "went to a wrong account" if is_astray else "came back"
    told = f"The payment {why}: its royalties are payable and will be invoiced again."
    notes = (_SELF_BILLED, f"{told} Statement {found.number}.")
    said = _invoice(found, stored, issued, buyer, notes)
    said = replace(said, credits=(credited.name, credited.issued_at.date()))
    return InvoiceFile(issued.name, invoice_pdf(said))


def _check_buyer(buyer: InvoiceParty) -> None:
    if not (buyer.name and buyer.country):
        raise BuyerUnknown


def _notes(found: StoredPayout) -> tuple[str, ...]:
    parts, notes = found.transfer, [_SELF_BILLED]
    if parts.tax_nanos:
        withheld = f"{format_nanos(parts.tax_nanos)} {parts.currency}"
        notes.append(f"Tax withheld: {withheld} (rule {parts.tax_rule}, {found.tax_ppm} ppm).")
    if parts.fee_nanos:
        notes.append(f"Fee of the transfer: {format_nanos(parts.fee_nanos)} {parts.currency}.")
    if found.rate:
        rate = f"{found.rate} of {found.rate.day}, {found.rate.origin}"
        notes.append(f"Exchanged at {rate}; exact total {format_nanos(parts.gross_nanos)}.")
    paid = f"{format_nanos(parts.paid_nanos)} {parts.to_currency}"
    notes.append(f"Paid: {paid}. Statement {found.number}.")
    return tuple(notes)


def _invoice(
    found: StoredPayout,
    stored: StoredProfile,
    issued: IssuedInvoice,
    buyer: InvoiceParty,
    notes: tuple[str, ...],
) -> Invoice:
    who, parts = stored.profile, found.transfer
    seller = InvoiceParty(who.legal_name, who.country, who.address, who.tax_number)
    return Invoice(
        issued.name,
        issued.issued_at.date(),
        seller,
        buyer,
        parts.currency,
        parts.gross_nanos,
        found.number,
        reference_of(found.payout_id),
        notes,
    )
