from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.store import closing, periods
from service.store.database import unit_of_work
from service.store.periods import EarlierPeriodOpen

DECEMBER, JANUARY, FEBRUARY, MARCH = map(Period.parse, ["2025-12", "2026-01", "2026-02", "2026-03"])
RECEIVED = {"bank": 5, "platform:fee": -5}


def begin(books, period, *, early=False, now=None):
    with unit_of_work(books.database) as session:
        closing.begin(session, period, early=early, now=now or books.now)


def finish(books, period):
    with unit_of_work(books.database) as session:
        periods.finish_closing(session, period, now=books.now)


def held(books, period):
    with unit_of_work(books.database) as session:
        return periods.hold_open_from(session, period)


def states(books):
    with unit_of_work(books.database) as session:
        return [(str(period), state) for period, state, _ in periods.listing(session)]


def test_a_period_is_open_then_closing_then_closed(books):
    with unit_of_work(books.database) as session:
        assert periods.state(session, JANUARY) == "open"
        assert periods.hold(session, JANUARY) == "open"
    begin(books, JANUARY)
    with unit_of_work(books.database) as session:
        assert periods.closing(session) == JANUARY
    begin(books, JANUARY)  # a second hand helps and does no harm
    finish(books, JANUARY)
    assert states(books) == [("2026-01", "closed")]
    with pytest.raises(PeriodClosed):
        begin(books, JANUARY)


def test_a_late_fact_goes_to_the_next_open_period(books):
    begin(books, JANUARY)
    assert held(books, JANUARY) == FEBRUARY
    finish(books, JANUARY)
    assert held(books, JANUARY) == FEBRUARY
    assert held(books, MARCH) == MARCH


def test_a_fact_of_a_month_nobody_met_before_a_closed_one_is_late_too(books):
    begin(books, JANUARY)
    finish(books, JANUARY)
    with unit_of_work(books.database) as session:
        assert periods.state(session, DECEMBER) == "closed"
        assert periods.state(session, FEBRUARY) == "open"
    assert held(books, DECEMBER) == FEBRUARY
    assert states(books) == [("2025-12", "closed"), ("2026-01", "closed"), ("2026-02", "open")]


def test_the_end_of_a_year_is_followed_by_the_next(books):
    begin(books, DECEMBER)
    assert held(books, DECEMBER) == JANUARY


@pytest.mark.parametrize(
    ("now", "early", "refused"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), False, True),
        (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), True, False),
        (datetime(2026, 2, 1, tzinfo=UTC), False, False),
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), True, True),
    ],
)
def test_a_running_month_closes_only_on_purpose_and_one_to_come_never(books, now, early, refused):
    if refused:
        with pytest.raises(PeriodRunning):
            begin(books, JANUARY, early=early, now=now)
    else:
        begin(books, JANUARY, early=early, now=now)
    assert states(books) == ([] if refused else [("2026-01", "closing")])


def test_months_close_in_order(books):
    books.report(books.item("a", at=datetime(2025, 12, 5, tzinfo=UTC)))
    with pytest.raises(EarlierPeriodOpen) as refusal:
        begin(books, JANUARY)
    assert refusal.value.facts == {"period": "2026-01", "earlier": "2025-12"}
    assert states(books) == []


def test_a_month_with_entries_or_closing_holds_the_next_up_and_an_empty_one_closes_with_it(books):
    assert held(books, Period.parse("2025-11")) == Period.parse("2025-11")
    books.post(1, RECEIVED, period="2025-12")
    held(books, DECEMBER)
    with pytest.raises(EarlierPeriodOpen):
        begin(books, JANUARY)
    begin(books, DECEMBER)
    with pytest.raises(EarlierPeriodOpen):
        begin(books, JANUARY)
    finish(books, DECEMBER)
    begin(books, JANUARY)
    assert states(books) == [("2025-11", "closed"), ("2025-12", "closed"), ("2026-01", "closing")]


def test_what_waits_when_the_close_begins_belongs_to_it(books):
    books.report(books.item("a"), books.item("b", at=books.now))
    begin(books, JANUARY)
    books.report(books.item("late"))
    assert books.ask("SELECT period, closes FROM work_batch ORDER BY work_batch_id") == [
        (202601, True), (202602, False), (202601, False),
    ]  # fmt: skip


def test_a_close_waits_for_whoever_posts(books):
    begun = Event()

    def close():
        begin(books, JANUARY)
        begun.set()

    with unit_of_work(books.database) as posting:
        assert periods.hold(posting, JANUARY) == "open"
        closer = Thread(target=close)
        closer.start()
        assert not begun.wait(0.3)
    closer.join(10)
    assert begun.is_set()
    assert held(books, JANUARY) == FEBRUARY
