"""A superuser can change what is said; ``verify`` finds it and names it."""

from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.tiers import Tier

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def closed(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000})
    for name in ("one", "two"):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    town.refunds("r1", "two", 1_000_000)
    town.works()
    town.closes("2026-01")
    assert town.broken() == []
    return town


MIRROR_ONE_ENTRY = """
UPDATE journal_entry
SET amounts = (SELECT array_agg(-a ORDER BY n) FROM unnest(amounts) WITH ORDINALITY AS u (a, n))
WHERE kind = 1 AND source_id = (SELECT min(sale_id) FROM sale)
"""
OTHER_HASH = "UPDATE batch SET content_hash = sha256('x') WHERE batch_id = 1"
TAMPERING = [
    (MIRROR_ONE_ENTRY, "each batch has the content it was hashed with"),
    ("DELETE FROM journal_entry WHERE kind = 2", "posted = target for every sale"),
    ("UPDATE balance_delta SET delta = delta + 1 WHERE delta > 0", "balances = sum of postings"),
    ("UPDATE balance_snapshot SET balance = balance + 1", "balances = sum of postings"),
    ("UPDATE statement_line SET nanos = nanos + 1", "opening + lines = closing"),
    ("UPDATE release_part SET nanos = nanos + 1", "each line released what it was credited"),
    (OTHER_HASH, "the hash chain of seals is whole"),
    ("DELETE FROM seal WHERE seal_no = 1", "the hash chain of seals is whole"),
    ("UPDATE sale SET gross_nanos = gross_nanos + 5", "posted = target for every sale"),
    ("DELETE FROM work_batch", "every sale is in exactly one state"),
]


@pytest.mark.parametrize(("statement", "invariant"), TAMPERING)
def test_tampering_past_every_trigger_is_found(closed, urls, statement, invariant):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement).rowcount > 0
    assert invariant in {fact.partition(": ")[0] for fact in closed.broken()}
