"""Files for the bank of what a run reserved: written once, the same bytes whenever asked again."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.documents.bank_file import Payer, Payment, pain_001, wallet_csv
from service.ledger.bank_line import reference_of
from service.ledger.errors import LedgerError
from service.ledger.payee import ProfileMissing
from service.ledger.payout import PayoutState
from service.store import bank_files, payee_accounts, payees, payout_runs, payouts
from service.store.account_details import WALLET
from service.store.bank_files import BankFileRow
from service.store.database import Database, unit_of_work
from service.store.key_ring import KeyRing
from service.store.mode import check_live
from service.store.payout_runs import PayoutRun
from service.store.payouts import StoredPayout
from worker.payout_steps import take_step


class FileChanged(LedgerError):
    """A file that was written before would have other bytes now: its payees were erased."""

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"bank file {message_id} cannot be written again: use the one that was",
            message_id=message_id,
        )


class PayerUnknown(LedgerError):
    """The settings do not say whose account pays."""

    def __init__(self) -> None:
        super().__init__("set WELLSPRING_PAYER_NAME and WELLSPRING_PAYER_IBAN")


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file with its name and the payouts it carries."""

    name: str
    message_id: str
    payout_ids: tuple[int, ...]
    content: bytes


def write(
    database: Database, run_id: int, payer: Payer, ring: KeyRing, *, by: str, now: datetime
) -> list[BankFile]:
    """Return the files of a run, one a currency and method, and mark their payouts as sent.

    In one transaction: a file is not there without its payouts being sent. What was reserved since
    goes into a further file; what was returned before it was sent into none. Raises RunNotFound,
    NotLive, PayerUnknown, BankFileInvalid, FileChanged, KeyMissing, AccountErased.
    """
    if not (payer.name and payer.iban):
        raise PayerUnknown
    with unit_of_work(database) as session:
        check_live(session, "a bank file")
        payouts.lock(session)
        run = payout_runs.get(session, run_id)
        found = payouts.listing(session, run_id=run_id, limit=1_000_000)
        by_id = {one.payout_id: one for one in found}
        made = []
        for row in bank_files.of_run(session, run_id):
            again = _file(session, run, row, [by_id[n] for n in row.payout_ids], payer, ring)
            if hashlib.sha256(again.content).digest() != row.content_hash:
                raise FileChanged(row.message_id)
            made.append(again)
        carried = {number for one in made for number in one.payout_ids}
        new = [
            one
            for one in found
            if one.payout_id not in carried and one.state is PayoutState.RESERVED
        ]
        return made + _new_files(session, run, new, payer, ring, by=by, now=now)


def _new_files(
    session: Session,
    run: PayoutRun,
    some: Sequence[StoredPayout],
    payer: Payer,
    ring: KeyRing,
    *,
    by: str,
    now: datetime,
) -> list[BankFile]:
    groups = defaultdict[tuple[str, str], list[StoredPayout]](list)
    for one in some:
        groups[one.transfer.to_currency, one.method].append(one)
    made = []
    for (currency, method), group in sorted(groups.items()):
        ids = tuple(one.payout_id for one in group)
        name = f"WS-{run.run_id}-{currency}-{method.upper()}-{ids[0]}"
        row = BankFileRow(name, run.run_id, currency, method, ids, b"", now.replace(microsecond=0))
        file = _file(session, run, row, group, payer, ring)
        hashed = hashlib.sha256(file.content).digest()
        kept = BankFileRow(name, run.run_id, currency, method, ids, hashed, row.written_at)
        total = sum(one.transfer.paid_nanos for one in group)
        bank_files.insert(session, kept, total_nanos=total, by=by)
        for number in ids:
            take_step(session, number, PayoutState.SENT, reference=name, by=by, now=now)
        made.append(file)
    return made


def _file(
    session: Session,
    run: PayoutRun,
    row: BankFileRow,
    some: Sequence[StoredPayout],
    payer: Payer,
    ring: KeyRing,
) -> BankFile:
    """Make a file of its row: by who its payees were when it was written."""
    payments = _payments(session, some, ring, at=row.written_at)
    if row.method == WALLET:
        content = wallet_csv(payments, currency=row.currency)
        return BankFile(f"{row.message_id}.csv", row.message_id, row.payout_ids, content)
    content = pain_001(
        row.message_id,
        payer,
        payments,
        currency=row.currency,
        created_at=row.written_at,
        execution_on=run.day,
    )
    return BankFile(f"{row.message_id}.xml", row.message_id, row.payout_ids, content)


def _payments(
    session: Session, some: Sequence[StoredPayout], ring: KeyRing, *, at: datetime
) -> list[Payment]:
    who = payees.profiles(session, [one.payee_id for one in some], at=at)
    numbers = [one.account_id for one in some if one.account_id is not None]
    where = payee_accounts.opened(session, numbers, ring)
    made = []
    for one in some:
        stored = who.get(one.payee_id)
        if stored is None or stored.erased or one.account_id is None:
            raise ProfileMissing(one.payee_id)
        details = where[one.account_id]
        made.append(
            Payment(
                reference_of(one.payout_id),
                stored.profile.legal_name,
                stored.profile.country,
                one.transfer.paid_nanos,
                f"Statement {one.number}",
                iban=details.iban,
                number=details.number,
                bic=details.bic,
                email=details.email,
            )
        )
    return made
