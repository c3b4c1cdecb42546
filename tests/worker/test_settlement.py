from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.ledger.tiers import Tier
from service.store import entries, sales, works
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


def test_a_sale_before_the_registration_pays_nobody(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000}, on=JANUARY)
    early = JANUARY - timedelta(seconds=1)
    town.sells("before", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=early)
    town.works()
    assert town.balances("line") == {}
    assert town.balances("pool") == {"pool:unmatched:acme:2026-01": 600_000_000}
    town.sells("at", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    assert list(town.balances("line").values()) == [540_000_000]


def test_an_output_registered_as_a_work_after_its_sale_earns_nothing_and_hides_nobody(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    output = texts.ode.replace("winter", "summer")
    town.registers("Copy", output, {"Thief": 1_000_000}, on=JANUARY + timedelta(days=1))
    town.sells("one", text=output, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    town.closes("2026-01")
    assert town.statement("Ada", "2026-01").closing_nanos == 540_000_000


def test_a_withdrawn_work_earns_nothing_from_then_on(town, texts):
    work = town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("before", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    with unit_of_work(town.database) as session:
        works.withdraw(session, work, now=town.clock())
    town.sells("after", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=town.clock())
    town.works()
    assert list(town.balances("line").values()) == [540_000_000]
    assert town.balances("pool") == {"pool:unmatched:acme:2026-03": 600_000_000}
    assert town.broken() == []


def test_a_sale_without_text_feeds_the_unmatched_pool(town):
    town.sells("one", text=None, tier=Tier.ELITE, tokens=1_000_000, at=JANUARY)
    town.works()
    assert town.balances("pool") == {"pool:unmatched:acme:2026-01": 22_500_000_000}


def test_a_free_sale_is_settled_without_an_entry(town, texts):
    number = town.sells("one", text=texts.ode, tier=Tier.FREE, tokens=1_000_000, at=JANUARY)
    town.works()
    with unit_of_work(town.database) as session:
        assert sales.get(session, number).state == "settled"
        with pytest.raises(entries.EntryNotFound):
            entries.get(session, "sale", number)
    assert town.broken() == []


def test_one_bad_sale_is_set_aside_with_its_reason_and_the_batch_goes_on(town, texts):
    old = datetime(2019, 12, 31, tzinfo=UTC)
    good = town.a_sale("good", text=texts.ode, at=datetime(2020, 1, 1, tzinfo=UTC))
    bad = town.a_sale("bad", text=texts.ode, at=old)
    numbers = [outcome.sale_id for outcome in town.reports(good, bad)]
    town.works()
    with unit_of_work(town.database) as session:
        states = [sales.get(session, number) for number in numbers]
    assert [(s.state, s.reason) for s in states] == [
        ("settled", None),
        ("quarantined", "no-contract"),
    ]
    assert town.broken() == []


def test_equal_outputs_are_attributed_once(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for vendor in ("Acme", "Borealis"):
        for name in "abc":
            town.sells(name, text=texts.ode, at=JANUARY, vendor=vendor)
    town.works()
    with unit_of_work(town.database) as session:
        assert session.execute(text("SELECT count(*) FROM attribution")).scalar_one() == 1
        assert session.execute(text("SELECT count(*) FROM sale_attribution")).scalar_one() == 6


def test_an_attribution_stays_good_while_later_works_are_registered(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("one", text=texts.ode, at=JANUARY)
    town.works()
    town.registers("Essay", texts.essay, {"Cleo": 1_000_000}, on=town.clock())
    town.sells("two", text=texts.ode, at=JANUARY)
    town.works()
    with unit_of_work(town.database) as session:
        assert session.execute(text("SELECT count(*) FROM attribution")).scalar_one() == 1


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_order_and_cut_of_batches_change_no_entry_and_no_balance(town, texts, size):
    town.registers("Ode", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    town.registers("Essay", texts.essay, {"Cleo": 1_000_000})
    both = f"{texts.ode} {texts.nothing} {texts.essay}"
    items = [
        town.a_sale(
            f"s{n:03d}",
            text=(texts.ode, texts.essay, texts.nothing, both)[n % 4],
            tier=list(Tier)[n % 5],
            tokens=997 * n + 1,
            at=JANUARY + timedelta(minutes=n),
        )
        for n in range(60)
    ]
    for start in range(0, len(items), size):
        part = items[start : start + size]
        town.reports(*(part if size == 1_000 else reversed(part)))
    town.works()
    town.closes("2026-01")
    assert town.broken() == []
    closings = {n: town.statement(n, "2026-01").closing_nanos for n in ("Ada", "Ben", "Cleo")}
    assert closings == {"Ada": 942_344_602, "Ben": 942_341_774, "Cleo": 4_097_509_197}
    by_tier = [(str(x.tier), x.nanos) for x in town.statement("Ada", "2026-01").lines]
    assert by_tier == [
        ("premium", 22_548_996),
        ("high-speed", 147_054_855),
        ("elite", 772_740_751),
    ]
