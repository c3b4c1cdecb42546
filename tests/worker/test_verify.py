"""A superuser can change what is said; ``verify`` finds it and names it."""

from datetime import UTC, datetime

import psycopg
import pytest
from payee_facts import may_be_paid

from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import parties
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts, receivables

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def closed(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000})
    for name in ("one", "two"):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    town.works()
    town.refunds("r1", "two", 1_000_000)
    town.works()
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    receipt = NewReceipt(acme.party_id, 1_000_000_000, "USD", "bank")
    receipts.add(town.database, acme, receipt, now=town.clock())
    town.closes("2026-01")
    facts = {"by": "op", "now": town.clock()}
    told = {"reason": "insolvent", **facts}
    receivables.write_off(town.database, acme, 1_000, "USD", **told)
    town.closes("2026-02")
    may_be_paid(town)
    for number in payouts.reserve(
        town.database, Period(202602), progress=drain.silent, **facts
    ).payout_ids[:1]:
        payouts.step(town.database, number, PayoutState.SENT, reference="file", **facts)
    assert town.broken() == []
    return town


MIRROR_ONE_ENTRY = """
UPDATE journal_entry
SET amounts = (SELECT array_agg(-a ORDER BY n) FROM unnest(amounts) WITH ORDINALITY AS u (a, n))
WHERE kind = 1 AND source_id = (SELECT min(sale_id) FROM sale)
"""
OTHER_CURRENCY = "UPDATE account SET currency = 'JPY' WHERE name = 'platform:fee'"
OTHER_HASH = "UPDATE batch SET content_hash = sha256('x') WHERE batch_id = 1"
PAID_MORE = """
UPDATE statement SET paid_nanos = 1, closing_nanos = closing_nanos - 1,
    carried_nanos = carried_nanos - 1
"""
POSTED = "receipts, backing, holds, advances and write-offs are what was posted"
STEPS = "each step of a payout posted what it says"
UNDER_WAY = "what is reserved is under way"
OWED = "withheld tax is owed or handed over"
REMITTED = """
INSERT INTO tax_remittance (code, currency, amount_nanos, reference, made_by, made_at)
VALUES ('us-person', 'USD', 1, '', 'op', now())
"""
PAID_MORE_THAN_POSTED = (
    "UPDATE payout SET amount_nanos = 2 * amount_nanos, paid_nanos = 2 * paid_nanos"
)
TAMPERING = [
    (MIRROR_ONE_ENTRY, "each batch has the content it was hashed with"),
    ("DELETE FROM journal_entry WHERE kind = 2", "posted = target for every sale"),
    ("UPDATE balance_delta SET delta = delta + 1 WHERE delta > 0", "balances = sum of postings"),
    ("UPDATE balance_snapshot SET balance = balance + 1", "balances = sum of postings"),
    ("UPDATE statement_line SET nanos = nanos + 1", "opening + lines = closing"),
    ("UPDATE release_part SET nanos = nanos + 1", "each line released what it was credited"),
    (OTHER_CURRENCY, "every entry sums to zero"),
    (OTHER_HASH, "the hash chain of seals is whole"),
    ("DELETE FROM seal WHERE seal_no = 1", "the hash chain of seals is whole"),
    ("UPDATE sale SET gross_nanos = gross_nanos + 5", "posted = target for every sale"),
    ("DELETE FROM work_batch", "every sale is in exactly one state"),
    ("UPDATE receipt SET amount_nanos = amount_nanos + 1", POSTED),
    ("UPDATE write_off SET amount_nanos = amount_nanos + 1", POSTED),
    ("UPDATE backing_part SET nanos = nanos + 1", POSTED),
    (PAID_MORE_THAN_POSTED, STEPS),
    (PAID_MORE_THAN_POSTED, UNDER_WAY),
    (PAID_MORE_THAN_POSTED, "the bank is not overdrawn"),
    ("DELETE FROM payout_step WHERE state = 'sent'; DELETE FROM payout", STEPS),
    (REMITTED, OWED),
    ("DELETE FROM payout_step WHERE state = 'reserved'", UNDER_WAY),
    ("DELETE FROM payout", UNDER_WAY),
    (PAID_MORE, "opening + lines = closing"),
    ("UPDATE period_seal SET root = sha256('x')", "each sealed period has the root of its rows"),
    (
        "UPDATE statement SET issued_at = issued_at + interval '1 second'",
        "each sealed period has the root of its rows",
    ),
]


@pytest.mark.parametrize(("statement", "invariant"), TAMPERING)
def test_tampering_past_every_trigger_is_found(closed, urls, statement, invariant):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement).rowcount > 0
    assert invariant in {fact.partition(": ")[0] for fact in closed.broken()}
