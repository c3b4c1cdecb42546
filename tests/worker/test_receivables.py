"""What vendors owe, how old it is, and what is written off: nobody's earnings are lost by it."""

from datetime import UTC, datetime

import pytest

from service.ledger.ageing import WriteOffTooLarge
from service.ledger.tiers import Tier
from service.store import parties
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts, receivables

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000
DUE = 600_000_000


@pytest.fixture
def owing(town, texts):
    """January is closed; Acme owes 0.60 for it, of which 0.54 was earned by Ada."""
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    town.closes("2026-01")
    return town


def acme(town):
    with unit_of_work(town.database) as session:
        return parties.vendor_named(session, "Acme")


def write_off(town, nanos):
    return receivables.write_off(
        town.database, acme(town), nanos, "USD", reason="bankrupt", by="op", now=town.clock()
    )


def pays(town, nanos):
    receipt = NewReceipt(acme(town).party_id, nanos, "USD", "")
    receipts.add(town.database, acme(town), receipt, now=town.clock())


def owed(town):
    with unit_of_work(town.database) as session:
        return {one.vendor: one.aged for one in receivables.listing(session)}["acme"]


def test_debt_is_listed_by_month_and_age(owing):
    (month,) = owed(owing).months
    assert (str(month.period), month.open_nanos) == ("2026-01", DUE)
    assert month.days_open(owing.clock().date()) == 37
    pays(owing, 100_000_000)
    assert owed(owing).buckets(owing.clock().date()) == (0, DUE - 100_000_000, 0, 0)


def test_a_write_off_is_an_entry_and_holders_keep_their_claims(owing):
    pays(owing, DUE // 2)
    held = owing.balances("holder")
    write_off(owing, DUE // 2)
    assert owing.balances("vendor:acme:receivable") == {}
    assert owing.balances("vendor:acme:written-off") == {"vendor:acme:written-off": DUE // 2}
    assert owing.balances("holder") == held
    assert owed(owing).open_nanos == 0
    assert owing.broken() == []


def test_what_is_paid_after_all_backs_what_was_held(owing):
    write_off(owing, DUE)
    write_off(owing, -DUE)
    pays(owing, DUE)
    assert "vendor:acme:receivable" not in owing.balances("vendor:acme")
    (payable,) = owing.balances("holder").values()
    assert payable == 540_000_000
    assert owing.balances("bank") == {"bank": DUE}
    assert owing.broken() == []


def test_no_more_is_written_off_than_is_open(owing):
    with pytest.raises(WriteOffTooLarge, match=r"write-off of 0.600000001 asked, at most 0.60"):
        write_off(owing, DUE + 1)
    write_off(owing, DUE)
    with pytest.raises(WriteOffTooLarge):
        write_off(owing, 1)
    with pytest.raises(WriteOffTooLarge):
        write_off(owing, -DUE - 1)
    assert owing.broken() == []


def test_commands_list_and_write_off(owing, wellspring):
    code, out, _ = wellspring("receivables", "list", "--json")
    assert code == 0
    assert '"open": "0.60"' in out
    code, out, _ = wellspring("receivables", "months", "Acme", "--json")
    assert (code, '"month": "2026-01"' in out) == (0, True)
    assert wellspring("receivables", "write-off", "Acme", "0.10", "--reason", "agreed")[0] == 0
    assert wellspring("receivables", "write-off", "Acme", "0.51", "--reason", "x")[0] == 1
    code, out, _ = wellspring("receivables", "list", "--json")
    assert '"written_off": "0.10"' in out
