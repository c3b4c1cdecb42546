"""The worked example of docs/unmatched.md, posted and compared."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

from changed_facts import refund
from pool_facts import announce, rate, release

from service.ledger.money import format_nanos, parse_nanos
from service.ledger.money_state import WhyNotPaid
from service.ledger.period import Period
from service.ledger.tiers import Tier

PAGE = (Path(__file__).parents[2] / "docs" / "unmatched.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| (.*?) ?\| (.*?) ?\| `(.+)` \| (-?[0-9.]+) \|")
STATED = re.compile(r"March's statements: Ada ([0-9.]+), Ben ([0-9.]+), Bo ([0-9.]+)")
KINDS = {2: "correction", 20: "pool-release", 21: "interest"}
JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000


def documented():
    """Read the entries: kind, period and nanos by account, in their order."""
    found = []
    for what, period, account, amount in ROW.findall(PAGE):
        if what:
            found.append((what.partition(":")[0], period, {}))
        found[-1][2][account] = parse_nanos(amount)
    return found


def posted(town):
    """Read the same from the journal; of a correction what it says of the pool."""
    titles = {
        f"line:{line}": f"line:{title.lower()}"
        for line, title in town.tells("SELECT line_id, title FROM line JOIN work USING (work_id)")
    }
    found = {}
    for kind, source, batch, period, account, nanos in town.tells(
        "SELECT p.kind, p.source_id, p.batch_id, p.period, a.name, p.amount_nanos FROM posting p "
        "JOIN account a USING (account_id) WHERE p.kind IN (2, 20, 21)"
    ):
        if kind != 2 or account.startswith("pool:"):
            key = (batch, kind, source, KINDS[kind], str(Period(period)))
            found.setdefault(key, {})[titles.get(account, account)] = nanos
    return [(*key[3:], legs) for key, legs in sorted(found.items())]


def in_order(entries):
    return sorted((kind, period, sorted(legs.items())) for kind, period, legs in entries)


def test_the_page_says_what_is_posted(village, texts):
    announce(village, "same-vendor")
    rate(village, 120_000, date(2026, 1, 1))
    village.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    village.registers("Essay", texts.essay, {"Bo": MILLION})
    for name, text, tokens in (("ode", texts.ode, 1), ("essay", texts.essay, 2), ("none", None, 1)):
        village.sells(name, text=text, tier=Tier.PREMIUM, tokens=tokens * MILLION, at=JANUARY)
    village.works()
    village.closes("2026-01")
    village.closes("2026-02")
    release(village)
    refund(village, "half", "none", 3_000_000_000)
    village.works()
    village.closes("2026-03", early=True)
    assert in_order(posted(village)) == in_order(documented())
    told = [
        format_nanos(village.statement(name, "2026-03").earned_nanos)
        for name in ("Ada", "Ben", "Bo")
    ]
    assert tuple(told) == STATED.search(PAGE).groups()
    assert village.broken() == []


def test_the_page_names_every_reason():
    assert {str(why) for why in WhyNotPaid} <= set(re.findall(r"`([a-z-]+)`", PAGE))
