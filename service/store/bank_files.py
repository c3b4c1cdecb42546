"""Files given to banks, and lines taken from what banks say, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.bank_line import BankLine
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class BankFileRow:
    """A file that was written: of which payouts, with what bytes."""

    message_id: str
    run_id: int
    currency: str
    method: str
    payout_ids: tuple[int, ...]
    content_hash: bytes
    written_at: datetime


def of_run(session: Session, run_id: int) -> list[BankFileRow]:
    """Return the files of a run in the order they were written."""
    rows = driver(session).execute(
        "SELECT message_id, run_id, currency, method, payout_ids, content_hash, written_at "
        "FROM bank_file WHERE run_id = %s ORDER BY file_id",
        (run_id,),
    )
    return [
        BankFileRow(name, run, currency, method, tuple(ids), bytes(hashed), at)
        for name, run, currency, method, ids, hashed, at in rows
    ]


def insert(session: Session, row: BankFileRow, *, total_nanos: int, by: str) -> None:
    """Keep that a file was written; its message has one name for ever."""
    driver(session).execute(
        "INSERT INTO bank_file (run_id, currency, method, message_id, payout_ids, total_nanos, "
        "content_hash, written_by, written_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(row.run_id, row.currency, row.method, row.message_id, list(row.payout_ids)),
            *(total_nanos, row.content_hash, by, row.written_at),
        ),
    )


def known_lines(session: Session, digests: Sequence[bytes]) -> set[bytes]:
    """Return which of these lines were taken before."""
    rows = driver(session).execute(
        "SELECT line_hash FROM bank_line WHERE line_hash = ANY(%s)", (list(digests),)
    )
    return {bytes(row[0]) for row in rows}


def insert_line(
    session: Session, line: BankLine, payout_id: int, *, by: str, now: datetime
) -> None:
    """Keep that a line was taken."""
    driver(session).execute(
        "INSERT INTO bank_line (line_hash, payout_id, outcome, imported_by, imported_at) "
        "VALUES (%s, %s, %s, %s, %s)",
        (line.digest, payout_id, str(line.outcome), by, now),
    )
