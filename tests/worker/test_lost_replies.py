"""The line to the database is bad: a retry doubles nothing, and nobody waits for ever."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bad_line import BadLine
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from service.store import api_keys, parties
from service.store.database import Database, unit_of_work
from worker import drain
from worker.settlement import settle_batch
from worker.web import create_app
from worker.workplace import Workplace

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def line(urls):
    folder = make_url(urls.app).query["host"]
    opened = BadLine(socket.AF_UNIX, str(Path(folder) / ".s.PGSQL.5432"))
    yield opened
    opened.down()


@pytest.fixture
def behind(village, line):
    """The same village behind the bad line."""
    url = make_url(village.database.url).set(host="127.0.0.1", port=line.port, query={})
    database = Database.connect(url.render_as_string(hide_password=False), pool_size=1)
    yield Workplace(village.settings, database, village.room, village.clock)
    database.close()


class Bell:
    def ring(self):
        pass


def vendor(village, place):
    with unit_of_work(village.database) as session:
        acme = parties.vendor_named(session, "Acme")
        key, _ = api_keys.make(session, acme.party_id, "test", now=village.clock())
    client = TestClient(create_app(place, Bell()), raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def test_sales_reported_again_after_a_lost_reply_are_duplicates(village, behind, line):
    client = vendor(village, behind)
    items = [
        {"id": f"call-{n}", "sold_at": "2026-01-20T00:00:00Z", "tier": "elite", "output_tokens": 5}
        for n in range(3)
    ]
    line.cut_reply_to(b"INSERT INTO work_batch", b"COMMIT")
    lost = client.post("/v1/sales", json=items)
    assert (lost.status_code, lost.json()["code"]) == (503, "database-unavailable")
    assert line.swallowed == 1
    assert village.tells("SELECT count(*) FROM sale") == [(3,)]
    again = client.post("/v1/sales", json=items)
    assert [one["outcome"] for one in again.json()["items"]] == ["duplicate"] * 3
    assert village.tells("SELECT count(*), sum(sale_count) FROM work_batch") == [(1, 3)]
    assert village.broken() == []


def test_a_batch_settled_with_a_lost_reply_is_settled_once(village, behind, line):
    for n in range(3):
        village.sells(f"s{n}", text=None, at=JANUARY)
    while drain.attribute(village.place):
        pass
    line.cut_reply_to(b"UPDATE work_batch", b"COMMIT")
    with pytest.raises(DBAPIError):
        settle_batch(behind.database, now=village.clock())
    assert line.swallowed == 1
    assert village.tells("SELECT count(*) FROM journal_entry") == [(3,)]
    assert settle_batch(behind.database, now=village.clock()) == 0
    assert village.tells("SELECT count(*) FROM journal_entry") == [(3,)]
    assert village.broken() == []


def test_where_each_reply_is_two_seconds_late_who_finds_no_connection_is_told_in_time(
    village, behind, line
):
    """One connection, four at once: one is served slowly, the others are told to come again."""
    client = vendor(village, behind)
    assert client.get("/v1/sales/none").status_code == 404
    line.late_seconds = 2.0
    with ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(client.get, "/v1/sales/none") for _ in range(4)]
        health = client.get("/healthz")
        waited_for = [one for one in asked if not one.done()]
        answers = [one.result() for one in asked]

    assert health.json() == {"status": "alive"}
    assert waited_for == asked
    told = [one for one in answers if one.status_code == 503]
    assert sorted(one.status_code for one in answers) == [404, 503, 503, 503]
    assert {(one.json()["code"], one.headers["retry-after"]) for one in told} == {
        ("database-unavailable", "5")
    }
    line.late_seconds = 0.0
    assert client.get("/v1/sales/none").status_code == 404
