"""Why something is so, in the sentences that a statement says it with."""

from dataclasses import replace

import pytest
from stated import LATE, TAXED, a_full_one

from service.documents.figures import PlainFigures
from service.documents.statement_reasons import (
    change_reasons,
    looked_at_again,
    payout_name,
    payout_note,
)
from service.documents.statement_tables import payout_table
from service.ledger.period import Period

REFUNDS = ("refund", 2, ("asked back", "twice"))
RIGHTS = ("rights", 1_200, ("Split agreed late",))


@pytest.mark.parametrize(
    ("line", "causes", "reasons"),
    [
        (LATE, [REFUNDS], ("refunds of 2 sales: asked back; twice",)),
        (LATE, [("contract", 1, ())], ("another contract of 1 sale",)),
        (
            replace(LATE, sales_count=3),
            [RIGHTS],
            (
                "3 sales reported after the month was closed",
                "other rights of 1,200 sales: Split agreed late",
            ),
        ),
        (replace(LATE, pool_nanos=5), [], ("given by the unmatched pool of the month",)),
        (LATE, [], ("passed on by works that derive from it, whose sales were adjusted",)),
        (LATE, [("something new", 1, ())], ("something new of 1 sale",)),
    ],
)
def test_an_adjusted_line_says_why(line, causes, reasons):
    assert change_reasons(line, causes) == reasons


def test_a_corrected_payout_says_so_and_is_not_paid_again():
    corrected = replace(TAXED, state="corrected", note="Paid to the wrong account.")
    assert payout_name(corrected) == "Payout corrected"
    assert payout_note(corrected) == (
        "The payout of statement 2025-12-H7-USD was put right on 2026-01-05. "
        "Paid to the wrong account."
    )


def test_what_is_not_paid_is_looked_at_again_when_the_next_month_has_ended():
    assert looked_at_again(Period(202612)) == (
        "The statement of 2027-01, after 2027-02-01, looks again."
    )


def test_the_table_of_payouts_has_no_row_for_a_correction():
    full = a_full_one().statement
    table = payout_table(full, PlainFigures())
    assert len(table.rows) == 1
    corrected = replace(TAXED, state="corrected")
    assert payout_table(replace(full, payouts=(corrected,)), PlainFigures()) is None
