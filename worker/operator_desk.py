"""The operator's desk of the portal, done by the worker's functions."""

from collections.abc import Callable, Mapping, Sequence

from sqlmodel import Session

from service.api.doors import NothingToExplain
from service.intake import bank_lines
from service.ledger.payout import PayoutState
from service.ledger.payout_correction import CorrectionKind, NewCorrection
from service.portal.operator_desk import BankTaken, Debt, Explained, FileForBank
from service.store import key_ring, parties
from service.store.database import unit_of_work
from service.store.payouts import StoredPayout
from service.store.receipts import NewReceipt
from worker import bank_files, bank_import, payout_corrections, payout_steps, receipts, receivables
from worker.cli.bank import payer_of
from worker.explain_line import explain_line
from worker.explain_payout import explain_payout
from worker.explain_sale import explain_sale
from worker.explain_statement import explain_statement
from worker.explain_vendor_statement import explain_vendor_statement
from worker.explanation import Explanation
from worker.workplace import Workplace

_MOST_DIGITS = 18
_EXPLAINED: Mapping[str, Callable[[Session, str], Explanation]] = {
    "sale": explain_sale,
    "statement": explain_statement,
    "vendor-statement": explain_vendor_statement,
    "line": lambda session, name: explain_line(session, _number("line", name)),
    "payout": lambda session, name: explain_payout(session, _number("payout", name)),
}


def _number(kind: str, name: str) -> int:
    if not (name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS):
        raise NothingToExplain(kind, name)
    return int(name)


class WorkersDesk:
    """Does at once what an operator asks for, at one workplace."""

    def __init__(self, workplace: Workplace) -> None:
        self._place = workplace

    def explain(self, kind: str, name: str) -> Explained:
        """Recompute an amount from what it rests on."""
        if kind not in _EXPLAINED:
            raise NothingToExplain(kind, name)
        with unit_of_work(self._place.database) as session:
            told = _EXPLAINED[kind](session, name)
        return Explained(told.heading, told.facts, told.tables)

    def debts(self) -> Sequence[Debt]:
        """List what vendors owe."""
        with unit_of_work(self._place.database) as session:
            return [
                Debt(one.vendor_id, one.currency, one.aged) for one in receivables.listing(session)
            ]

    def receive(self, vendor: str, nanos: int, currency: str, reference: str) -> int:
        """Post a receipt."""
        with unit_of_work(self._place.database) as session:
            party = parties.vendor_named(session, vendor)
        paid = NewReceipt(party.party_id or 0, nanos, currency, reference)
        return receipts.add(self._place.database, party, paid, now=self._place.clock())

    def write_off(self, vendor: str, nanos: int, currency: str, *, reason: str, by: str) -> int:
        """Post a write-off."""
        with unit_of_work(self._place.database) as session:
            party = parties.vendor_named(session, vendor)
        return receivables.write_off(
            self._place.database,
            party,
            nanos,
            currency,
            reason=reason,
            by=by,
            now=self._place.clock(),
        )

    def files_for_bank(self, run_id: int, *, by: str) -> Sequence[FileForBank]:
        """Write a run's files."""
        settings = self._place.settings
        given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
        ring = key_ring.load(given, settings.home, embedded=settings.embedded)
        files = bank_files.write(
            self._place.database, run_id, payer_of(settings), ring, by=by, now=self._place.clock()
        )
        return [FileForBank(one.name, one.payout_ids, one.content) for one in files]

    def take_from_bank(self, content: bytes, *, by: str, dry_run: bool) -> BankTaken:
        """Take a bank's lines."""
        lines, errors = bank_lines.read(content)
        told = bank_import.take(
            self._place.database, lines, by=by, now=self._place.clock(), dry_run=dry_run
        )
        wrong = [error.sentence for error in (*errors, *told.errors)]
        return BankTaken(len(told.confirmed), len(told.returned), told.known_count, wrong)

    def take_step(
        self, payout_id: int, state: PayoutState, *, reference: str, by: str
    ) -> StoredPayout:
        """Take a step of a payout."""
        return payout_steps.step(
            self._place.database,
            payout_id,
            state,
            reference=reference,
            by=by,
            now=self._place.clock(),
        )

    def correct(self, new: NewCorrection, *, by: str) -> int:
        """Correct a payout; one that went astray goes astray whole."""
        database, now = self._place.database, self._place.clock()
        if new.kind is CorrectionKind.MISDIRECTED:
            return payout_corrections.misdirect(database, new.payout_id, new.note, by=by, now=now)
        return payout_corrections.correct(database, new, by=by, now=now)
