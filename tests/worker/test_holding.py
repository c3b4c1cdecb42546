"""Only what is under a hold is kept back: not paid while it lasts, given back when it ends."""

import json
from datetime import UTC, datetime

import pytest
from payee_facts import may_be_paid

from service.ledger.hold import HoldReason
from service.ledger.payout import NothingPayable
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import holds, parties
from service.store.database import unit_of_work
from service.store.holds import HoldNotFound, NewHold
from service.store.receipts import NewReceipt
from worker import drain, holding, payouts, receipts

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000
EARNED, OWED = 540_000_000, 600_000_000


def pays(town, nanos):
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, "Acme")
    receipts.add(
        town.database, party, NewReceipt(party.party_id, nanos, "USD", ""), now=town.clock()
    )


def number_of(town, name):
    return town.tells("SELECT party_id FROM party WHERE name = :n", n=name)[0][0]


def holds_back(town, name, work, ppm, *, reason=HoldReason.CONTESTED, since=None):
    new = NewHold(number_of(town, name), work, ppm, reason, "dispute 1", since)
    with unit_of_work(town.database) as session:
        return holds.start(session, new, now=town.clock())


def lets_go(town, number):
    with unit_of_work(town.database) as session:
        holds.end(session, number, outcome="withdrawn", now=town.clock())


def reserve(town, month="2026-01"):
    may_be_paid(town)
    return payouts.reserve(
        town.database, Period.parse(month), by="op", now=town.clock(), progress=drain.silent
    )


@pytest.fixture
def shared(town, texts):
    """Ode is Ada's for 60 % and Ben's for 40 %; Acme sold for 6.00 and has paid what it owes."""
    town.ode = town.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    pays(town, OWED)
    town.ada, town.ben = number_of(town, "Ada"), number_of(town, "Ben")
    return town


def test_thirty_percent_of_one_share_is_held_and_nothing_else(shared):
    holds_back(shared, "Ada", shared.ode, 300_000)
    shared.closes("2026-01")
    assert shared.balances("holder") == {
        f"holder:{shared.ada}:held": 97_200_000,  # 30 % of 60 % of 0.54
        f"holder:{shared.ada}:payable": 226_800_000,
        f"holder:{shared.ben}:payable": 216_000_000,
    }
    ada = shared.statement("Ada", "2026-01").closing
    assert (ada.held_nanos, ada.payable_nanos) == (97_200_000, 220_000_000)
    assert shared.statement("Ben", "2026-01").closing.held_nanos == 0
    assert shared.broken() == []


def test_a_statement_explains_what_is_held(shared, wellspring):
    holds_back(shared, "Ada", shared.ode, 300_000)
    shared.closes("2026-01")
    number = f"2026-01-H{shared.ada}-USD"
    code, said, _ = wellspring("explain", "statement", number, "--json")
    assert code == 0
    held = next(t for t in json.loads(said)["tables"] if t["heading"].startswith("Held"))
    assert [(row["vendor"], row["nanos"]) for row in held["rows"]] == [
        ("acme", 0),
        ("under a hold", 97_200_000),
        ("sum", 97_200_000),
    ]


def test_a_hold_after_the_close_keeps_the_money_from_the_payout(shared):
    shared.closes("2026-01")
    holds_back(shared, "Ada", shared.ode, MILLION)
    made = reserve(shared)  # before any worker came by
    assert len(made.payout_ids) == 1
    (refused,) = made.passed_over
    assert isinstance(refused, NothingPayable)
    assert shared.balances(f"holder:{shared.ada}") == {f"holder:{shared.ada}:held": 324_000_000}
    assert shared.broken() == []


def test_a_hold_that_ends_gives_everything_back(shared):
    number = holds_back(shared, "Ada", shared.ode, 300_000)
    shared.closes("2026-01")
    lets_go(shared, number)
    shared.works()
    assert shared.balances(f"holder:{shared.ada}") == {f"holder:{shared.ada}:payable": 324_000_000}
    assert shared.broken() == []
    lets_go(shared, number)  # once more changes nothing
    assert shared.tells("SELECT nanos FROM hold_posting ORDER BY 1") == [
        (-97_200_000,),
        (97_200_000,),
    ]


def test_what_is_not_under_a_hold_is_backed_first(town, texts):
    ode = town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    holds_back(town, "Ada", ode, 500_000)
    pays(town, OWED // 2)
    town.closes("2026-01")
    ada = number_of(town, "Ada")
    assert town.balances("holder") == {
        f"holder:{ada}:held": EARNED // 2,
        f"holder:{ada}:payable": EARNED // 2,
    }
    pays(town, OWED // 2)
    town.works()
    reserve(town)
    assert town.balances("holder") == {f"holder:{ada}:held": EARNED // 2}
    assert town.broken() == []


def test_a_refund_leaves_no_more_held_than_there_is(shared):
    number = holds_back(shared, "Ada", shared.ode, MILLION)
    shared.closes("2026-01")
    shared.refunds("all of it", "one")
    shared.works()
    shared.closes("2026-02")
    assert shared.balances("holder") == {}
    lets_go(shared, number)
    shared.works()
    assert shared.balances("holder") == {}
    assert shared.broken() == []


def test_what_a_hold_says_is_posted_by_a_worker_without_a_close(shared):
    shared.closes("2026-01")
    holds_back(shared, "Ben", shared.ode, MILLION, reason=HoldReason.UNCONFIRMED)
    shared.works()
    assert shared.balances(f"holder:{shared.ben}") == {f"holder:{shared.ben}:held": 216_000_000}
    assert shared.broken() == []


def test_a_hold_that_ends_or_begins_while_others_are_posted_waits_for_the_next(shared, monkeypatch):
    shared.closes("2026-01")
    first = holds_back(shared, "Ada", shared.ode, MILLION)
    free_amounts = holding.free_amounts

    def meanwhile(*asked):
        found = free_amounts(*asked)
        lets_go(shared, first)
        holds_back(shared, "Ben", shared.ode, MILLION)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(holding, "free_amounts", meanwhile)
        assert holding.post_next(shared.database, now=shared.clock())
    assert shared.balances("holder")[f"holder:{shared.ada}:held"] == 324_000_000
    while holding.post_next(shared.database, now=shared.clock()):
        pass
    assert shared.balances("holder") == {
        f"holder:{shared.ada}:payable": 324_000_000,
        f"holder:{shared.ben}:held": 216_000_000,
    }
    assert shared.broken() == []


def test_nobody_ends_a_hold_that_there_is_not(town):
    with pytest.raises(HoldNotFound):
        lets_go(town, 99)
