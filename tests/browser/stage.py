"""The whole product in this process: a server on a loopback port, and a worker that answers rings.

One server a test process; what it serves, over which database, a test says by ``open``.
"""

import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Thread
from urllib.request import urlopen

import psycopg
import uvicorn
from town import Clock, Town
from word_room import WordRoom

from service.settings import Settings
from service.store.database import Database
from worker import drain
from worker.embedded import DATABASE, OWNER_ROLE
from worker.web import create_app
from worker.workplace import Workplace


class PromptWorker:
    """A worker that has done all that waits before the ring returns: nobody waits for it."""

    def __init__(self, place):
        self._place, self._alone = place, Lock()

    def ring(self):
        with self._alone:
            drain.drain(self._place)


@dataclass(frozen=True)
class Databases:
    """Databases of the process's server, each a copy of another."""

    superuser: str
    app: str

    def copy(self, name, *, of):
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {of} OWNER {OWNER_ROLE}")
        return Database.connect(self.app.replace(f"/{DATABASE}?", f"/{name}?"), pool_size=8)

    def drop(self, name):
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class Stage:
    """A server on a loopback port that serves whatever is opened."""

    def __init__(self, home: Path):
        self.home, self.town, self._app = home, None, None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve, interface="asgi3", log_config=None, access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), daemon=True)

    async def _serve(self, scope, receive, send):
        await self._app(scope, receive, send)

    def start(self):
        self._app = _nothing_yet
        self._thread.start()
        with urlopen(self.address, timeout=60) as answer:  # the socket listens since it was made
            assert answer.status == 200

    def stop(self):
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()

    @contextmanager
    def open(self, town):
        """Serve a town; what was served before is served again afterwards."""
        before = self.town, self._app
        self.town, self._app = town, create_app(town.place, PromptWorker(town.place))
        try:
            yield town
        finally:
            self.town, self._app = before


def town_over(database, home, *, now, **settings):
    """Return a town over a founded database."""
    clock = Clock(now)
    room = WordRoom(database)
    chosen = Settings(home=home, rate_limit_per_minute=0, **settings)
    return Town(Workplace(chosen, database, room, clock), clock)


def with_settings(town, **settings):
    """Return the same town under other settings."""
    chosen = town.settings.model_copy(update=settings)
    return Town(replace(town.place, settings=chosen), town.clock)


async def _nothing_yet(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
