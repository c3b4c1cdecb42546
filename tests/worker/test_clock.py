"""Leap days, edges of months and a clock that is set back: the time of sale decides, not ours."""

from datetime import UTC, datetime, timedelta, timezone

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import closing
from service.store.database import unit_of_work
from worker import drain

LEAP_DAY = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
LAST = datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
FIRST = datetime(2028, 3, 1, tzinfo=UTC)
EAST = datetime(2028, 3, 1, 13, 59, tzinfo=timezone(timedelta(hours=14)))  # still 29 February
WEST = datetime(2028, 2, 29, 12, 1, tzinfo=timezone(timedelta(hours=-12)))  # 1 March already
ONE = 540_000_000


def entries(town):
    query = (
        "SELECT s.external_id, s.period, e.period FROM sale s "
        "JOIN journal_entry e ON e.kind = 1 AND e.source_id = s.sale_id ORDER BY 1"
    )
    return town.tells(query)


def test_a_sale_belongs_to_the_month_of_its_instant_whatever_our_clock_says(village, texts):
    village.clock.now = datetime(2028, 3, 10, tzinfo=UTC)
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    instants = {"east": EAST, "first": FIRST, "last": LAST, "leap": LEAP_DAY, "west": WEST}
    for name, at in instants.items():
        village.sells(name, text=texts.ode, tier=Tier.PREMIUM, at=at)
    with unit_of_work(village.database) as session:
        closing.begin(session, Period(202802), early=False, now=village.clock())
    village.clock.now = datetime(2028, 1, 31, tzinfo=UTC)  # set back in the middle of the close
    village.sells("late", text=texts.ode, tier=Tier.PREMIUM, at=LAST)
    village.works()
    drain.finish_closing(village.place, drain.silent)
    assert entries(village) == [
        ("east", 202802, 202802),
        ("first", 202803, 202803),
        ("last", 202802, 202802),
        ("late", 202802, 202803),
        ("leap", 202802, 202802),
        ("west", 202803, 202803),
    ]
    assert village.statement("Ada", "2028-02").closing_nanos == 3 * ONE
    village.refunds("r1", "leap", 3_000_000_000)
    village.works()
    village.clock.now = datetime(2028, 4, 1, tzinfo=UTC)
    village.closes("2028-03")
    lines = village.statement("Ada", "2028-03").lines
    told = [(str(line.kind), str(line.month), line.nanos) for line in lines]
    assert told == [("earned", "2028-03", 2 * ONE), ("adjustment", "2028-02", ONE - ONE // 2)]
    assert village.broken() == []
