"""What the SDK does when the server refuses, is silent or is not there."""

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest
from fault_server import LOST, RESET, SILENT, FaultServer, Told, problem
from waits import waits_until

from wellspring_client import Client, backoff


@pytest.fixture
def server():
    with FaultServer() as opened:
        yield opened


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Wait for hundredths of seconds where the server asks nothing else."""
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.005)
    monkeypatch.setattr(backoff, "MOST_SECONDS", 0.02)


@pytest.fixture
def clients(server, tmp_path):
    made = []

    def client(**settings):
        given = {"spool": tmp_path / "spool", "interval_seconds": 0.02} | settings
        made.append(Client(given.pop("api_key", "ws_live_key"), server.address, **given))
        return made[-1]

    yield client
    for one in made:
        one.close(0)


def sold(client, *names):
    for name in names:
        assert client.record(id=name, tier="free", output_tokens=1) == name


def ids_of(body):
    return [sale["id"] for sale in json.loads(body)]


@pytest.mark.parametrize(
    "fault",
    [
        *[problem(status, "told") for status in (408, 425, 429, 500, 502, 503, 504, 507)],
        pytest.param(RESET, id="reset"),
        pytest.param(LOST, id="answer lost"),
        pytest.param(Told(200, {}, b"<html>Welcome to the Wi-Fi</html>"), id="not an answer"),
        pytest.param(Told(200, {}, b'{"items": []}'), id="too few answers"),
    ],
    ids=lambda fault: str(getattr(fault, "status", fault)),
)
def test_a_request_that_was_not_answered_is_sent_again_as_it_was(server, clients, fault):
    server.faults = [fault, fault, fault]
    client = clients()
    sold(client, "one")
    assert client.flush(10)
    assert server.ids() == ["one"]
    assert len(server.bodies) == 4
    assert len(set(server.bodies)) == 1
    stats = client.stats()
    assert (stats.accepted, stats.retries, stats.pending) == (1, 3, 0)
    assert (stats.state, stats.last_error) == ("sending", None)
    assert client.dead_letters() == []


def test_an_accepted_batch_whose_answer_was_lost_is_not_doubled(server, clients):
    server.faults = [LOST]
    client = clients()
    sold(client, "one", "two")
    assert client.flush(10)
    assert sorted(server.ids()) == ["one", "two"]
    assert client.stats().duplicates >= 1


def test_a_slow_server_is_not_waited_for_and_asked_again(server, clients):
    server.faults = [SILENT]
    client = clients(timeout_seconds=0.1)
    sold(client, "one")
    assert client.flush(10)
    assert server.ids() == ["one"]
    assert client.stats().retries == 1


@pytest.mark.parametrize("form", ["seconds", "day"])
def test_no_request_comes_before_retry_after(server, clients, form):
    said = {"Retry_After": "1"}
    if form == "day":  # read by the clock of the server, whose day is another one
        there = datetime(2001, 1, 1, tzinfo=UTC)
        said = {
            "Date": format_datetime(there, usegmt=True),
            "Retry_After": format_datetime(there + timedelta(seconds=1), usegmt=True),
        }
    server.faults = [problem(429, "too-many-requests", **said)]
    client = clients()
    begun = monotonic()
    sold(client, "one")
    assert client.flush(10)
    assert 1.0 <= monotonic() - begun < 5.0


def test_a_flush_does_not_cut_short_what_the_server_asked_for(server, clients):
    server.faults = [problem(503, "told", Retry_After="1"), problem(500, "told")]
    client = clients()
    begun = monotonic()
    sold(client, "one")
    assert waits_until(lambda: client.stats().retries == 1)
    assert client.flush(10)
    assert monotonic() - begun >= 1.0
    assert len(server.bodies) == 3


def test_a_flush_cuts_short_a_pause_that_nobody_asked_for(server, clients, monkeypatch):
    monkeypatch.setattr("wellspring_client.sender.full_jitter", lambda *_, **__: 60.0)
    server.faults = [problem(500, "told")]
    client = clients()
    sold(client, "one")
    assert waits_until(lambda: client.stats().retries == 1)
    assert client.flush(10)
    assert server.ids() == ["one"]


@pytest.mark.parametrize(("status", "code"), [(401, "key-refused"), (403, "role-refused")])
def test_a_refused_key_stops_sending_and_loses_nothing(server, clients, caplog, status, code):
    server.faults = [problem(status, code)]
    client = clients()
    with caplog.at_level(logging.ERROR, "wellspring_client"):
        sold(client, "one")
        assert not client.flush(10)
    sold(client, "two")
    assert not client.flush(10)
    stats = client.stats()
    assert (stats.pending, stats.state) == (2, f"stopped: {status}: {code}: as told")
    assert len(server.bodies) == 1
    assert "ws_live_key" not in caplog.text
    client.resume("ws_live_next")
    assert client.flush(10)
    assert server.ids() == ["one", "two"]
    assert server.keys == ["ws_live_key", "ws_live_next"]


def test_the_next_start_sends_what_a_refused_key_left(server, clients):
    server.faults = [problem(401, "key-refused")]
    first = clients()
    sold(first, "one")
    assert not first.flush(10)
    first.close(5)
    clients(api_key="ws_live_next")
    assert waits_until(lambda: server.ids() == ["one"])


def test_a_batch_that_is_too_large_is_halved(server, clients):
    server.most_sales = 3
    client = clients(interval_seconds=60)
    sold(client, *[f"sale-{n:02}" for n in range(10)])
    assert client.flush(10)
    assert server.ids() == [f"sale-{n:02}" for n in range(10)]
    assert [len(ids_of(body)) for body in server.bodies][:4] == [10, 5, 2, 3]
    assert client.dead_letters() == []


def test_a_sale_that_is_too_large_by_itself_is_set_aside(server, clients):
    server.most_sales = 0
    client = clients()
    sold(client, "one")
    assert client.flush(10)
    (letter,) = client.dead_letters()
    assert (letter.reason, letter.sale["id"]) == ("413: too-many-sales: as told", "one")
    assert client.stats().refused == 1


def test_one_sale_that_spoils_a_request_is_found_and_set_aside(server, clients):
    known = server.answer

    def answer(raw, authorization):
        if "bad" in ids_of(raw):
            told = problem(400, "bad-json")
            return told.status, told.headers, told.content
        return known(raw, authorization)

    server.answer = answer
    client = clients(interval_seconds=60)
    sold(client, "one", "two", "bad", "three", "four")
    assert client.flush(10)
    assert server.ids() == ["one", "two", "three", "four"]
    assert [letter.sale["id"] for letter in client.dead_letters()] == ["bad"]


def test_a_page_that_is_not_there_is_asked_again_later_and_nothing_is_set_aside(
    server, clients, monkeypatch
):
    monkeypatch.setattr("wellspring_client.answers._ODD_WAIT_SECONDS", 0.05)
    server.faults = [Told(404), Told(301, {"Location": "http://127.0.0.1:9/"}), Told(405)]
    client = clients()
    sold(client, "one")
    assert client.flush(10)
    assert (server.ids(), client.dead_letters()) == (["one"], [])


def test_without_a_server_sales_wait(tmp_path):
    client = Client("ws_live_key", "http://127.0.0.1:9", spool=tmp_path, interval_seconds=0.01)
    sold(client, "one")
    assert not client.flush(0.2)
    assert client.stats().pending == 1
    assert client.stats().retries >= 1
    client.close(0)
    assert len(list(tmp_path.glob("*.seg"))) == 1


def test_a_request_goes_when_a_batch_is_full_and_not_before(server, clients):
    client = clients(batch_size=3, interval_seconds=60)
    sold(client, "one", "two")
    assert server.bodies == []
    sold(client, "three")
    assert waits_until(lambda: len(server.bodies) == 1)
    assert ids_of(server.bodies[0]) == ["one", "two", "three"]


def test_a_fault_of_the_client_itself_does_not_end_the_thread(server, clients, monkeypatch):
    monkeypatch.setattr("wellspring_client.courier._AFTER_FAULT_SECONDS", 0.01)
    client = clients()
    known, turns = client._desk._sender._ask, iter([True])

    def ask(batch):
        if next(turns, False):
            raise ZeroDivisionError
        return known(batch)

    monkeypatch.setattr(client._desk._sender, "_ask", ask)
    sold(client, "one")
    assert client.flush(10)
    assert server.ids() == ["one"]


def test_a_pause_lies_between_nothing_and_a_bound_that_doubles(monkeypatch):
    monkeypatch.undo()
    for failures, bound in ((1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (1_000, 60.0)):
        drawn = [backoff.full_jitter(failures) for _ in range(400)]
        assert 0 <= min(drawn) < bound / 4
        assert bound * 3 / 4 < max(drawn) <= bound
    assert 30.0 <= backoff.full_jitter(1, at_least=30.0) <= 31.0
