"""What broke payouts elsewhere, in every order of events.

Four bugs that a public payout system had to repair: a refund after a payout broke the next one
(polarsource/polar #4428), a payout that was reversed kept its old links, so that the next one paid
twice or did not add up (#9666, #13401), a refund at the end of the list was not compensated
(#4807), and a dispute took back more than the payment through a change of rates (#8344).
"""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from payee_facts import (
    costs,
    holder_id,
    lives,
    may_be_paid,
    pays,
    rates,
    reserve,
    take,
    taxes,
)

from service.ledger.payout import PayoutState
from service.ledger.tiers import Tier
from worker import payouts

ALL = 1_000_000
EARNED = 54_000_000_000
"""Of a premium sale of 100 million tokens: 600.00 gross, 10 % to the pool, 10 % of that the fee."""


class Months:
    """Each event in a month of its own: then it is worked, closed, and all that is payable paid."""

    def __init__(self, town, texts, *, abroad):
        self.town, self.text, self.abroad, self.month, self.refunds = town, texts.ode, abroad, 1, 0
        town.registers("Ode", texts.ode, {"Ada": ALL})
        town.clock.now = datetime(2026, 1, 20, tzinfo=UTC)
        self.sell("first", 100 * ALL)
        may_be_paid(town)
        if abroad:
            lives(town, "Ada", "JP", "JPY")
            taxes(town, "jp", "JP", 204_200)
            costs(town, 1_500_000_000)
        self.end_month()

    def sell(self, name, tokens):
        at = self.town.clock.now
        self.town.sells(name, text=self.text, tier=Tier.PREMIUM, tokens=tokens, at=at)
        self.town.works()
        pays(self.town, 600 * tokens)

    def end_month(self):
        """Close the month; reserve, send and confirm on the second of the next."""
        self.town.works()
        month, self.month = f"2026-{self.month:02d}", self.month + 1
        self.town.clock.now = datetime(2026, self.month, 2, tzinfo=UTC)
        self.town.closes(month)
        if self.abroad:  # every month another rate
            text = f"{140 + 3 * self.month}.5"
            rates(self.town, "USD", "JPY", text, date(2026, self.month, 2))
        for number in reserve(self.town, month).payout_ids:
            take(self.town, number, PayoutState.SENT)
            take(self.town, number, PayoutState.CONFIRMED)
        self.town.clock.now = datetime(2026, self.month, 20, tzinfo=UTC)
        assert self.town.broken() == []

    # The events

    def a_refund_of_what_was_paid(self):
        self.town.refunds("r1", "first")

    def a_larger_sale(self):
        self.sell("second", 300 * ALL)

    def the_first_payout_comes_back(self):
        first = self.town.tells("SELECT min(payout_id) FROM payout")[0][0]
        take(self.town, first, PayoutState.RETURNED)

    # What must be true at the end

    def paid(self):
        """Gross of what has not come back."""
        rows = self.town.tells("SELECT -sum(moved_nanos) FROM payout_move")
        return int(rows[0][0])

    def payable(self):
        name = f"holder:{holder_id(self.town, 'Ada')}:payable"
        return self.town.balances("holder").get(name, 0)


EVENTS = ("a_refund_of_what_was_paid", "a_larger_sale", "the_first_payout_comes_back")


@pytest.mark.parametrize("abroad", [False, True], ids=["at home", "through an exchange"])
@pytest.mark.parametrize("order", list(permutations(EVENTS)), ids=" ".join)
def test_in_every_order_all_that_was_earned_is_paid_once(village, texts, order, abroad):
    months = Months(village, texts, abroad=abroad)
    for event in order:
        getattr(months, event)()
        months.end_month()
    # the first sale was refunded, its payout came back, the second earned three times as much
    assert months.paid() + months.payable() == 3 * EARNED
    # what is refunded after all was paid is a debt, which later earnings make good
    debt = EARNED if order[-1] == "a_refund_of_what_was_paid" else 0
    if not abroad:
        assert months.payable() == -debt
    else:
        assert 0 <= months.payable() + debt < 10**9  # of a dollar what buys no whole yen
        assert int(sum_of(village, "fx:USD:JPY", "JPY")) == 0
        assert int(sum_of(village, "payout:clearing", "JPY")) == 0
    withheld = village.tells(
        "SELECT coalesce(sum(tax_nanos), 0) FROM payout WHERE payout_id NOT IN "
        "(SELECT payout_id FROM payout_step WHERE state = 'returned')"
    )
    assert -int(sum_of(village, "tax:jp:payable", "USD")) == int(withheld[0][0])


def sum_of(town, account, currency):
    rows = town.tells(
        "SELECT coalesce(sum(delta), 0) FROM account JOIN balance_delta USING (account_id) "
        "WHERE name = :name AND currency = :currency",
        name=account,
        currency=currency,
    )
    return rows[0][0]


def test_a_reversed_payout_keeps_its_links_and_lends_them_to_no_other(village, texts):
    """The reversal belongs to what it reverses; the next payout is of the next statement alone."""
    months = Months(village, texts, abroad=False)
    months.the_first_payout_comes_back()
    months.end_month()
    linked = village.tells(
        "SELECT p.payout_id, s.period, p.amount_nanos, s.payable_nanos, s.opening_nanos "
        "FROM payout p JOIN statement s USING (statement_id) ORDER BY 1"
    )
    assert linked == [
        (1, 202601, EARNED, EARNED, 0),
        (2, 202602, EARNED, EARNED, EARNED),
    ]
    february = village.statement("Ada", "2026-02").payouts
    assert [(one.statement[:7], one.state, one.nanos) for one in february] == [
        ("2026-01", "reserved", -EARNED),
        ("2026-01", "returned", EARNED),
    ]
    months.end_month()
    march = village.statement("Ada", "2026-03")
    assert [(one.statement[:7], one.nanos) for one in march.payouts] == [("2026-02", -EARNED)]
    assert (march.opening_nanos, march.closing_nanos) == (EARNED, 0)


@pytest.mark.parametrize("order", list(permutations(["small", "refund", "large"])), ids=" ".join)
def test_a_refund_anywhere_in_a_months_list_is_compensated(village, texts, order):
    """A refund of 54.00, a sale that earns 27.00 and one of 81.00: 54.00 are paid."""
    months = Months(village, texts, abroad=False)
    for what in order:
        if what == "refund":
            months.a_refund_of_what_was_paid()
        else:
            months.sell(what, 50 * ALL if what == "small" else 150 * ALL)
    months.end_month()
    assert village.tells("SELECT amount_nanos FROM payout ORDER BY payout_id") == [
        (EARNED,),
        (EARNED,),
    ]
    assert months.payable() == 0


@pytest.mark.parametrize("refunded", ["Ada", "Ben", "Cleo"])
def test_whoever_is_refunded_in_a_list_of_holders_the_others_are_paid(
    village, texts, refunded, monkeypatch
):
    """First, in the middle and last of the list, one statement a commit."""
    monkeypatch.setattr(payouts, "STATEMENTS_A_STEP", 1)
    works = {"Ada": texts.ode, "Ben": texts.essay, "Cleo": texts.nothing}
    at = datetime(2026, 1, 20, tzinfo=UTC)
    for name, text in works.items():
        village.registers(name, text, {name: ALL})
    for name, text in works.items():
        village.sells(name, text=text, tier=Tier.PREMIUM, tokens=100 * ALL, at=at)
    village.works()
    pays(village, 180_000_000_000)
    village.clock.now = datetime(2026, 2, 2, tzinfo=UTC)
    village.closes("2026-01")
    may_be_paid(village)
    village.refunds("r1", refunded)
    village.works()
    village.closes("2026-02", early=True)
    reserve(village, "2026-02")
    paid = village.tells(
        "SELECT name, amount_nanos FROM payout JOIN party ON party_id = holder_id ORDER BY 1"
    )
    assert paid == [(name, EARNED) for name in works if name != refunded]
    assert village.broken() == []


def test_a_dispute_takes_back_more_than_the_exchanged_payment_was(village, texts):
    """All of 54.00 is taken back though 41.48 were exchanged: the debt is of what was earned."""
    months = Months(village, texts, abroad=True)
    before = village.tells("SELECT paid_nanos, to_currency FROM payout")
    months.a_refund_of_what_was_paid()
    months.end_month()
    assert village.statement("Ada", "2026-02").closing_nanos == -months.paid()
    assert village.tells("SELECT paid_nanos, to_currency FROM payout") == before
    assert int(sum_of(village, "fx:USD:JPY", "USD")) == 0  # no rate moves a debt
    months.a_larger_sale()
    months.end_month()
    second = village.tells("SELECT amount_nanos FROM payout WHERE payout_id = 2")[0][0]
    assert months.paid() + months.payable() == 3 * EARNED
    assert 3 * EARNED - months.paid() < 10**9
    assert second + EARNED <= 3 * EARNED + 10**9
