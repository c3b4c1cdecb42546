"""What banks say is taken line by line: known again, unknown ones reported, none half done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.bank_line import AmountDiffers, BankLine, UnknownTransfer, payout_id_of
from service.ledger.errors import LedgerError
from service.ledger.payout import PayoutState
from service.store import bank_files, payouts
from service.store.database import Database, unit_of_work
from service.store.payouts import PayoutNotFound
from worker.payout_steps import take_step


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file came to: payouts by outcome, lines known before, and what is wrong."""

    confirmed: tuple[int, ...]
    returned: tuple[int, ...]
    known_count: int
    errors: tuple[LedgerError, ...]


def take(
    database: Database,
    lines: Sequence[BankLine],
    *,
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> Imported:
    """Take the lines of a file, each whole or not at all, in their order.

    A line taken before is known again, in whatever file it comes. ``dry_run``: say what it would
    come to and keep nothing.
    """
    done: dict[PayoutState, list[int]] = {PayoutState.CONFIRMED: [], PayoutState.RETURNED: []}
    errors, known = list[LedgerError](), 0
    with unit_of_work(database) as session:
        payouts.lock(session)
        before = bank_files.known_lines(session, [line.digest for line in lines])
        for line in lines:
            if line.digest in before:
                known += 1
                continue
            try:
                with session.begin_nested():
                    number = _take(session, line, by=by, now=now)
                    bank_files.insert_line(session, line, number, by=by, now=now)
            except LedgerError as error:
                errors.append(error)
                continue
            before.add(line.digest)
            done[line.outcome].append(number)
        if dry_run:
            session.rollback()
    confirmed, returned = done[PayoutState.CONFIRMED], done[PayoutState.RETURNED]
    return Imported(tuple(confirmed), tuple(returned), known, tuple(errors))


def _take(session: Session, line: BankLine, *, by: str, now: datetime) -> int:
    """Take the step a line says; return the payout. What was said by hand before is left as it is.

    Raises UnknownTransfer, AmountDiffers, PayoutOutOfOrder, BankTooLow.
    """
    number = payout_id_of(line.reference)
    if number is None:
        raise UnknownTransfer(line.place, line.reference)
    try:
        found = payouts.get(session, number)
    except PayoutNotFound:
        raise UnknownTransfer(line.place, line.reference) from None
    one = found.transfer
    if line.currency != one.to_currency or line.nanos != one.paid_nanos:
        raise AmountDiffers(
            line.place,
            number,
            paid_nanos=one.paid_nanos,
            said_nanos=line.nanos,
            currency=one.to_currency,
        )
    moved = line.bank_nanos if one.exchanged and line.bank_currency == one.currency else None
    reference = f"{line.bank_reference} {line.note}".strip()[:200]
    take_step(session, number, line.outcome, reference=reference, by=by, now=now, bank_nanos=moved)
    return number
