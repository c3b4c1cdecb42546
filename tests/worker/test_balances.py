"""Balances now and as of a month or a moment, and how an account came to its own."""

from datetime import UTC, datetime, timedelta

import pytest
from changed_facts import refund

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import account_history
from service.store.account_entries import AccountNotFound
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000
RECEIVABLE = "vendor:acme:receivable"


@pytest.fixture
def told(town, texts):
    """A sale of January; a refund of a third of it two days later, after the close."""
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    town.closes("2026-01")
    town.clock.now += timedelta(days=2)
    refund(town, "r1", "one", 2_000_000_000)
    town.works()
    return town


def as_of(town, **when):
    with unit_of_work(town.database) as session:
        return {b.account: b.nanos for b in account_history.balances_as_of(session, **when)}


def test_a_month_holds_what_was_posted_into_it_and_before(told):
    assert as_of(told, period=Period(202601))[RECEIVABLE] == 600_000_000
    assert as_of(told, period=Period(202602))[RECEIVABLE] == 400_000_000
    assert as_of(told, period=Period(202512)) == {}


def test_a_moment_knows_what_was_posted_by_then(told):
    then = told.clock() - timedelta(days=1)
    assert as_of(told, moment=then)[RECEIVABLE] == 600_000_000
    assert as_of(told, moment=told.clock())[RECEIVABLE] == 400_000_000
    assert as_of(told, moment=then - timedelta(days=5)) == {}
    assert as_of(told, moment=then, period=Period(202602))[RECEIVABLE] == 600_000_000


def test_now_is_the_sum_of_everything(told):
    now = {account: n for account, n in as_of(told).items() if account.startswith("vendor")}
    assert now == told.balances("vendor")


def test_history_tells_batch_by_batch_with_the_balance_after_each(told):
    with unit_of_work(told.database) as session:
        rows = account_history.history(session, RECEIVABLE, "USD", before=None, limit=10)
        (older,) = account_history.history(
            session, RECEIVABLE, "USD", before=rows[0].batch_id, limit=10
        )
    assert [(str(r.kind), str(r.period), r.delta_nanos, r.balance_nanos) for r in rows] == [
        ("correction", "2026-02", -200_000_000, 400_000_000),
        ("sale", "2026-01", 600_000_000, 600_000_000),
    ]
    assert older == rows[1]


def test_an_account_nobody_opened_has_no_history(told):
    for name in ("vendor:nobody:receivable", "\0"):
        with unit_of_work(told.database) as session, pytest.raises(AccountNotFound):
            account_history.history(session, name, "USD", before=None, limit=10)


def test_a_holder_stands_at_what_is_held_and_what_is_available(told):
    with unit_of_work(told.database) as session:
        (ada,) = account_history.holders(session)
    assert (ada.posted_nanos, ada.held_nanos, ada.available_nanos) == (540_000_000, 540_000_000, 0)


def test_commands_read_them(told, wellspring):
    code, out, _ = wellspring("balances", "accounts", "--prefix", "vendor", "--as-of", "2026-01")
    assert code == 0
    assert "0.60" in out
    assert wellspring("balances", "accounts", "--as-of", "2026-03-11T00:00Z", "--json")[0] == 0
    assert wellspring("balances", "holders", "--json")[0] == 0
    assert wellspring("balances", "history", RECEIVABLE, "--json")[0] == 0
    code, _, err = wellspring("balances", "accounts", "--as-of", "yesterday")
    assert (code, "must be YYYY-MM or an instant" in err) == (1, True)
