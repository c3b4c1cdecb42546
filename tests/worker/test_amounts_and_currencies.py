"""The largest amounts and foreign minor units, from the report to the statement."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from service.ledger.contract import Contract
from service.ledger.release import ReleaseTooLarge
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, RateCard, Tier
from service.store import parties, statements, terms
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import receipts
from worker.founding import STANDARD_STEPS

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FIRST_DAY = date(2020, 1, 1)
MOST = 9_223_372_036_854_775_807


def trades_in(town, currency):
    """Add a vendor whose contract and prices are in a currency."""
    with unit_of_work(town.database) as session:
        vendor = parties.add_company(session, "vendor", f"In {currency}", now=town.clock())
        card = RateCard(FIRST_DAY, currency, STANDARD_NANOS_PER_TOKEN)
        terms.add_rate_card(session, vendor, card)
        contract = Contract(0, vendor.slug, FIRST_DAY, currency, STANDARD_STEPS)
        terms.add_contract(session, vendor, contract)
    return vendor


def sells_in(town, currency, name, *, text, tokens):
    item = town.a_sale(name, text=text, tier=Tier.ELITE, tokens=tokens, at=JANUARY)
    town.reports(replace(item, currency=currency), vendor=f"In {currency}")


def closings(town, holder):
    """Return closing, held, payable and carried by currency."""
    with unit_of_work(town.database) as session:
        rows = [one for one in statements.listing(session) if one.holder_name == holder]
    return {
        one.currency: (one.closing_nanos, one.held_nanos, one.payable_nanos, one.carried_nanos)
        for one in rows
    }


def test_yen_have_no_minor_unit_and_dinars_have_three_digits(village, texts):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for currency in ("JPY", "KWD", "USD"):
        vendor = trades_in(village, currency)
        sells_in(village, currency, "one", text=texts.ode, tokens=1_234_567)
        village.works()
        receipt = NewReceipt(vendor.party_id, 30_000_000_000, currency, "bank")
        receipts.add(village.database, vendor, receipt, now=village.clock())
    village.closes("2026-01")
    assert closings(village, "Ada") == {
        "JPY": (24_999_981_750, 0, 24_000_000_000, 999_981_750),
        "KWD": (24_999_981_750, 0, 24_999_000_000, 981_750),
        "USD": (24_999_981_750, 0, 24_990_000_000, 9_981_750),
    }
    mixed = (
        "SELECT count(*) FROM posting p JOIN account a USING (account_id) "
        "WHERE a.currency <> p.currency"
    )
    assert village.tells(mixed) == [(0,)]
    assert village.broken() == []


def test_a_sale_in_another_currency_than_its_contract_is_set_aside(village, texts):
    item = village.a_sale("one", text=texts.ode, tier=Tier.ELITE, tokens=1_000, at=JANUARY)
    village.reports(replace(item, currency="JPY"), vendor="Acme")
    village.works()
    assert village.tells("SELECT reason FROM quarantine") == [("currency-differs",)]
    assert village.balances() == {}
    assert village.broken() == []


MOST_TOKENS = 61_489_146_912_365  # elite tokens of one sale: 9,223,372,036.85475 units
POOL = 1_383_505_805_528_212_500
LINE = 1_245_155_224_975_391_250


def sells_the_most(town, text, count):
    town.registers("Ode", text, {"Ada": 1_000_000})
    items = [
        town.a_sale(f"s{n}", text=text, tier=Tier.ELITE, tokens=MOST_TOKENS, at=JANUARY)
        for n in range(count)
    ]
    town.reports(*items)
    town.works()


def test_a_batch_that_sums_above_the_largest_amount_is_exact(village, texts):
    sells_the_most(village, texts.ode, 7)
    assert village.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 7 * POOL}
    village.closes("2026-01")
    assert closings(village, "Ada")["USD"][0] == 7 * LINE < MOST < 7 * POOL
    assert village.broken() == []


def test_a_close_that_would_post_more_than_the_largest_amount_posts_nothing_of_it(village, texts):
    sells_the_most(village, texts.ode, 8)
    assert village.balances("line") == {"line:1": 8 * LINE}
    with pytest.raises(ReleaseTooLarge, match=r"line 1 is to release 9961241799\.80313 USD"):
        village.closes("2026-01")
    assert village.tells("SELECT count(*) FROM release") == [(0,)]
    assert village.balances("line") == {"line:1": 8 * LINE}
    assert village.broken() == []
