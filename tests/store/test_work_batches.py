from contextlib import ExitStack

import pytest

from service.store import work_batches
from service.store.database import unit_of_work
from service.store.work_batches import claim_to_attribute, claim_to_settle


@pytest.fixture
def reported(books):
    """Acme floods with four batches, then Borealis sends one."""
    for batch in range(4):
        books.report(books.item(f"a-{batch}-1"), books.item(f"a-{batch}-2"))
    books.report(books.item("b-1"), vendor="borealis")
    return books


def attribute_all(books):
    for (batch_id,) in books.ask("SELECT work_batch_id FROM work_batch WHERE stage = 1"):
        with unit_of_work(books.database) as session:
            assert work_batches.attributed(session, batch_id, now=books.now)


def numbers(batches):
    return [batch.work_batch_id for batch in batches]


def test_attribution_takes_turns_between_vendors_and_no_batch_twice(reported):
    with ExitStack() as stack:
        held = [stack.enter_context(claim_to_attribute(reported.database)) for _ in range(6)]
        assert numbers(held[:5]) == [1, 5, 2, 3, 4]
        assert held[5] is None


def test_a_hold_ends_with_its_connection(reported):
    for _ in range(2):
        with claim_to_attribute(reported.database) as batch:
            assert (batch.work_batch_id, batch.sale_count) == (1, 2)


def test_a_batch_moves_on_once(reported):
    for moved in (True, False):
        with unit_of_work(reported.database) as session:
            assert work_batches.attributed(session, 1, now=reported.now) is moved
    with claim_to_attribute(reported.database) as batch:
        assert batch.work_batch_id == 2 or batch.vendor_id == reported.vendor_id("borealis")


def test_settlement_takes_turns_between_vendors_up_to_so_many_sales(reported):
    attribute_all(reported)
    with unit_of_work(reported.database) as session:
        # one of each vendor first, then what fits: five sales are batches 1, 5 and 2
        assert numbers(claim_to_settle(session, most_sales=5)) == [1, 2, 5]


def test_one_batch_is_taken_however_large(reported):
    attribute_all(reported)
    with unit_of_work(reported.database) as session:
        assert numbers(claim_to_settle(session, most_sales=1)) == [1]


def test_a_second_worker_skips_what_the_first_one_holds(reported):
    attribute_all(reported)
    with (
        unit_of_work(reported.database) as first,
        unit_of_work(reported.database) as second,
        unit_of_work(reported.database) as third,
    ):
        assert numbers(claim_to_settle(first, most_sales=3)) == [1, 5]
        assert numbers(claim_to_settle(second, most_sales=1_000)) == [2, 3, 4]
        assert claim_to_settle(third, most_sales=1_000) == []


def test_a_worker_that_dies_gives_its_batches_back(reported):
    attribute_all(reported)

    def settle_and_die():
        with unit_of_work(reported.database) as session:
            batches = claim_to_settle(session, most_sales=1_000)
            work_batches.settled(session, batches, now=reported.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        settle_and_die()
    with unit_of_work(reported.database) as session:
        batches = claim_to_settle(session, most_sales=1_000)
        assert numbers(batches) == [1, 2, 3, 4, 5]
        work_batches.settled(session, batches, now=reported.now)
    with unit_of_work(reported.database) as session:
        assert claim_to_settle(session, most_sales=1_000) == []
        assert work_batches.waiting(session) == work_batches.Waiting(0, 0, None)
        assert numbers(work_batches.done_after(session, 0, most_sales=4)) == [1, 2]


def test_batches_of_one_claim_are_of_one_month(books):
    february = books.now.replace(day=1)
    books.report(books.item("a"), books.item("b", at=february))
    books.report(books.item("c"), vendor="borealis")
    attribute_all(books)
    with unit_of_work(books.database) as first, unit_of_work(books.database) as second:
        assert {batch.period for batch in claim_to_settle(first, most_sales=9)} == {202601}
        assert [batch.period for batch in claim_to_settle(second, most_sales=9)] == [202602]


def test_a_stalled_report_delays_only_itself(books):
    with unit_of_work(books.database) as stalled:
        (slow,) = books.report(books.item("slow"), session=stalled)
        (quick,) = books.report(books.item("quick"))
        (other,) = books.report(books.item("other"), vendor="borealis")
        assert slow.sale_id < quick.sale_id < other.sale_id
        attribute_all(books)
        with unit_of_work(books.database) as session:
            batches = claim_to_settle(session, most_sales=9)
            assert [b.first_sale_id for b in batches] == [quick.sale_id, other.sale_id]
            work_batches.settled(session, batches, now=books.now)
    with unit_of_work(books.database) as session:
        assert work_batches.waiting(session).to_attribute == 1
    with claim_to_attribute(books.database) as batch:
        assert batch.first_sale_id == slow.sale_id


def test_what_waits_is_counted_in_sales(reported):
    with unit_of_work(reported.database) as session:
        work_batches.attributed(session, 1, now=reported.now)
        assert work_batches.waiting(session) == work_batches.Waiting(7, 2, reported.now)
        work_batches.mark_closing(session, 202601)
        assert work_batches.closing_count(session, 202601) == 9
        assert work_batches.closing_count(session, 202602) == 0
