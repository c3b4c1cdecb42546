"""A line of a statement may be disputed until the day its statement names."""

from datetime import UTC, date, datetime

import pytest

from service.ledger.line_dispute import (
    CorrectionMissing,
    DisputeTooLate,
    LineAnswer,
    check_answer,
    check_in_time,
    how_to_dispute,
    last_day,
)

ISSUED = datetime(2026, 2, 1, 0, 5, tzinfo=UTC)


def test_ninety_days_until_the_end_of_the_last():
    assert last_day(ISSUED) == date(2026, 5, 2)
    check_in_time("S-1", ISSUED, now=datetime(2026, 5, 2, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(DisputeTooLate, match="S-1 could be disputed until 2026-05-02"):
        check_in_time("S-1", ISSUED, now=datetime(2026, 5, 3, tzinfo=UTC))


def test_a_statement_says_how_and_until_when():
    said = how_to_dispute("S-1", ISSUED)
    assert said.startswith("Until 2026-05-02 (UTC) you may dispute any line of statement S-1:")
    assert "POST /v1/statements/S-1/lines/LINE/dispute" in said


def test_what_is_accepted_names_what_corrects_it_and_nothing_else_does():
    check_answer(LineAnswer.ACCEPTED, 5)
    check_answer(LineAnswer.REJECTED, None)
    with pytest.raises(CorrectionMissing, match="an answer that is accepted names the correction"):
        check_answer(LineAnswer.ACCEPTED, None)
    with pytest.raises(CorrectionMissing, match="rejected does not name"):
        check_answer(LineAnswer.REJECTED, 5)
