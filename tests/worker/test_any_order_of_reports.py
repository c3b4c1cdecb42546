"""In any order and cut of batches: the same balances, entries by public key and statements."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from changed_facts import refund

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import parties
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts
from worker.statement_digest import digest_of_statements

START = datetime(2026, 1, 18, tzinfo=UTC)
COUNT = 36
PUBLIC_LINES = """
SELECT 'line:' || line_id, concat_ws('/', title, lower(days), slug, tier, currency)
FROM line JOIN work USING (work_id) JOIN rights_version USING (rights_version_id)
JOIN party ON party_id = vendor_id
"""
ENTRIES = """
SELECT e.kind, e.period, e.currency, coalesce(v.slug || '/' || s.external_id, r.line_id::text, ''),
    a.name, e.amount_nanos
FROM posting e JOIN account a USING (account_id)
LEFT JOIN sale s ON s.sale_id = e.subject_sale_id LEFT JOIN party v ON v.party_id = s.vendor_id
LEFT JOIN release r ON e.kind = 3 AND r.release_id = e.source_id
"""


def items_of(town, texts):
    """Sales of two vendors around the end of January, of every tier and text."""
    both = f"{texts.ode} {texts.nothing} {texts.essay}"
    return [
        (
            ("Acme", "Borealis")[n % 2],
            town.a_sale(
                f"s{n:03d}",
                text=(texts.ode, texts.essay, texts.nothing, both, None)[n % 5],
                tier=list(Tier)[n // 2 % 5],
                tokens=997 * n + 1,
                at=START + timedelta(hours=20 * n),
            ),
        )
        for n in range(COUNT)
    ]


def report(town, items, size):
    """Report sales in this order, so many a request; what is of one vendor goes together."""
    for vendor in ("Acme", "Borealis"):
        of_vendor = [item for name, item in items if name == vendor]
        for start in range(0, len(of_vendor), size):
            town.reports(*of_vendor[start : start + size], vendor=vendor)


def storm(town, chance):
    """Three refunds of every third sale, in any order; each an odd part of the gross."""
    names = [n for n in range(COUNT) if n % 3 == 0 and list(Tier)[n // 2 % 5] is not Tier.FREE]
    told = [(n, part) for n in names for part in (1, 2, 3)]
    chance.shuffle(told)
    for n, part in told:
        vendor, nanos = ("Acme", "Borealis")[n % 2], 1_003 * (n + 1) * part // 2 + 1
        refund(town, f"r{n}-{part}", f"s{n:03d}", nanos, vendor=vendor)


def tell(town, texts, *, seed, size):
    """One history: some sales, refunds, a close, late sales with refunds, a receipt, a close."""
    chance = Random(seed)
    town.registers("Ode", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    town.registers("Essay", texts.essay, {"Cleo": 1_000_000})
    items = items_of(town, texts)
    early, late = items[:30], items[30:] + items[:4]
    chance.shuffle(early)
    early, late = [one for one in early if one not in late], chance.sample(late, len(late))
    report(town, early, size)
    town.works()
    town.closes("2026-01")
    storm(town, chance)  # some before their sales
    report(town, late, size)
    town.works()
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    receipt = NewReceipt(acme.party_id, 400_000_000, "USD", "bank")
    receipts.add(town.database, acme, receipt, now=town.clock())
    town.closes("2026-02")
    return books_of(town)


def books_of(town):
    """Balances, entries summed by public key, statement digests: no serial number of arrival."""
    public = dict(town.tells(PUBLIC_LINES))
    entries = Counter()
    for kind, period, currency, key, account, nanos in town.tells(ENTRIES):
        subject = public.get(f"line:{key}", key)
        entries[kind, period, currency, subject, public.get(account, account)] += nanos
    with unit_of_work(town.database) as session:
        digests = [digest_of_statements(session, Period(month)) for month in (202601, 202602)]
    balances = {public.get(name, name): nanos for name, nanos in town.balances().items()}
    return balances, +entries, -entries, digests


def test_another_order_and_cut_of_batches_says_the_same(new_village, texts):
    balances, credits, debits, digests = tell(new_village(), texts, seed=1, size=1_000)
    assert (len(balances), len(credits), len(debits), len(digests)) == (22, 114, 198, 2)
    for seed, size in ((2, 1), (3, 7)):
        town = new_village()
        told = tell(town, texts, seed=seed, size=size)
        assert told == (balances, credits, debits, digests)
        assert town.broken() == []
