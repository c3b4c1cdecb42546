"""Disputed lines of statements as rows: what a reader expected, and what an operator answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.line_dispute import LineAnswer, check_answer, check_in_time
from service.store.database import driver
from service.store.text_rules import check_text

MAX_REASON_CHARS = 2_000


class StatementLineNotFound(LedgerError):
    """A statement has no line of this number."""

    def __init__(self, number: str, line: int) -> None:
        super().__init__(f"statement {number} has no line {line}", number=number, line=line)


class LineDisputeNotFound(LedgerError):
    """No such dispute, or not yours."""

    def __init__(self, line_dispute_id: int) -> None:
        super().__init__(f"no dispute {line_dispute_id}", line_dispute_id=line_dispute_id)


class LineDisputed(LedgerError):
    """A line was disputed a second time."""

    def __init__(self, line_dispute_id: int, *, number: str, line: int) -> None:
        super().__init__(
            f"line {line} of statement {number} is disputed already: dispute {line_dispute_id}",
            line_dispute_id=line_dispute_id,
            number=number,
            line=line,
        )


class LineDisputeAnswered(LedgerError):
    """A dispute was to be answered twice."""

    def __init__(self, line_dispute_id: int, answer: LineAnswer) -> None:
        super().__init__(
            f"dispute {line_dispute_id} is {answer} already",
            line_dispute_id=line_dispute_id,
            answer=str(answer),
        )


class UnknownCorrection(LedgerError):
    """What is to correct a line is no correction there is."""

    def __init__(self, correction_job_id: int) -> None:
        super().__init__(
            f"no correction {correction_job_id}: see `wellspring corrections list`",
            correction_job_id=correction_job_id,
        )


@dataclass(frozen=True, slots=True)
class NewLineDispute:
    """What a reader disputes. line: counted from 1 in the order of the statement.

    expected_nanos: what the line should say. claim_id: of the claim it opened, if it contests
    somebody's share.
    """

    number: str
    line: int
    reason: str
    expected_nanos: int
    claim_id: int | None = None


@dataclass(frozen=True, slots=True)
class LineDispute:
    """A disputed line with its answer, if it has one, and the lines that correct it since.

    stated_nanos: what the line says. corrected_by: (number, line) of later statements.
    """

    line_dispute_id: int
    number: str
    line: int
    holder_id: int
    holder_name: str
    currency: str
    work_id: int
    title: str
    stated_nanos: int
    expected_nanos: int
    reason: str
    claim_id: int | None
    disputed_by: str
    disputed_at: datetime
    answer: LineAnswer | None
    answer_reason: str | None
    correction_job_id: int | None
    answered_by: str | None
    answered_at: datetime | None
    corrected_by: tuple[tuple[str, int], ...]


def work_of(session: Session, number: str, line: int) -> int:
    """Return the work a line of a statement speaks of; raise StatementLineNotFound."""
    row = session.execute(
        text(
            "SELECT l.work_id FROM statement s JOIN statement_line l USING (statement_id) "
            "WHERE s.number = :number AND l.ordinal = :ordinal"
        ),
        {"number": number, "ordinal": min(line, 2**31 - 1) - 1},
    ).first()
    if not row:
        raise StatementLineNotFound(number, line)
    return int(row[0])


def insert(session: Session, new: NewLineDispute, *, by: str, now: datetime) -> LineDispute:
    """Keep a dispute of a line of a statement that there is; a line is disputed once.

    Raises BadText, StatementLineNotFound, DisputeTooLate, LineDisputed.
    """
    check_text(new.reason, place="reason", max_chars=MAX_REASON_CHARS)
    work_of(session, new.number, new.line)
    statement_id, issued_at = session.execute(
        text("SELECT statement_id, issued_at FROM statement WHERE number = :n"),
        {"n": new.number},
    ).one()
    check_in_time(new.number, issued_at, now=now)
    made = session.execute(
        text(
            "INSERT INTO line_dispute (statement_id, ordinal, expected_nanos, claim_id, "
            "disputed_by, disputed_at) VALUES (:statement, :ordinal, :expected, :claim, "
            ":by, :now) ON CONFLICT DO NOTHING RETURNING line_dispute_id"
        ),
        {
            "statement": statement_id,
            "ordinal": new.line - 1,
            "expected": new.expected_nanos,
            "claim": new.claim_id,
            "by": by,
            "now": now,
        },
    ).scalar()
    if made is None:
        known = find_of_line(session, new.number, new.line)
        assert known
        raise LineDisputed(known.line_dispute_id, number=new.number, line=new.line)
    session.execute(
        text(
            "INSERT INTO line_dispute_said (line_dispute_id, holder_id, reason) "
            "SELECT :id, holder_id, :reason FROM statement WHERE statement_id = :statement"
        ),
        {"id": made, "reason": new.reason, "statement": statement_id},
    )
    return get(session, int(made))


def erase(session: Session, holder_id: int, *, now: datetime) -> None:
    """Write over what a holder said of lines; that they were disputed, and when, stays."""
    session.execute(
        text(
            "UPDATE line_dispute_said SET reason = 'erased', erased_at = :now "
            "WHERE holder_id = :holder AND erased_at IS NULL"
        ),
        {"holder": holder_id, "now": now},
    )


def answer(
    session: Session,
    line_dispute_id: int,
    said: LineAnswer,
    *,
    reason: str,
    correction_job_id: int | None,
    by: str,
    now: datetime,
) -> LineDispute:
    """Answer a dispute, once. What is accepted names the correction whose further line mends it.

    Raises BadText, CorrectionMissing, UnknownCorrection, LineDisputeNotFound, LineDisputeAnswered.
    """
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    check_answer(said, correction_job_id)
    if correction_job_id is not None:
        _check_correction(session, correction_job_id)
    get(session, line_dispute_id)
    kept = session.execute(
        text(
            "INSERT INTO line_dispute_answer (line_dispute_id, answer, reason, correction_job_id, "
            "answered_by, answered_at) VALUES (:id, :answer, :reason, :job, :by, :now) "
            "ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {
            "id": line_dispute_id,
            "answer": str(said),
            "reason": reason,
            "job": correction_job_id,
            "by": by,
            "now": now,
        },
    ).first()
    found = get(session, line_dispute_id)
    if not kept:
        assert found.answer
        raise LineDisputeAnswered(line_dispute_id, found.answer)
    return found


def _check_correction(session: Session, correction_job_id: int) -> None:
    query = text("SELECT 1 FROM correction_job WHERE job_id = :id")
    known = 0 < correction_job_id < 2**63
    if not known or not session.execute(query, {"id": correction_job_id}).first():
        raise UnknownCorrection(correction_job_id)


# What corrects a line: later lines of the same holder about the same work, vendor, tier and month.
_SELECT = """
SELECT d.line_dispute_id, s.number, d.ordinal + 1, s.holder_id, h.name, s.currency, l.work_id,
    w.title, l.nanos, d.expected_nanos, said.reason, d.claim_id, d.disputed_by, d.disputed_at,
    a.answer, a.reason, a.correction_job_id, a.answered_by, a.answered_at,
    ARRAY(SELECT t.number || '/' || m.ordinal + 1 FROM statement t
        JOIN statement_line m USING (statement_id)
        WHERE a.answer = 'accepted' AND t.holder_id = s.holder_id AND t.currency = s.currency
        AND t.period > s.period AND t.issued_at > a.answered_at AND m.kind = 'adjustment'
        AND (m.work_id, m.vendor_id, m.tier, m.month)
            = (l.work_id, l.vendor_id, l.tier, l.month) ORDER BY t.period, m.ordinal)
FROM line_dispute d JOIN statement s USING (statement_id)
JOIN line_dispute_said said USING (line_dispute_id)
JOIN statement_line l USING (statement_id, ordinal)
JOIN work w USING (work_id) JOIN party h ON h.party_id = s.holder_id
LEFT JOIN line_dispute_answer a USING (line_dispute_id)
"""


def get(session: Session, line_dispute_id: int) -> LineDispute:
    """Return a dispute by its number; raise LineDisputeNotFound."""
    known = 0 < line_dispute_id < 2**63
    found = _find(session, "d.line_dispute_id = %s", (line_dispute_id,)) if known else []
    if not found:
        raise LineDisputeNotFound(line_dispute_id)
    return found[0]


def find_of_line(session: Session, number: str, line: int) -> LineDispute | None:
    """Return the dispute of a line of a statement, None where nobody disputes it."""
    ordinal = min(line, 2**31 - 1) - 1
    found = _find(session, "s.number = %s AND d.ordinal = %s", (number, ordinal))
    return found[0] if found else None


def of_statement(session: Session, number: str) -> dict[int, LineDispute]:
    """Return the disputes of a statement by its line."""
    return {one.line: one for one in _find(session, "s.number = %s", (number,))}


def listing(
    session: Session,
    *,
    holder_id: int | None = None,
    only_open: bool = False,
    before: int | None = None,
    limit: int,
) -> list[LineDispute]:
    """List disputes, newest first, below one number; on request of one holder."""
    return _find(
        session,
        "(%s::bigint IS NULL OR s.holder_id = %s) AND (NOT %s OR a.answer IS NULL) "
        "AND (%s::bigint IS NULL OR d.line_dispute_id < %s) "
        "ORDER BY d.line_dispute_id DESC LIMIT %s",
        (holder_id, holder_id, only_open, before, before, limit),
    )


def _find(session: Session, condition: str, values: Sequence[object]) -> list[LineDispute]:
    rows = driver(session).execute(_SELECT + "WHERE " + condition, values)
    return [_dispute(row) for row in rows]


def _dispute(row: Sequence[Any]) -> LineDispute:
    *told, answered, reason, job, by, at, lines = row
    corrected = tuple(
        (number, int(line)) for number, _, line in (one.rpartition("/") for one in lines)
    )
    answer = LineAnswer(answered) if answered else None
    facts: tuple[Any, ...] = (*told, answer, reason, job, by, at, corrected)
    return LineDispute(*facts)
