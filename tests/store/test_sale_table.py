import numpy as np
import pytest

from service.store import binary_columns, rights_by_day, sale_table
from service.store.database import driver, unit_of_work
from service.store.sale_table import sales_between


@pytest.fixture
def reported(books):
    """Two requests of two sales each, numbered 16384, 16385, 32768, 32769; nothing attributed."""
    books.report(books.item("a-1", tokens=10), books.item("a-2", tokens=20))
    books.report(books.item("a-3", tokens=30), books.item("a-4", tokens=40))
    assert books.ask("SELECT sale_id FROM sale ORDER BY 1") == [
        (16_384,),
        (16_385,),
        (32_768,),
        (32_769,),
    ]
    return books


def attribute(books, sale, *versions):
    """Keep versions of a sale's attribution: shares in ppm by work; the rest is unmatched."""
    for number, shares in enumerate(versions, start=1):
        books.ask(
            "WITH a AS (INSERT INTO attribution (text_hash, engine_id, embedding_no, catalogue_at, "
            "work_ids, shares_ppm, unmatched_ppm, evidence, attributed_at) VALUES "
            "(sha256(%s::text::bytea), 1, %s, now(), %s, %s, %s, '[]', now()) "
            "RETURNING attribution_id) "
            "INSERT INTO sale_attribution SELECT %s, %s, attribution_id FROM a RETURNING 1",
            *(str(sale), number, list(shares), list(shares.values())),
            *(1_000_000 - sum(shares.values()), sale, number),
        )


def read(books, firsts, lasts):
    with unit_of_work(books.database) as session:
        return sales_between(session, firsts, lasts)


def shares(table):
    return list(
        zip(
            table.sale_ids[table.match_rows].tolist(),
            table.match_works.tolist(),
            table.match_shares.tolist(),
            strict=True,
        )
    )


def test_sales_are_those_of_the_ranges_in_order_of_number(reported):
    table = read(reported, [32_768, 16_385], [32_769, 16_385])
    assert table.sale_ids.tolist() == [16_385, 32_768, 32_769]
    assert table.tokens.tolist() == [20, 30, 40]
    assert table.currencies.tolist() == [b"USD"] * 3


def test_no_sales_are_an_empty_table(reported):
    table = read(reported, [1], [2])
    assert len(table) == 0
    assert shares(table) == []


def test_shares_are_those_of_the_newest_attribution(reported):
    attribute(reported, 32_768, {7: 100_000}, {7: 100_000, 9: 250_000})
    attribute(reported, 16_384, {5: 1_000_000})
    attribute(reported, 16_385, {5: 300_000}, {})
    table = read(reported, [32_768, 16_384], [32_769, 16_385])
    assert shares(table) == [(16_384, 5, 1_000_000), (32_768, 7, 100_000), (32_768, 9, 250_000)]


def test_a_quarantined_sale_is_left_out_with_its_shares(reported):
    attribute(reported, 16_384, {5: 1_000}, {5: 2_000}, {5: 3_000})
    attribute(reported, 16_385, {6: 1_000})
    reported.ask(
        "INSERT INTO quarantine (sale_id, vendor_id, period, reason, facts, quarantined_at) "
        "VALUES (16384, 1, 202601, 'told', '{}', now()) RETURNING 1"
    )
    table = read(reported, [16_384], [16_385])
    assert table.sale_ids.tolist() == [16_385]
    assert shares(table) == [(16_385, 6, 1_000)]


def test_attributions_far_apart_and_many_ranges_in_a_piece_are_all_read(reported):
    attribute(reported, 16_384, {5: 1_000})
    attribute(reported, 1, *({5: share} for share in range(1, 10)))
    attribute(reported, 32_769, {6: 1_000}, {7: 2_000, 8: 3_000})
    firsts = [*range(1, 3_000), 16_384, 16_385, 32_768, 32_769]
    table = read(reported, firsts, firsts)
    assert table.sale_ids.tolist() == [16_384, 16_385, 32_768, 32_769]
    assert shares(table) == [(16_384, 5, 1_000), (32_769, 7, 2_000), (32_769, 8, 3_000)]


@pytest.mark.parametrize(
    ("query", "kinds", "number"),
    [
        (sale_table._SALES, sale_table._SALE_KINDS, "sale_id"),
        (sale_table._ATTRIBUTED, sale_table._ATTRIBUTED_KINDS, "sale_id"),
        (sale_table._QUARANTINED, {"sales": "int8"}, "sale_id"),
        (sale_table._SHARES, sale_table._SHARE_KINDS, "attribution_id"),
    ],
)
def test_a_batch_costs_its_own_sales_and_not_all_there_are(reported, query, kinds, number):
    with unit_of_work(reported.database) as session:
        connection = driver(session)
        connection.execute("SET LOCAL enable_seqscan = off")  # four sales would be read whole
        connection.execute("SET LOCAL enable_bitmapscan = off")
        whole = "EXPLAIN " + binary_columns.in_pieces(query, kinds)
        plan = connection.execute(whole.encode(), ([16_384], [16_385], 1)).fetchall()
    lines = "\n".join(row[0] for row in plan)
    assert f"Index Cond: (({number} >= r.first) AND ({number} <= r.last))" in lines
    assert "Join Filter" not in lines


def test_rights_of_a_day_are_the_newest_that_began_by_then(books):
    books.ask(
        "INSERT INTO rights_version (rights_version_id, work_id, days, holder_ids, shares_ppm, "
        "known_at, superseded_at) VALUES "
        "(11, 5, '[1990-01-01,2000-01-03)', '{1}', '{1000000}', now(), NULL), "
        "(12, 5, '[2000-01-03,)', '{1}', '{1000000}', now(), NULL), "
        "(13, 8, '[2000-01-02,)', '{1}', '{1000000}', now(), NULL), "
        "(14, 9, '[1999-01-01,)', '{1}', '{1000000}', now(), now()) RETURNING 1"
    )
    with unit_of_work(books.database) as session:
        by_day = rights_by_day.of_works(session, np.array([5, 8, 9]))
    places = np.array([0, 0, 0, 1, 1, 2])
    days = np.array([-4_000, 1, 2, 0, 1, 500])  # since 2000-01-01
    assert by_day.on(places, days).tolist() == [-1, 11, 12, -1, 13, -1]
    assert (by_day.first(0), by_day.first(1)) == (11, 13)


def test_no_rights_at_all_are_none_on_any_day(books):
    with unit_of_work(books.database) as session:
        by_day = rights_by_day.of_works(session, np.array([5]))
    assert by_day.on(np.array([0]), np.array([9_000])).tolist() == [-1]
