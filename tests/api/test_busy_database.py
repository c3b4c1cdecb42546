"""A database that is busy or hangs: waiting is bounded, who waits in vain may try again later."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import httpx
import psycopg
import pytest
import uvicorn

from service.api import admission
from service.store.database import Database, driver, unit_of_work


@pytest.fixture
def locked(urls) -> Iterator[psycopg.Connection]:
    """A transaction of somebody else that can take tables for itself, until it rolls back."""
    with psycopg.connect(urls.superuser) as connection:
        yield connection


@pytest.fixture
def served(site, urls):
    """Return a function that serves the site over a pool; yields the server's address."""
    running = []

    def serve(database):
        site.app.state.context = replace(site.app.state.context, database=database)
        config = uvicorn.Config(site.app, log_level="error", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread, database))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for server, thread, database in running:
        server.should_exit = True
        thread.join()
        database.close()


def pool(urls, *, size, wait_seconds, **limits):
    database = Database.connect(urls.app, pool_size=size, **limits)
    database.engine.pool._timeout = wait_seconds
    return database


def report(number):
    return [{"id": f"call-{number}", "tier": "premium", "output_tokens": 1_000}]


def rows(site):
    with unit_of_work(site.database) as session:
        return driver(session).execute("SELECT count(*) FROM sale").fetchone()[0]


async def first(pending, count):
    """Return the answers of the first tasks to end, and the tasks that go on."""
    ended = set()
    while len(ended) < count:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        ended |= done
    return [task.result() for task in ended], pending


def test_reports_beyond_the_pool_are_refused_after_a_while_and_the_others_stored(
    site, urls, served, locked
):
    address = served(pool(urls, size=2, wait_seconds=0.3))
    headers = {"Authorization": f"Bearer {site.key_of('Acme')}"}
    locked.execute("LOCK TABLE sale")

    async def story():
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as acme:
            tasks = [asyncio.create_task(acme.post("/v1/sales", json=report(n))) for n in range(6)]
            refused, pending = await first(tasks, 4)
            health = await acme.get("/healthz")
            locked.rollback()
            stored = await asyncio.gather(*pending)
            again = [await acme.post("/v1/sales", json=report(n)) for n in range(6)]
        return refused, health, stored, again

    refused, health, stored, again = asyncio.run(story())

    assert {(one.status_code, one.json()["code"]) for one in refused} == {
        (503, "database-unavailable")
    }
    assert {one.headers["retry-after"] for one in refused} == {"5"}
    assert health.json() == {"status": "alive"}
    assert [one.status_code for one in stored] == [200, 200]
    outcomes = sorted(one.json()["items"][0]["outcome"] for one in again)
    assert outcomes == ["created"] * 4 + ["duplicate"] * 2
    assert rows(site) == 6


def test_requests_beyond_those_that_may_be_worked_on_are_refused_at_once(
    site, urls, served, locked, monkeypatch
):
    monkeypatch.setattr(admission, "MOST_AT_WORK", 8)
    address = served(pool(urls, size=2, wait_seconds=60))
    headers = {"Authorization": f"Bearer {site.key_of('Acme')}"}
    locked.execute("LOCK TABLE api_key")

    async def story():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=address, headers=headers, timeout=120, limits=limits
        ) as acme:
            tasks = [asyncio.create_task(acme.get("/v1/sales/none")) for _ in range(14)]
            refused, pending = await first(tasks, 6)
            health = await acme.get("/healthz")
            locked.rollback()
            return refused, health, await asyncio.gather(*pending)

    refused, health, served_later = asyncio.run(story())

    assert {(one.status_code, one.json()["code"]) for one in refused} == {(503, "too-busy")}
    assert {one.headers["retry-after"] for one in refused} == {"5"}
    assert health.json() == {"status": "alive"}
    assert [one.status_code for one in served_later] == [404] * 8


def test_a_statement_that_waits_too_long_is_ended_and_nothing_of_it_is_stored(
    site, urls, served, locked
):
    address = served(pool(urls, size=2, wait_seconds=5, statement_seconds=1))
    headers = {"Authorization": f"Bearer {site.key_of('Acme')}"}
    locked.execute("LOCK TABLE sale")

    answer = httpx.post(f"{address}/v1/sales", json=report(1), headers=headers, timeout=60)

    locked.rollback()
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"] == "5"
    assert rows(site) == 0
    again = httpx.post(f"{address}/v1/sales", json=report(1), headers=headers, timeout=60)
    assert again.json()["items"][0]["outcome"] == "created"


def test_who_asks_whether_there_is_room_does_not_wait_for_who_looks(site, urls, locked):
    room = site.app.state.room
    room.check()
    locked.execute("LOCK TABLE work_batch")
    room._looked_at = float("-inf")
    looking = Thread(target=room.check)
    looking.start()
    while not room._lock.locked():
        pass
    room.check()
    assert looking.is_alive()
    locked.rollback()
    looking.join()


def test_who_sends_slowly_is_not_worked_on_and_keeps_nobody_out(site, served, urls, monkeypatch):
    monkeypatch.setattr(admission, "MOST_AT_WORK", 1)
    address = httpx.URL(served(pool(urls, size=2, wait_seconds=5)))
    key = site.key_of("Acme")
    head = (
        f"POST /v1/sales HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n["
    )
    slow = [socket.create_connection((address.host, address.port)) for _ in range(3)]
    for connection in slow:
        connection.sendall(head.encode())

    answer = httpx.get(
        address.join("/v1/sales/none"), headers={"Authorization": f"Bearer {key}"}, timeout=60
    )

    assert answer.status_code == 404
    for connection in slow:
        connection.close()
