import pytest

from service.ledger.payout import (
    BankTooLow,
    NothingPayable,
    PayoutState,
    amount_due,
    legs,
    moved,
)

DOLLAR = 10**9
FROM_CLEARING = {"payout:clearing": 5, "holder:7:payable": -5}


@pytest.mark.parametrize(
    ("currency", "stated", "payable", "free", "due"),
    [
        ("USD", 5 * DOLLAR, 5 * DOLLAR, 9 * DOLLAR, 5 * DOLLAR),
        # what came since the statement waits for the next one
        ("USD", 5 * DOLLAR, 7 * DOLLAR, 9 * DOLLAR, 5 * DOLLAR),
        # what was taken back since is not paid, and a bank moves whole minor units
        ("USD", 5 * DOLLAR, 3_219_999_999, 9 * DOLLAR, 3_210_000_000),
        ("JPY", 5 * DOLLAR, 3_219_999_999, 9 * DOLLAR, 3 * DOLLAR),
        ("KWD", 5 * DOLLAR, 3_219_999_999, 9 * DOLLAR, 3_219_000_000),
        ("USD", 5 * DOLLAR, 5 * DOLLAR, 5 * DOLLAR, 5 * DOLLAR),
    ],
)
def test_what_is_due_of_a_statement(currency, stated, payable, free, due):
    said = amount_due("s", currency, stated_nanos=stated, payable_nanos=payable, free_nanos=free)
    assert said == due


@pytest.mark.parametrize("payable", [0, 9_999_999, -5 * DOLLAR])
def test_nothing_is_due_where_nothing_is_payable_any_more(payable):
    with pytest.raises(NothingPayable, match="statement s has nothing to pay"):
        amount_due("s", "USD", stated_nanos=5, payable_nanos=payable, free_nanos=DOLLAR)


def test_the_bank_lends_nothing():
    with pytest.raises(BankTooLow, match=r"wants 5\.00 USD, the bank has 4\.999999999"):
        amount_due(
            "s",
            "USD",
            stated_nanos=5 * DOLLAR,
            payable_nanos=5 * DOLLAR,
            free_nanos=5 * DOLLAR - 1,
        )


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        (None, PayoutState.RESERVED, {"holder:7:payable": 5, "payout:clearing": -5}),
        (PayoutState.RESERVED, PayoutState.SENT, {}),
        (PayoutState.SENT, PayoutState.CONFIRMED, {"payout:clearing": 5, "bank": -5}),
        (
            PayoutState.RESERVED,
            PayoutState.RETURNED,
            {"payout:clearing": 5, "holder:7:payable": -5},
        ),
        (PayoutState.SENT, PayoutState.RETURNED, {"payout:clearing": 5, "holder:7:payable": -5}),
        (PayoutState.CONFIRMED, PayoutState.RETURNED, {"bank": 5, "holder:7:payable": -5}),
    ],
)
def test_what_each_step_posts(state, wanted, expected):
    assert legs(7, 5, wanted=wanted, state=state) == expected


def test_only_reserving_and_returning_move_what_a_holder_has():
    assert [moved(5, state) for state in PayoutState] == [-5, 0, 0, 5]
