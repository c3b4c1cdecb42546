"""kill -9 of a worker at any step of its work, then a rerun, then ``verify``."""

from datetime import UTC, date, datetime, timedelta

import pytest
from changed_facts import back_date, correct_contract, reattribute, refund, restate
from payee_facts import may_be_paid
from worker_process import dies, pays

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import closing, parties
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import drain, receipts

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("step", "turns"),
    [
        ("service.store.work_batches:claim_to_settle", 1),
        ("service.store.work_batches:claim_to_settle", 3),
        ("service.store.journal:account_ids", 2),
        ("service.store.journal:append", 1),
        ("service.store.journal:append", 4),
        ("service.store.work_batches:settled", 2),
    ],
)
def test_a_worker_killed_while_settling_loses_and_doubles_nothing(
    village, texts, urls, tmp_path, step, turns
):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for part in range(10):
        items = [
            village.a_sale(
                f"s{part}-{n}",
                text=texts.ode if n % 3 else None,
                tier=Tier.PREMIUM,
                tokens=1_000 + n,
                at=JANUARY + timedelta(minutes=n),
            )
            for n in range(10)
        ]
        village.reports(*items)
    while drain.embed(village.place) or drain.attribute(village.place):
        pass
    dies(urls.app, tmp_path, "settle", step, turns)
    assert village.broken() == []  # whatever was committed is whole
    assert village.tells("SELECT count(*) < 100 FROM journal_entry") == [(True,)]
    village.works()
    assert village.tells("SELECT count(*) FROM journal_entry") == [(100,)]
    assert village.broken() == []


def much_waits(town, texts):
    """Sales to attribute and to settle, refunds, changed facts, a receipt and a closing month."""
    ode = town.registers("Ode", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    refund(town, "parked", "s7", 1_000_000)
    for n in range(4):
        town.sells(f"s{n}", text=texts.ode, at=JANUARY, vendor="Acme")
    town.works()
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    paid = NewReceipt(acme.party_id, 600_000_001, "USD", "bank")
    receipts.add(town.database, acme, paid, now=town.clock())
    for n in range(4, 8):
        town.sells(f"s{n}", text=f"{texts.ode} {texts.nothing} {n}", at=JANUARY, vendor="Acme")
    restate(town, "told wrong", "s1", tokens=500_000)
    correct_contract(town, day=date(2026, 1, 1), premium_ppm=90_000)
    back_date(town, ode, {"Ada": 500_000, "Dee": 500_000}, day=date(2026, 1, 10))
    reattribute(town, vendor_id=acme.party_id)
    refund(town, "asked back", "s2", 2_000_000_001)
    with unit_of_work(town.database) as session:
        closing.begin(session, Period(202601), early=False, now=town.clock())


STEPS = [
    ("service.store.attributions:insert", 3),
    ("service.store.work_batches:attributed", 2),
    ("service.store.parked_refunds:unpark", 1),
    ("service.store.corrections:insert", 4),
    ("service.store.correction_jobs:advance", 2),
    ("service.store.refunds:applied", 2),
    ("service.store.releases:insert", 1),
    ("service.store.receipts:insert_backing", 1),
    ("service.store.statements:insert", 2),
    ("service.store.periods:finish_closing", 1),
    ("service.store.seals:seal_waiting", 1),
    ("service.store.period_seals:insert", 1),
]


@pytest.mark.parametrize(("step", "turns"), STEPS)
def test_a_worker_killed_anywhere_is_taken_over_from(village, texts, urls, tmp_path, step, turns):
    much_waits(village, texts)
    dies(urls.app, tmp_path, "all", step, turns)
    broken = [fact for fact in village.broken() if "the worker seals it" not in fact]
    assert broken == []  # whatever was committed is whole
    village.works()
    assert drain.waits(village.place) is False
    names = ("Ada", "Ben", "Cleo", "Dee")
    told = {name: village.statement(name, "2026-01").closing_nanos for name in names}
    assert told == {
        "Ada": 1_265_347_872,
        "Ben": 719_999_280,
        "Cleo": 719_999_280,
        "Dee": 545_346_432,
    }
    entries = "SELECT kind, count(*) FROM journal_entry GROUP BY 1 ORDER BY 1"
    assert village.tells(entries) == [(1, 8), (2, 6), (3, 2), (4, 1), (5, 1)]
    balances = village.balances()
    assert balances["vendor:acme:receivable"] == 3_269_909_999
    assert balances["pool:unmatched:acme:2026-01"] == 948_079_535
    assert village.broken() == []


@pytest.mark.parametrize(
    ("step", "turns"),
    [
        ("service.store.payouts:insert", 1),
        ("service.store.payouts:insert", 3),
        ("service.store.payouts:add_step", 2),
        ("service.store.payouts:add_step", 5),
        ("service.store.journal:append_entries", 1),
        ("service.store.journal:append_entries", 2),
        ("service.store.journal:append_entries", 4),
    ],
)
def test_payouts_killed_at_any_step_pay_everybody_once(village, texts, urls, tmp_path, step, turns):
    village.registers("Ode", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    village.sells("one", text=texts.ode, at=JANUARY)
    village.works()
    with unit_of_work(village.database) as session:
        acme = parties.vendor_named(session, "Acme")
    paid = NewReceipt(acme.party_id, 600_000_000, "USD", "bank")
    receipts.add(village.database, acme, paid, now=village.clock())
    village.closes("2026-01")
    may_be_paid(village)
    dies(urls.app, tmp_path, "pay", step, turns)
    assert village.broken() == []  # whatever was committed is whole
    pays(village.database)
    entries = "SELECT kind, count(*) FROM journal_entry WHERE kind > 6 GROUP BY 1 ORDER BY 1"
    assert village.tells(entries) == [(7, 3), (8, 3)]
    steps = "SELECT state, count(*) FROM payout_step GROUP BY 1 ORDER BY 1"
    assert village.tells(steps) == [("confirmed", 3), ("reserved", 3), ("sent", 3)]
    balances = village.balances()
    assert balances["bank"] == 600_000_000 - 180_000_000 - 170_000_000 - 170_000_000
    assert "payout:clearing" not in balances
    assert village.broken() == []
