"""The table *From the sale to the bank account* of docs/accounting.md, posted and compared."""

import re
from datetime import UTC, datetime
from pathlib import Path

from changed_facts import refund
from payee_facts import may_be_paid

from service.ledger.money import parse_nanos
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import attributions, parties
from service.store.attributions import Wanted
from service.store.database import driver, unit_of_work
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts, receivables

DOCS = Path(__file__).parents[2] / "docs" / "accounting.md"
SECTION = re.compile(r"## From the sale to the bank account\n(.*?)\n## ", re.DOTALL)
ROW = re.compile(r"\| (.*?) ?\| (.*?) ?\| `(.+)` \| (-?[0-9.]+) \|")
STAYS = re.compile(r"`bank` ([0-9.]+), of which ([0-9.]+) is reserved")
KINDS = {3: "release", 4: "receipt", 5: "backing", 6: "write-off", 7: "payout"} | {
    8: "payout-confirmed",
    9: "payout-returned",
}


def documented():
    """Read the entries of the table: kind, period and nanos by account."""
    found = []
    for what, period, account, amount in ROW.findall(SECTION.search(DOCS.read_text())[1]):
        if what:
            found.append((what.split()[0].rstrip(":"), period, {}))
        found[-1][2][account] = parse_nanos(amount)
    return found


def posted(town, names):
    """Read the same from the journal, with holders and lines named as the documents name them."""
    found = {}
    for kind, source, period, account, nanos in town.tells(
        "SELECT e.kind, e.source_id, e.period, a.name, p.amount_nanos FROM journal_entry e "
        "JOIN posting p USING (kind, source_id) JOIN account a ON a.account_id = p.account_id "
        "WHERE e.kind >= 3"
    ):
        head = ":".join(account.split(":")[:2])
        name = names.get(head, head) + account[len(head) :]
        key = (KINDS[kind], str(Period(period)), kind, source)
        found.setdefault(key, {})[name] = nanos
    return [(*key[:2], legs) for key, legs in found.items()]


def attribute(town, sale_id, shares, *, unmatched):
    """Give a sale that waits the attribution of the example."""
    with unit_of_work(town.database) as session:
        engine = attributions.engine_id(session, "given")
        number = attributions.insert(
            session,
            Wanted(1, b"text", town.clock(), 1),
            engine=engine,
            share_ppm=shares,
            unmatched_ppm=unmatched,
            evidence=[],
            now=town.clock(),
        )
        attributions.link(session, {sale_id: number})
        driver(session).execute("UPDATE work_batch SET stage = 2")


def told(town, texts):
    """Tell the story of the table; return how the documents name lines and holders."""
    one = town.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    two = town.registers("Essay", texts.essay, {"Cleo": 1_000_000})
    town.works()
    town.clock.now = datetime(2026, 11, 5, tzinfo=UTC)
    sold_at = datetime(2026, 10, 20, tzinfo=UTC)
    sale = town.sells("s-1", text=texts.ode, tier=Tier.ELITE, at=sold_at)
    attribute(town, sale, {one: 600_000, two: 100_000}, unmatched=300_000)
    refund(town, "r-1", "s-1", 50_000_000_000)
    town.works()
    town.closes("2026-10")
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme")
    receipt = NewReceipt(acme.party_id, 10_000_000_000, "USD", "")
    receipts.add(town.database, acme, receipt, now=town.clock())
    facts = {"reason": "insolvent", "by": "op", "now": town.clock()}
    receivables.write_off(town.database, acme, 5_000_000_000, "USD", **facts)
    town.clock.now = datetime(2026, 12, 5, tzinfo=UTC)
    town.closes("2026-11")
    month = Period(202611)
    may_be_paid(town)
    payouts.reserve(town.database, month, by="op", now=town.clock(), progress=drain.silent)
    by_name = dict(
        town.tells("SELECT name, payout_id FROM payout JOIN party ON party_id = holder_id")
    )
    for name, state in (
        ("Ada", PayoutState.SENT),
        ("Ada", PayoutState.CONFIRMED),
        ("Ben", PayoutState.RETURNED),
    ):
        said = {"reference": "bank", "by": "op", "now": town.clock()}
        payouts.step(town.database, by_name[name], state, **said)
    lines = town.tells("SELECT line_id, work_id FROM line")
    holders = town.tells("SELECT party_id, lower(name) FROM party WHERE kind = 'holder'")
    return {f"line:{line}": f"line:1{work - one + 1}" for line, work in lines} | {
        f"holder:{number}": f"holder:{name}" for number, name in holders
    }


def test_each_entry_of_the_table_is_what_is_posted(village, texts):
    names = told(village, texts)
    expected, found = documented(), posted(village, names)
    assert {kind for kind, *_ in expected} == set(KINDS.values())
    key = lambda one: (one[0], one[1], sorted(one[2].items()))  # noqa: E731 - an order of entries
    assert sorted(found, key=key) == sorted(expected, key=key)
    assert village.broken() == []


def test_what_is_left_is_as_the_document_says(village, texts):
    names = told(village, texts)
    balances = village.balances()
    bank, reserved = STAYS.search(DOCS.read_text()).groups()
    assert balances["bank"] == parse_nanos(bank)
    assert balances["payout:clearing"] == parse_nanos(reserved)
    number = {name: account for account, name in names.items()}
    held = [balances[f"{number[f'holder:{one}']}:held"] for one in ("ada", "ben", "cleo")]
    assert held == [1_620_000_000, 1_080_000_000, 450_000_000]
    assert balances[f"{number['holder:ben']}:payable"] == 2_160_000_000
