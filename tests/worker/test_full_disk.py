"""A full disk while settling: all or nothing, and the same worker goes on when there is room."""

from datetime import UTC, datetime

import pytest
from psycopg.errors import DiskFull

from service.ledger.tiers import Tier
from worker import drain
from worker.settlement import settle_batch

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


def sell_on(town, text, told):
    """Report and settle thousand after thousand; ``told`` counts what was reported."""
    for part in range(100):
        facts = {"text": text, "tier": Tier.PREMIUM, "at": JANUARY}
        items = [town.a_sale(f"s{part}-{n}", tokens=1_000 + n, **facts) for n in range(1_000)]
        town.reports(*items)
        told.append(len(items))
        while drain.attribute(town.place):
            pass
        while settle_batch(town.database, now=town.clock()):
            pass


def test_settlement_posts_all_of_a_batch_or_nothing(town, texts, tiny_disk):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.works()
    tiny_disk.move("journal_entry")
    told = []
    with pytest.raises(DiskFull):
        sell_on(town, texts.ode, told)
    settled = town.tells("SELECT count(*) FROM journal_entry")[0][0]
    assert settled == sum(told) - 1_000 > 0
    assert town.broken() == []

    tiny_disk.grow()
    town.works()
    assert town.tells("SELECT count(*) FROM journal_entry")[0][0] == sum(told)
    assert town.broken() == []
