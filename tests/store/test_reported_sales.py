import hashlib
from datetime import UTC, datetime, timedelta
from threading import Thread

import psycopg
import pytest

from service.ledger.allocation import tie_of
from service.ledger.sale_report import POSITIONS, Outcome
from service.ledger.tiers import Tier
from service.store import sales
from service.store.database import unit_of_work
from service.store.sales import SaleNotFound

CREATED, DUPLICATE, CONFLICT = Outcome.CREATED, Outcome.DUPLICATE, Outcome.CONFLICT
FEBRUARY = datetime(2026, 2, 1, 0, 0, tzinfo=UTC)


def outcomes(answers):
    return [(answer.external_id, answer.outcome) for answer in answers]


def test_each_item_is_answered_in_order(books):
    first = books.report(books.item("b"), books.item("a"))
    assert outcomes(first) == [("b", CREATED), ("a", CREATED)]
    again = books.report(
        books.item("c"), books.item("a", tokens=2_000), books.item("b"), books.item("c")
    )
    assert outcomes(again) == [("c", CREATED), ("a", CONFLICT), ("b", DUPLICATE), ("c", DUPLICATE)]
    assert again[1].sale_id == first[1].sale_id
    assert again[2].sale_id == first[0].sale_id
    assert again[3].sale_id == again[0].sale_id
    assert books.ask("SELECT external_id, output_tokens FROM sale ORDER BY 1") == [
        ("a", 1_000), ("b", 1_000), ("c", 1_000),
    ]  # fmt: skip


def test_the_first_of_two_unequal_items_of_one_request_counts(books):
    answers = books.report(
        books.item("a"), books.item("a", text="another"), books.item("a"), books.item("b")
    )
    assert outcomes(answers) == [("a", CREATED), ("a", CONFLICT), ("a", DUPLICATE), ("b", CREATED)]
    assert books.ask("SELECT sale_count FROM work_batch") == [(2,)]


def test_the_same_id_of_another_vendor_is_another_sale(books):
    (acme,) = books.report(books.item("a"))
    (borealis,) = books.report(books.item("a", tokens=7), vendor="borealis")
    assert (acme.outcome, borealis.outcome) == (CREATED, CREATED)
    assert acme.sale_id != borealis.sale_id
    with unit_of_work(books.database) as session:
        assert sales.find(session, books.vendor_id(), "a").output_tokens == 1_000
        assert sales.find(session, books.vendor_id("borealis"), "a").output_tokens == 7


def test_a_report_of_nothing_new_leaves_no_work(books):
    books.report(books.item("a"))
    books.report(books.item("a"), books.item("a", tokens=2))
    assert books.report() == []
    assert books.ask("SELECT stage, sale_count FROM work_batch") == [(1, 1)]


def test_ids_of_a_request_are_contiguous_and_each_month_is_one_batch(books):
    answers = books.report(
        books.item("late", at=FEBRUARY),
        books.item("early", at=FEBRUARY - timedelta(microseconds=1)),
        books.item("also-early", text=None),
    )
    late, early, also_early = (answer.sale_id for answer in answers)
    assert also_early % POSITIONS == 0
    assert (early, late) == (also_early + 1, also_early + 2)
    assert books.ask(
        "SELECT period, first_sale_id, last_sale_id, sale_count, text_chars FROM work_batch "
        "ORDER BY period"
    ) == [(202601, also_early, early, 2, 8), (202602, late, late, 1, 8)]


def test_a_sale_keeps_its_tie_and_its_text_is_kept_once(books):
    books.report(books.item("a"), books.item("b"), books.item("c", text=None))
    digest = hashlib.sha256(b"the tide").digest()
    assert books.ask("SELECT text_hash, body, delete_after FROM output_text") == [
        (digest, "the tide", books.now + timedelta(days=30))
    ]
    with unit_of_work(books.database) as session:
        stored = sales.find(session, books.vendor_id(), "a")
        without = sales.find(session, books.vendor_id(), "c")
    assert sales.unsigned(stored.tie) == tie_of("acme", "a")
    assert (stored.text_hash, without.text_hash) == (digest, None)
    assert (stored.state, stored.refunded_nanos, stored.tier) == ("reported", 0, 2)


@pytest.mark.parametrize("tie", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_tie_of_64_bits_fits_a_signed_column(tie):
    assert -(2**63) <= sales.signed(tie) < 2**63
    assert sales.unsigned(sales.signed(tie)) == tie


def test_the_largest_sale_is_kept_exactly(books):
    books.report(books.item("a", tier=Tier.PREMIUM, tokens=10**15))
    assert books.ask("SELECT gross_nanos FROM sale") == [(6 * 10**18,)]


def test_a_request_that_fails_leaves_nothing(books):
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        books.report(books.item("a"), books.item("b", tokens=2**63))
    for table in ("sale", "output_text", "work_batch"):
        assert books.ask(f"SELECT count(*) FROM {table}") == [(0,)]


@pytest.mark.parametrize("name", ["missing", "", "a\0", "A", "'; DROP TABLE sale; --"])
def test_a_sale_nobody_reported_is_not_found(books, name):
    books.report(books.item("a"))
    with pytest.raises(SaleNotFound), unit_of_work(books.database) as session:
        sales.find(session, books.vendor_id(), name)


def test_the_same_report_at_once_from_many_sides_is_one_sale(books):
    answers = []

    def send():
        answers.append(books.report(books.item("a"), books.item("b")))

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [[answer.outcome for answer in one] for one in answers]
    assert sorted(told) == [[CREATED, CREATED]] + [[DUPLICATE, DUPLICATE]] * 5
    assert len({one[0].sale_id for one in answers}) == 1
    assert books.ask("SELECT sale_count FROM work_batch") == [(2,)]
