"""Settlement reads the sales of its batches, and none of the others however many there are."""

import hashlib
from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import Tier
from service.store import binary_columns, parties, sale_table, sales
from service.store.database import driver, unit_of_work

NOW = datetime(2026, 2, 10, tzinfo=UTC)
BELIEVE_IN_TEN_MILLION = (
    "UPDATE pg_class SET reltuples = 10000000 WHERE relname IN "
    "('sale', 'sale_pkey', 'sale_attribution', 'sale_attribution_pkey')"
)
"""What the planner goes by, until the tables are analysed again."""


def a_sale(name):
    return ReportedSale(
        external_id=name,
        sold_at=datetime(2026, 1, 20, tzinfo=UTC),
        tier=Tier.PREMIUM,
        output_tokens=1_000,
        tokens_estimated=False,
        gross_nanos=30_000_000,
        currency="USD",
        model=None,
        text=None,
        text_hash=None,
        payload_hash=hashlib.sha256(name.encode()).digest(),
    )


@pytest.fixture
def ranges(database, urls):
    """Report 20 requests of 500 sales; return first and last number of each."""
    found = []
    for request in range(20):
        with unit_of_work(database) as session:
            if not request:
                parties.add_company(session, "vendor", "Acme", now=NOW)
            vendor = parties.vendor_named(session, "Acme")
            items = [a_sale(f"{request}-{n:03}") for n in range(500)]
            stored = sales.report(
                session, vendor.party_id, "acme", items, now=NOW, retention_days=400
            )
            numbers = [one.sale_id for one in stored]
        found.append((min(numbers), max(numbers)))
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute(BELIEVE_IN_TEN_MILLION)
    return found


def scans(plan, table):
    """Yield how many rows each scan of a table looked at."""
    if plan.get("Relation Name") == table:
        looked = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield round(looked * plan["Actual Loops"])
    for part in plan.get("Plans", ()):
        yield from scans(part, table)


def test_a_batch_costs_its_own_sales_and_not_all_that_were_ever_sold(database, ranges):
    firsts, lasts = zip(*ranges[3:8], strict=True)
    with unit_of_work(database) as session:
        query = binary_columns.in_pieces(sale_table._SALES, sale_table._SALE_KINDS)
        explained = driver(session).execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode(), (list(firsts), list(lasts), 2)
        )
        (whole,) = explained.fetchone()
        table = sale_table.sales_between(session, firsts, lasts)
    assert list(scans(whole[0]["Plan"], "sale")) == [2_500]
    assert len(table) == 2_500
    assert table.sale_ids[[0, 499, 2_000, 2_499]].tolist() == [*ranges[3], *ranges[7]]
