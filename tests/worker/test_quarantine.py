"""A quarantined sale is settled by itself once what was wrong is put right."""

from datetime import UTC, date, datetime

import pytest
from changed_facts import correct_contract

from service.ledger.tiers import Tier
from service.store import quarantined, sales
from service.store.database import unit_of_work
from worker.quarantine import CannotAttribute, NotQuarantined, settle_again

LONG_AGO = datetime(2019, 6, 1, tzinfo=UTC)


def reasons(town):
    with unit_of_work(town.database) as session:
        return [row.reason for row in quarantined.page(session, before=None, limit=10)]


def again(town, sale, *, without_attribution=False):
    return settle_again(
        town.database, sale, without_attribution=without_attribution, now=town.clock()
    )


@pytest.fixture
def aside(town, texts):
    """A sale of before the vendor's first contract."""
    sale = town.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=LONG_AGO)
    town.works()
    return town, sale


def test_it_stays_where_it_is_while_nothing_has_changed(aside):
    town, sale = aside
    assert again(town, sale) == "no-contract"
    assert reasons(town) == ["no-contract"]
    assert town.balances() == {}
    assert town.broken() == []


def test_it_is_settled_once_there_is_a_contract(aside):
    town, sale = aside
    correct_contract(town, day=date(2019, 1, 1), premium_ppm=100_000)
    town.works()
    assert again(town, sale) is None
    assert reasons(town) == []
    assert town.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 600_000_000}
    with unit_of_work(town.database) as session:
        assert sales.get(session, sale).state == "settled"
    assert town.broken() == []
    with pytest.raises(NotQuarantined, match=f"sale {sale} is settled, not quarantined"):
        again(town, sale)


def test_what_cannot_be_attributed_is_settled_without_when_asked(town):
    sale = town.sells("one", text=None, tier=Tier.PREMIUM, at=datetime(2026, 1, 20, tzinfo=UTC))
    with unit_of_work(town.database) as session:
        session.connection().exec_driver_sql(
            "INSERT INTO quarantine (sale_id, vendor_id, period, reason, facts, quarantined_at) "
            "SELECT sale_id, vendor_id, period, 'fingerprint-outdated', '{}', now() FROM sale"
        )
    town.works()
    with pytest.raises(CannotAttribute):
        again(town, sale)
    assert reasons(town) == ["fingerprint-outdated"]
    assert again(town, sale, without_attribution=True) is None
    assert town.balances("pool:unmatched") == {"pool:unmatched:acme:2026-01": 600_000_000}
    assert town.broken() == []


def test_commands_list_and_settle_what_is_aside(aside, wellspring):
    town, sale = aside
    code, out, _ = wellspring("quarantine", "list", "--json")
    assert code == 0
    assert "no-contract" in out
    correct_contract(town, day=date(2019, 1, 1), premium_ppm=100_000)
    town.works()
    code, out, _ = wellspring("quarantine", "retry", "--json")
    assert code == 0
    assert "settled" in out
    assert str(sale) in out
    assert reasons(town) == []
