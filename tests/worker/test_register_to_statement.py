"""The whole loop, read aloud: ideas become AI tokens become royalties."""

from datetime import UTC, datetime

from service.ledger.tiers import Tier
from service.store import parties
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


def test_register_report_attribute_settle_close_state(town, texts):
    # Ada and Ben wrote an ode together; Cleo wrote an essay.
    ode = town.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    essay = town.registers("Essay", texts.essay, {"Cleo": 1_000_000})

    # Acme sells the whole ode as a premium answer, the essay as an elite one, and something else.
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.sells("two", text=texts.essay, tier=Tier.ELITE, tokens=1_000_000, at=JANUARY)
    town.sells("three", text=texts.nothing, tier=Tier.ELITE, tokens=1_000_000, at=JANUARY)
    town.sells("four", text=texts.ode, tier=Tier.STANDARD, tokens=1_000_000, at=JANUARY)
    town.works()

    # Premium: $6, of which $5 production, $0.60 pool (10 % fee), $0.40 left of the cloud's margin.
    # Elite, twice: $150, of which $5 production, $22.50 pool, $15 cloud margin, $107.50 kept.
    # Standard: $3, all of it production.
    assert town.balances("vendor") == {
        "vendor:acme:receivable": 45_600_000_000,
        "vendor:acme:settled-direct": 263_400_000_000,
        "vendor:acme:kept": 215_000_000_000,
    }
    assert town.balances("party") == {
        "party:equipment:direct": 7_200_000_000,
        "party:power:direct": 4_500_000_000,
        "party:data-centre:direct": 2_700_000_000,
        "party:cloud:direct": 34_000_000_000,
    }
    assert town.balances("platform") == {"platform:fee": 60_000_000 + 2_250_000_000}
    assert town.balances("pool") == {"pool:unmatched:acme:2026-01": 22_500_000_000}
    assert sorted(town.balances("line").values()) == [540_000_000, 20_250_000_000]

    # Acme pays the premium sale's pool and nothing more, then January is closed.
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    paid = NewReceipt(acme.party_id, 45_600_000_000, "USD", "bank")
    receipts.add(town.database, acme, paid, now=town.clock())
    town.closes("2026-01")

    ada = town.statement("Ada", "2026-01")
    (line,) = ada.lines
    assert (line.work_id, line.vendor, line.tier, line.sales_count) == (ode, "acme", "premium", 1)
    assert (line.credited_nanos, line.share_ppm, line.nanos) == (540_000_000, 600_000, 324_000_000)
    assert (ada.opening_nanos, ada.closing_nanos) == (0, 324_000_000)
    assert ada.closing.payable_nanos == 320_000_000
    assert ada.closing.carried_nanos == 4_000_000
    assert town.statement("Ben", "2026-01").closing_nanos == 216_000_000
    cleo = town.statement("Cleo", "2026-01")
    assert (cleo.lines[0].work_id, cleo.closing_nanos) == (essay, 20_250_000_000)
    assert town.balances("line") == {}
    assert town.broken() == []


def test_what_the_vendor_has_not_paid_yet_is_held(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    town.closes("2026-01")
    assert town.statement("Ada", "2026-01").closing.held_nanos == 540_000_000
    assert town.statement("Ada", "2026-01").closing.payable_nanos == 0

    # Half of what is owed backs half of what was earned; the rest follows with the rest.
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    for payable in (270_000_000, 540_000_000):
        receipt = NewReceipt(acme.party_id, 300_000_000, "USD", "bank")
        receipts.add(town.database, acme, receipt, now=town.clock())
        standing = {name.rpartition(":")[2]: n for name, n in town.balances("holder:").items()}
        assert standing == {"payable": payable} | (
            {"held": 270_000_000} if payable < 540_000_000 else {}
        )
    assert town.broken() == []
