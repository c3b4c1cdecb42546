"""Runs of payouts: nothing is reserved that somebody else has not approved, to the cent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from changed_facts import refund
from payee_facts import account, holder_id, lives, may_be_paid, operator, pays, rates, taxes

from service.ledger.payout import BankTooLow
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import payout_runs
from service.store.database import unit_of_work
from service.store.payout_runs import DigestDiffers, OwnRun, RunNotApproved, RunNotFound
from worker import drain, payout_corrections, payouts
from worker.payouts import ChangedSinceApproved

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MONTH = Period(202601)
ALL = 1_000_000


@pytest.fixture
def stated(town, texts):
    """Ada's 36.00 and Ben's 18.00 of January are payable; both live at home."""
    town.registers("Ode", texts.ode, {"Ada": 666_667, "Ben": 333_333})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, 60_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    town.closes("2026-01")
    may_be_paid(town)
    return town


def make(town, by="olga"):
    facts = {"by": by, "now": town.clock(), "progress": drain.silent}
    return payouts.make(town.database, MONTH, **facts)


def approve(town, run, by, digest=None):
    with unit_of_work(town.database) as session:
        given = bytes.fromhex(digest or run.digest)
        payout_runs.approve(session, run.run_id, given, by=by, now=town.clock())


def carry_out(town, run, needed=1):
    facts = {"by": "olga", "now": town.clock(), "progress": drain.silent, "needed": needed}
    return payouts.carry_out(town.database, run.run_id, **facts)


def amounts(town):
    return town.tells(
        "SELECT name, amount_nanos, run_id FROM payout JOIN party ON party_id = holder_id "
        "ORDER BY payout_id"
    )


def test_a_run_posts_nothing_until_another_operator_has_approved_its_digest(stated):
    made = make(stated)
    before = stated.balances()
    with pytest.raises(RunNotApproved, match="0 of 1 operators beside its maker"):
        carry_out(stated, made.run)
    with pytest.raises(OwnRun, match="was made by olga: somebody else must approve it"):
        approve(stated, made.run, "olga")
    with pytest.raises(DigestDiffers):
        approve(stated, made.run, "omar", digest="0" * 64)
    assert stated.balances() == before
    approve(stated, made.run, "omar")
    approve(stated, made.run, "omar")
    with pytest.raises(RunNotApproved, match="1 of 2"):
        carry_out(stated, made.run, needed=2)
    assert len(carry_out(stated, made.run).payout_ids) == 2
    run = made.run.run_id
    assert amounts(stated) == [("Ada", 36_000_000_000, run), ("Ben", 17_990_000_000, run)]
    assert stated.broken() == []


def test_a_run_carried_out_twice_or_beside_another_pays_once(stated):
    one, two = make(stated), make(stated)
    assert one.run.digest == two.run.digest
    for made in (one, two):
        approve(stated, made.run, "omar")
    first = [len(carry_out(stated, made.run).payout_ids) for made in (one, one, two, two)]
    assert first == [2, 0, 0, 0]
    assert [name for name, _, _ in amounts(stated)] == ["Ada", "Ben"]
    assert make(stated).items == ()
    assert stated.broken() == []


def test_two_who_carry_out_at_once_pay_once(stated):
    one, two = make(stated), make(stated)
    for made in (one, two):
        approve(stated, made.run, "omar")
    with ThreadPoolExecutor(4) as several:
        done = [several.submit(carry_out, stated, made.run) for made in (one, two, one, two)]
        numbers = [number for each in done for number in each.result().payout_ids]
    assert len(numbers) == len(set(numbers)) == 2
    assert [name for name, _, _ in amounts(stated)] == ["Ada", "Ben"]
    assert stated.broken() == []


def a_refund(town):
    refund(town, "r1", "one", 100_000_000_000)
    town.works()
    town.closes("2026-02", early=True)


def a_refund_that_is_not_stated_yet(town):
    refund(town, "r1", "one", 100_000_000_000)


def another_account(town):
    account(town, holder_id(town, "Ada"), email="ada@example.org")


def another_country(town):
    taxes(town, "de", "DE", 150_000)
    lives(town, "Ada", "DE", "USD")


def another_currency(town):
    rates(town, "USD", "EUR", "0.9", date(2026, 2, 10))
    lives(town, "Ada", "DE", "EUR")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (a_refund, []),
        (a_refund_that_is_not_stated_yet, ["Ada", "Ben"]),
        (another_account, ["Ben"]),
        (another_country, ["Ben"]),
        (another_currency, ["Ben"]),
    ],
)
def test_what_has_changed_since_it_was_approved_is_not_paid(stated, change, left):
    made = make(stated)
    approve(stated, made.run, "omar")
    change(stated)
    told = carry_out(stated, made.run)
    assert [name for name, _, _ in amounts(stated)] == left
    assert len(told.passed_over) == 2 - len(left)
    assert stated.broken() == []


def test_another_amount_is_another_run(stated):
    made = make(stated)
    approve(stated, made.run, "omar")
    another_country(stated)
    (refused,) = carry_out(stated, made.run).passed_over
    assert type(refused) is ChangedSinceApproved
    again = make(stated)
    assert again.run.digest != made.run.digest
    approve(stated, again.run, "omar")
    assert len(carry_out(stated, again.run).payout_ids) == 1


def test_a_run_does_not_plan_more_than_the_bank_has(stated):
    """Half of what the bank held went to its own charges: only Ben's 17.99 are left for."""
    charged = {"reference": "r", "by": "op", "now": stated.clock()}
    payout_corrections.charge(stated.database, "USD", 35_000_000_000, **charged)
    made = make(stated)
    assert [item.gross_nanos for item in made.items] == [17_990_000_000]
    (refused,) = made.passed_over
    assert type(refused) is BankTooLow
    assert refused.facts["free_nanos"] == 25_000_000_000


def test_runs_that_are_not_there_are_named(stated):
    with pytest.raises(RunNotFound, match="no payout run 99"):
        payouts.carry_out(
            stated.database,
            99,
            needed=0,
            by="op",
            now=stated.clock(),
            progress=drain.silent,
        )


def test_commands_ask_for_another_operator(stated, wellspring):
    operator(stated, "olga")
    operator(stated, "omar")
    code, out, _ = wellspring("payouts", "plan", "2026-01", "--operator", "olga")
    assert (code, "36.00" in out) == (0, True)
    code, _, err = wellspring("payouts", "reserve", "2026-01")
    assert (code, "waits for approval of digest" in err) == (1, True)
    digest = stated.tells("SELECT encode(digest, 'hex') FROM payout_run WHERE run_id = 1")[0][0]
    own = wellspring("payouts", "approve", 1, digest, "--operator", "olga")
    assert (own[0], "somebody else must approve it" in own[2]) == (1, True)
    unknown = wellspring("payouts", "approve", 1, digest, "--operator", "nobody")
    assert (unknown[0], "no operator 'nobody'" in unknown[2]) == (1, True)
    assert wellspring("payouts", "approve", 1, digest, "--operator", "omar")[0] == 0
    assert "omar" in wellspring("payouts", "runs")[1]
    assert wellspring("payouts", "carry-out", 1)[0] == 0
    assert [name for name, _, _ in amounts(stated)] == ["Ada", "Ben"]
