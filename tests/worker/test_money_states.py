"""A holder's money from the sale to the bank account: where it is and why it is not paid."""

from datetime import UTC, date, datetime, timedelta

import pytest
from changed_facts import refund
from payee_facts import account, check, may_be_paid
from pool_facts import pays

from service.ledger.hold import HoldReason
from service.ledger.holdback import HoldbackRule
from service.ledger.payee import CheckOutcome
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import advances, holdbacks, holds, money_states, parties
from service.store.advances import NewAdvance
from service.store.database import one_snapshot, unit_of_work
from service.store.holds import NewHold
from worker import drain, payouts, recouping

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION, CENT = 1_000_000, 10_000_000


def ada(town):
    return town.tells("SELECT party_id FROM party WHERE name = 'Ada'")[0][0]


NONE = Threshold()


def standing(town, *, threshold=NONE):
    with unit_of_work(town.database) as session:
        one_snapshot(session)
        today = town.clock().date()
        return money_states.of_holder(session, ada(town), threshold=threshold, today=today)


def money(town, *, threshold=NONE):
    return [
        (str(part.state), part.nanos, str(part.why) if part.why else "", part.note)
        for one in standing(town, threshold=threshold)
        for part in one.parts
    ]


def agreed(town, nanos, *, guarantee=0, until=None):
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme").party_id
        new = NewAdvance(acme, ada(town), "USD", nanos, None, guarantee, until)
        return advances.insert(session, new, now=town.clock())


def reserve(town, month="2026-01"):
    told = payouts.reserve(
        town.database, Period.parse(month), by="op", now=town.clock(), progress=drain.silent
    )
    return told.payout_ids


def take(town, number, *states):
    for state in states:
        payouts.step(town.database, number, state, reference="b", by="op", now=town.clock())


@pytest.fixture
def sold(town, texts):
    """Acme sold for 6.00 in January; 0.54 of it is Ada's."""
    town.ode = town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    may_be_paid(town)
    town.clock.now += timedelta(days=8)  # the account has cooled
    return town


def test_one_sale_all_the_way(sold):
    """Estimated, held until the vendor pays, settled until stated, payable, on its way, paid."""
    assert money(sold) == [("estimated", 54 * CENT, "not-closed", "2026-01")]
    sold.closes("2026-01")
    assert money(sold) == [("held", 54 * CENT, "not-backed", "acme")]
    pays(sold, 60 * CENT)
    assert money(sold) == [("settled", 54 * CENT, "not-stated", "")]
    sold.closes("2026-02")
    sold.closes("2026-03", early=True)
    assert money(sold) == [("payable", 54 * CENT, "no-payout-yet", "")]
    (number,) = reserve(sold, "2026-03")
    assert money(sold) == [("payable", 54 * CENT, "under-way", "")]
    take(sold, number, PayoutState.SENT, PayoutState.CONFIRMED)
    assert money(sold) == [("paid", 54 * CENT, "", "")]
    sold.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    take(sold, number, PayoutState.RETURNED)
    assert money(sold) == [("settled", 54 * CENT, "returned", "")]
    sold.closes("2026-04", early=True)
    assert money(sold) == [("payable", 54 * CENT, "no-payout-yet", "")]


def test_a_part_under_a_hold_says_what_it_is_held_for(sold):
    with unit_of_work(sold.database) as session:
        new = NewHold(ada(sold), sold.ode, 300_000, HoldReason.CONTESTED, "dispute 7", None)
        holds.start(session, new, now=sold.clock())
    pays(sold, 30 * CENT)
    sold.closes("2026-01")
    assert money(sold) == [
        ("held", 162_000_000, "contested", "dispute 7"),
        ("held", 108_000_000, "not-backed", "acme"),
        ("payable", 27 * CENT, "no-payout-yet", ""),
    ]


def test_a_payee_who_is_not_ready_is_told_what_is_missing_and_until_when(sold):
    pays(sold, 60 * CENT)
    sold.closes("2026-01")
    account(sold, ada(sold))
    (one,) = standing(sold)
    (part,) = one.parts
    assert (str(part.state), str(part.why), part.may_change_on) == (
        "payable", "account-cooling", (sold.clock.now + timedelta(days=7)).date(),
    )  # fmt: skip
    check(sold, ada(sold), "sanctions", CheckOutcome.FAILED)
    ((state, _, why, note),) = money(sold)
    assert (state, why) == ("payable", "payee-not-ready")
    assert note.endswith("is failed: an operator decides")


def test_a_refund_after_the_payout_leaves_what_later_earnings_make_good(sold):
    pays(sold, 60 * CENT)
    sold.closes("2026-01")
    (number,) = reserve(sold)
    take(sold, number, PayoutState.SENT, PayoutState.CONFIRMED)
    refund(sold, "r", "one")
    sold.works()
    sold.closes("2026-02")
    sold.closes("2026-03", early=True)
    assert money(sold) == [
        ("settled", -54 * CENT, "negative-balance", ""),
        ("paid", 54 * CENT, "", ""),
    ]


def test_what_is_below_the_threshold_waits(sold):
    pays(sold, 60 * CENT)
    sold.closes("2026-01")
    stated = money(sold, threshold=Threshold(60 * CENT))
    assert stated == [("payable", 54 * CENT, "no-payout-yet", "")]  # stated before it was raised
    sold.sells("odd", text=None, tier=Tier.PREMIUM, tokens=1, at=JANUARY)
    sold.works()
    assert money(sold, threshold=Threshold(60 * CENT)) == stated


def test_an_advance_is_told_apart_and_what_recouped_it_is_not_missing(sold):
    """0.70 was paid early; 0.54 of it is earned back by the close, and nothing waits for Acme."""
    number = agreed(sold, 70 * CENT)
    recouping.pay(sold.database, number, reference="wire", by="op", now=sold.clock())
    assert money(sold) == [
        ("estimated", 54 * CENT, "not-closed", "2026-01"),
        ("settled", 70 * CENT, "not-stated", ""),
    ]
    sold.closes("2026-01")
    assert money(sold) == [("settled", 70 * CENT, "not-stated", "")]
    (one,) = standing(sold)
    assert (one.earned_nanos, one.advance_nanos) == (54 * CENT, 16 * CENT)


def test_what_a_guarantee_makes_up_is_earned(sold):
    agreed(sold, 0, guarantee=200 * CENT, until=date(2026, 1, 31))
    sold.closes("2026-01")
    assert money(sold) == [("held", 200 * CENT, "not-backed", "acme")]
    (one,) = standing(sold)
    assert (one.earned_nanos, one.advance_nanos) == (200 * CENT, 0)


def test_what_is_kept_against_refunds_says_until_when(sold):
    with unit_of_work(sold.database) as session:
        facts = {"valid_from": Period(202601), "by": "op", "now": sold.clock()}
        holdbacks.set_rule(session, HoldbackRule(100_000, 2), holder_id=None, **facts)
    sold.clock.now = datetime(2026, 1, 25, tzinfo=UTC)
    pays(sold, 60 * CENT)
    sold.closes("2026-01", early=True)
    (one,) = standing(sold)
    held = next(part for part in one.parts if str(part.state) == "held")
    assert (held.nanos, str(held.why), held.may_change_on) == (
        54_000_000, "holdback", date(2026, 4, 1),
    )  # fmt: skip


def test_the_command_says_the_same(sold, wellspring):
    sold.closes("2026-01")
    code, out, _ = wellspring("money", "Ada")
    assert (code, "The vendor has not paid for these sales yet." in out) == (0, True)
    assert '"why_not_paid": "not-backed"' in wellspring("money", ada(sold), "--json")[1]
    assert wellspring("money", "Nobody")[2].strip() == "error: no holder is named 'Nobody'"
