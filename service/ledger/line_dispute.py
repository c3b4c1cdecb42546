"""A reader disputes one line of a statement: until when, and what an operator may answer."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from service.ledger.errors import LedgerError

DISPUTE_DAYS = 90
"""How long after its issue the lines of a statement may be disputed."""


class LineAnswer(StrEnum):
    """What an operator answers: the line stands, or a further line corrects it."""

    REJECTED = "rejected"
    ACCEPTED = "accepted"


class DisputeTooLate(LedgerError):
    """A line was disputed after the day its statement names."""

    def __init__(self, number: str, last_day: date) -> None:
        super().__init__(
            f"the lines of statement {number} could be disputed until {last_day}",
            number=number,
            last_day=last_day.isoformat(),
        )


class CorrectionMissing(LedgerError):
    """A disputed line was accepted without what corrects it, or rejected with it."""

    def __init__(self, answer: LineAnswer) -> None:
        rule = "names" if answer is LineAnswer.ACCEPTED else "does not name"
        super().__init__(
            f"an answer that is {answer} {rule} the correction that mends the line",
            answer=str(answer),
        )


def last_day(issued_at: datetime) -> date:
    """Return the last day, in UTC, on which the lines of a statement may be disputed."""
    return (issued_at.astimezone(UTC) + timedelta(days=DISPUTE_DAYS)).date()


def how_to_dispute(number: str, issued_at: datetime) -> str:
    """Say on a statement how and until when its lines may be disputed."""
    return (
        f"Until {last_day(issued_at)} (UTC) you may dispute any line of statement {number}: write "
        f"to the operator, or use POST /v1/statements/{number}/lines/LINE/dispute, with the number "
        "of the line (the first is 1, adjustments count on), the reason and the amount you "
        "expected. An operator answers with a reason. A statement is never changed: what was wrong "
        "is corrected by a further line of a later one."
    )


def check_in_time(number: str, issued_at: datetime, *, now: datetime) -> None:
    """Raise DisputeTooLate once the last day is over."""
    if now.astimezone(UTC).date() > last_day(issued_at):
        raise DisputeTooLate(number, last_day(issued_at))


def check_answer(answer: LineAnswer, correction_job_id: int | None) -> None:
    """Raise CorrectionMissing unless what is accepted, and nothing else, names a correction."""
    if (answer is LineAnswer.ACCEPTED) != (correction_job_id is not None):
        raise CorrectionMissing(answer)
