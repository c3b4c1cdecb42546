"""A broker is a doorbell: down, emptied or back again, sales are taken and settled."""

import os
import socket
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from bad_line import BadLine
from kombu import Connection
from worker_process import reports, serves, waits_until

from service.ledger.tiers import Tier
from service.store import api_keys, parties
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
BROKERS = {"redis": "redis://127.0.0.1:6379/15", "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//"}


@pytest.fixture(params=sorted(BROKERS))
def broker(request):
    """The address of a real broker that answers."""
    url = urlsplit(BROKERS[request.param])
    with closing(socket.socket()) as asked:
        asked.settimeout(1)
        if asked.connect_ex((url.hostname, url.port)):
            pytest.skip(f"no {request.param} answers on {url.hostname}:{url.port}")
    return url


@pytest.fixture
def line(broker):
    opened = BadLine(socket.AF_INET, (broker.hostname, broker.port))
    yield opened
    opened.down()


def sell(town, text, *names):
    for name in names:
        town.sells(name, text=text, tier=Tier.PREMIUM, tokens=1_000, at=JANUARY)


def settled(town, count):
    query = "SELECT 1 FROM journal_entry HAVING count(*) = :count"
    return waits_until(lambda: town.tells(query, count=count))


def test_what_a_broker_loses_is_made_up_for_by_the_tick(
    village, texts, urls, tmp_path, broker, line
):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    queue = f"wellspring-test-{os.getpid()}"
    behind = broker._replace(netloc=broker.netloc.replace(str(broker.port), str(line.port)))
    with serves(urls.app, tmp_path, broker=behind.geturl(), queue=queue) as worker:
        sell(village, texts.ode, "up")
        assert settled(village, 1), worker.said()
        line.down()
        sell(village, texts.ode, "down")
        line.up()
        assert settled(village, 2), worker.said()
    sell(village, texts.ode, "emptied")
    with Connection(broker.geturl()) as connection:
        connection.SimpleQueue(queue).queue.delete()
    with serves(urls.app, tmp_path, broker=broker.geturl(), queue=queue) as worker:
        assert settled(village, 3), worker.said()
    with Connection(broker.geturl()) as connection:
        connection.SimpleQueue(queue).queue.delete()
    assert village.broken() == []


@pytest.mark.parametrize("answers", [False, True])
def test_sales_are_taken_in_time_while_the_broker_is_away(village, urls, tmp_path, answers):
    """One port refuses connections, the other takes them and never says a word."""
    with unit_of_work(village.database) as session:
        acme = parties.vendor_named(session, "Acme")
        key, _ = api_keys.make(session, acme.party_id, "test", now=village.clock())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not answers:
            silent.close()
        told = reports(urls.app, tmp_path, key, broker=f"redis://127.0.0.1:{port}/0", count=20)
    assert {status for status, _ in told} == {200}
    assert max(seconds for _, seconds in told) < 2.5
    assert village.tells("SELECT count(*) FROM work_batch WHERE stage = 1") == [(20,)]
    village.works()
    assert village.tells("SELECT count(*) FROM journal_entry") == [(20,)]
