import pytest

from service.ledger.payout import NothingPayable, PayoutState, amount_due, moved

DOLLAR = 10**9


@pytest.mark.parametrize(
    ("currency", "stated", "payable", "due"),
    [
        ("USD", 5 * DOLLAR, 5 * DOLLAR, 5 * DOLLAR),
        # what came since the statement waits for the next one
        ("USD", 5 * DOLLAR, 7 * DOLLAR, 5 * DOLLAR),
        # what was taken back since is not paid, and a bank moves whole minor units
        ("USD", 5 * DOLLAR, 3_219_999_999, 3_210_000_000),
        ("JPY", 5 * DOLLAR, 3_219_999_999, 3 * DOLLAR),
        ("KWD", 5 * DOLLAR, 3_219_999_999, 3_219_000_000),
    ],
)
def test_what_is_due_of_a_statement(currency, stated, payable, due):
    said = amount_due("s", currency, stated_nanos=stated, payable_nanos=payable)
    assert said == due


@pytest.mark.parametrize("payable", [0, 9_999_999, -5 * DOLLAR])
def test_nothing_is_due_where_nothing_is_payable_any_more(payable):
    with pytest.raises(NothingPayable, match="statement s has nothing to pay"):
        amount_due("s", "USD", stated_nanos=5, payable_nanos=payable)


def test_only_reserving_and_returning_move_what_a_holder_has():
    assert [moved(5, state) for state in PayoutState] == [-5, 0, 0, 5]
