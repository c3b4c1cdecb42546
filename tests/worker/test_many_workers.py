"""Two workers, each with its tick, settle and close one month while its sales still come in."""

from datetime import UTC, datetime, timedelta
from threading import Thread

from worker_process import serves, waits_until

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import closing
from service.store.database import unit_of_work
from worker import drain

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
LINE = 540_000


def report(town, text, parts):
    """Report five sales a request, of two vendors in turn."""
    for part in parts:
        items = [
            town.a_sale(
                f"s{part}-{n}",
                text=text,
                tier=Tier.PREMIUM,
                tokens=1_000,
                at=JANUARY + timedelta(minutes=part),
            )
            for n in range(5)
        ]
        town.reports(*items, vendor=("Acme", "Borealis")[part % 2])


def closed(town):
    state = "SELECT 1 FROM period WHERE period = 202601 AND state = 'closed'"
    return town.tells(state) and not drain.waits(town.place)


def test_one_entry_a_sale_one_statement_a_holder_and_no_deadlock(village, texts, urls, tmp_path):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    village.works()
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = village.tells(deadlocks)
    report(village, texts.ode, range(20))
    racing = Thread(target=report, args=(village, texts.ode, range(20, 40)))
    with serves(urls.app, tmp_path) as one, serves(urls.app, tmp_path) as other:
        assert waits_until(lambda: village.tells("SELECT 1 FROM journal_entry LIMIT 1"))
        racing.start()
        with unit_of_work(village.database) as session:
            closing.begin(session, Period(202601), early=False, now=village.clock())
        report(village, texts.ode, range(40, 60))  # all of them late
        racing.join()
        assert waits_until(lambda: closed(village))
    said = one.said() + other.said()
    assert (one.returncode, other.returncode) == (0, 0)
    assert "rror" not in said, said
    assert village.tells(deadlocks) == before
    posted = "SELECT count(*), count(DISTINCT source_id) FROM journal_entry WHERE kind = 1"
    assert village.tells(posted) == [(300, 300)]
    ((inside,),) = village.tells(
        "SELECT count(*) FROM journal_entry WHERE kind = 1 AND period = 202601"
    )
    assert 100 <= inside <= 200
    assert village.tells("SELECT count(*) FROM statement") == [(1,)]
    assert village.statement("Ada", "2026-01").closing_nanos == inside * LINE
    village.closes("2026-02")
    assert village.statement("Ada", "2026-01").closing_nanos == inside * LINE
    assert village.statement("Ada", "2026-02").closing_nanos == 300 * LINE
    assert village.broken() == []
