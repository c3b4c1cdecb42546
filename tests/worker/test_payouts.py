"""Payouts: reserved, sent, confirmed, returned; a statement is paid once, the bank never lends."""

from datetime import UTC, datetime

import pytest
from changed_facts import refund
from payee_facts import approve_run, may_be_paid, pays, reserve

from service.ledger.payout import NothingPayable, PayoutOutOfOrder, PayoutState
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import closing
from service.store import payouts as stored
from service.store.database import unit_of_work
from service.store.payouts import PayoutNotFound
from service.store.periods import NotClosed
from worker import close, drain, payouts

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MILLION = 1_000_000
EARNED, OWED = 540_000_000, 600_000_000


def take(town, number, wanted):
    return payouts.step(
        town.database, number, wanted, reference="bank", by="op", now=town.clock()
    ).state


@pytest.fixture
def stated(town, texts):
    """Acme sold for 6.00 in January and has paid the 0.60 it owes; Ada's 0.54 is payable."""
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    pays(town, OWED)
    town.closes("2026-01")
    may_be_paid(town)
    return town


def ada(town):
    return town.tells("SELECT party_id FROM party WHERE name = 'Ada'")[0][0]


def test_a_payout_moves_from_payable_over_clearing_out_of_the_bank(stated):
    payable = f"holder:{ada(stated)}:payable"
    assert stated.balances("holder") == {payable: EARNED}
    (number,) = reserve(stated).payout_ids
    assert stated.balances("holder") == {}
    assert stated.balances("payout") == {"payout:clearing": EARNED}
    assert stated.balances("bank") == {"bank": OWED}
    take(stated, number, PayoutState.SENT)
    assert stated.balances("payout") == {"payout:clearing": EARNED}
    take(stated, number, PayoutState.CONFIRMED)
    assert stated.balances("payout") == {}
    assert stated.balances("bank") == {"bank": OWED - EARNED}
    assert stated.broken() == []


def test_a_statement_is_paid_once_whatever_is_run_how_often(stated):
    (number,) = reserve(stated).payout_ids
    assert reserve(stated).payout_ids == ()
    for state in (PayoutState.SENT, PayoutState.CONFIRMED):
        assert [take(stated, number, state) for _ in range(3)] == [state] * 3
    assert reserve(stated).payout_ids == ()
    kinds = stated.tells("SELECT kind, count(*) FROM journal_entry WHERE kind > 6 GROUP BY kind")
    assert sorted(kinds) == [(7, 1), (8, 1)]


def test_the_next_statement_says_what_was_paid(stated, texts):
    reserve(stated)
    stated.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    stated.works()
    stated.closes("2026-02")
    stated.closes("2026-03", early=True)
    february, march = stated.statement("Ada", "2026-02"), stated.statement("Ada", "2026-03")
    assert (february.opening_nanos, february.earned_nanos) == (EARNED, EARNED)
    assert (february.paid_nanos, february.closing_nanos) == (0, 2 * EARNED)
    (move,) = march.payouts
    assert (move.statement.startswith("2026-01-H"), move.state) == (True, "reserved")
    assert (march.paid_nanos, march.closing_nanos) == (EARNED, EARNED)
    assert stated.broken() == []


@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_comes_back_is_the_holders_again_and_paid_by_a_later_statement(stated, before):
    """Before it was sent, while it was on its way, after the bank had confirmed it."""
    (number,) = reserve(stated).payout_ids
    for state in (PayoutState.SENT, PayoutState.CONFIRMED)[:before]:
        take(stated, number, state)
    assert take(stated, number, PayoutState.RETURNED) == PayoutState.RETURNED
    assert stated.balances("payout") == {}
    assert stated.balances("bank") == {"bank": OWED}
    assert stated.broken() == []
    assert reserve(stated).payout_ids == ()
    stated.closes("2026-02")
    stated.closes("2026-03", early=True)
    march = stated.statement("Ada", "2026-03")
    assert [(one.state, one.nanos) for one in march.payouts] == [
        ("reserved", -EARNED),
        ("returned", EARNED),
    ]
    assert (march.paid_nanos, march.closing.payable_nanos) == (0, EARNED)
    assert len(reserve(stated, "2026-03").payout_ids) == 1
    assert stated.broken() == []


def test_a_return_to_a_holder_whose_balance_was_nothing_is_stated(stated):
    (number,) = reserve(stated).payout_ids
    stated.closes("2026-02")
    stated.closes("2026-03", early=True)
    assert stated.statement("Ada", "2026-03").closing_nanos == 0
    stated.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    take(stated, number, PayoutState.RETURNED)
    stated.closes("2026-04", early=True)
    april = stated.statement("Ada", "2026-04")
    assert (april.opening_nanos, april.paid_nanos) == (0, -EARNED)
    assert april.closing.payable_nanos == EARNED
    assert stated.broken() == []


def test_a_refund_after_the_payout_is_carried_as_a_negative_until_earned_again(stated, texts):
    (number,) = reserve(stated).payout_ids
    take(stated, number, PayoutState.SENT)
    take(stated, number, PayoutState.CONFIRMED)
    refund(stated, "r1", "one")
    stated.works()
    stated.closes("2026-02")
    stated.closes("2026-03", early=True)
    march = stated.statement("Ada", "2026-03")
    assert march.closing_nanos == -EARNED
    assert (march.closing.payable_nanos, march.closing.carried_nanos) == (0, -EARNED)
    assert reserve(stated, "2026-03").payout_ids == ()
    assert stated.broken() == []
    stated.clock.now = datetime(2026, 4, 20, tzinfo=UTC)
    stated.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=3 * MILLION, at=stated.clock())
    stated.works()
    pays(stated, 2 * OWED)
    stated.closes("2026-04", early=True)
    april = stated.statement("Ada", "2026-04")
    assert (april.opening_nanos, april.earned_nanos) == (-EARNED, 3 * EARNED)
    assert april.closing.payable_nanos == 2 * EARNED
    assert len(reserve(stated, "2026-04").payout_ids) == 1
    assert stated.broken() == []


def test_a_refund_before_the_payout_leaves_nothing_to_pay(stated):
    refund(stated, "r1", "one")
    stated.works()
    stated.closes("2026-02")
    assert stated.statement("Ada", "2026-02").closing_nanos == 0
    for month in ("2026-01", "2026-02"):
        assert reserve(stated, month).payout_ids == ()
    assert stated.broken() == []


def test_what_the_close_under_way_has_taken_back_is_not_paid(stated):
    """Between the release of a close and its statements the old statement is still the newest."""
    refund(stated, "r1", "one")
    stated.works()
    with unit_of_work(stated.database) as session:
        closing.begin(session, Period(202602), early=False, now=stated.clock())
    close.release_and_back(
        stated.database, Period(202602), now=stated.clock(), progress=drain.silent
    )
    told = reserve(stated)
    assert told.payout_ids == ()
    (refused,) = told.passed_over
    assert (type(refused), refused.facts["payable_nanos"]) == (NothingPayable, 0)
    stated.works()
    assert stated.broken() == []


def test_a_statement_that_a_later_one_has_followed_is_paid_by_that_one(stated):
    stated.closes("2026-02")
    assert reserve(stated).payout_ids == ()
    (number,) = reserve(stated, "2026-02").payout_ids
    with unit_of_work(stated.database) as session:
        assert stored.get(session, number).amount_nanos == EARNED


def test_only_what_receipts_back_is_paid_and_only_of_a_closed_month(town, texts):
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    with pytest.raises(NotClosed, match="period 2026-01 is open, not closed"):
        reserve(town)
    pays(town, OWED // 2)
    town.closes("2026-01")
    may_be_paid(town)
    (number,) = reserve(town).payout_ids
    with unit_of_work(town.database) as session:
        assert stored.get(session, number).amount_nanos == EARNED // 2
    assert town.broken() == []


@pytest.mark.parametrize(
    ("taken", "wanted"),
    [
        ([], PayoutState.CONFIRMED),
        ([PayoutState.RETURNED], PayoutState.SENT),
        ([PayoutState.SENT, PayoutState.CONFIRMED], PayoutState.SENT),
        ([PayoutState.SENT, PayoutState.RETURNED], PayoutState.CONFIRMED),
        ([PayoutState.SENT], PayoutState.RESERVED),
    ],
)
def test_a_step_out_of_order_is_refused_and_posts_nothing(stated, taken, wanted):
    (number,) = reserve(stated).payout_ids
    for state in taken:
        take(stated, number, state)
    before = stated.balances()
    with pytest.raises(PayoutOutOfOrder, match=f"it cannot become {wanted}"):
        take(stated, number, wanted)
    assert stated.balances() == before


def test_a_payout_that_is_not_there_is_named(stated):
    with pytest.raises(PayoutNotFound, match="no payout 99"):
        take(stated, 99, PayoutState.SENT)


def test_commands_reserve_list_and_say_what_the_bank_did(stated, wellspring):
    approve_run(stated, wellspring, "2026-01")
    code, out, _ = wellspring("payouts", "carry-out", 1, "--json")
    assert (code, '"amount": "0.54"' in out) == (0, True)
    number = stated.tells("SELECT payout_id FROM payout")[0][0]
    assert wellspring("payouts", "sent", number, "--reference", "file 7")[0] == 0
    assert wellspring("payouts", "confirm", number, "--reference", "line 3")[0] == 0
    assert "confirmed" in wellspring("payouts", "list")[1]
    code, _, err = wellspring("payouts", "sent", number, "--reference", "file 8")
    assert (code, f"payout {number} is confirmed: it cannot become sent" in err) == (1, True)
    assert wellspring("payouts", "return", number, "--reason", "account closed")[0] == 0
    assert "returned" in wellspring("payouts", "list", "--period", "2026-01")[1]
    assert stated.broken() == []
