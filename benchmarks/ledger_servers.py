"""Servers and databases a ledger benchmark runs on, and the CPU each side costs on both ends."""

import gc
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from service.store.database import Database, migrate
from worker import embedded


class NotMeasurable(Exception):
    """The server's processes are not on this machine, so their CPU cannot be read."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took: microseconds of CPU in this process and in the server's, wall."""

    client: float
    server: float
    wall: float

    @property
    def cpu(self) -> float:
        """CPU on both ends."""
        return self.client + self.server

    def over(self, count: int) -> "Cost":
        """Divide by the number of sales."""
        return Cost(self.client / count, self.server / count, self.wall / count)


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server with two roles as in production; ``superuser`` makes the databases."""

    name: str
    superuser: str
    owner_role: str
    app_role: str
    password: str | None

    def url(self, database: str, role: str | None = None) -> str:
        """Return the connection string of a database, as a role or as the superuser."""
        parsed = make_url(self.superuser).set(database=database)
        if role:
            parsed = parsed.set(username=role, password=self.password)
        return parsed.render_as_string(hide_password=False)

    def execute(self, statement: sql.Composable) -> None:
        """Run a statement outside every transaction."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(statement)

    def make(self, name: str, template: str | None = None) -> None:
        """Make a database: a copy of another, or a migrated one.

        Nothing runs in parallel: the CPU of workers that come and go could not be read.
        """
        words = [sql.Identifier(name), sql.Identifier(self.owner_role)]
        if template:
            copied = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
            self.execute(copied.format(*words, sql.Identifier(template)))
        else:
            self.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(*words))
        alone = "ALTER DATABASE {} SET max_parallel_workers_per_gather = 0"
        self.execute(sql.SQL(alone).format(words[0]))
        if template:
            return
        owner = Database.connect(self.url(name, self.owner_role))
        migrate(owner, app_role=self.app_role)
        owner.close()

    def drop(self, name: str) -> None:
        """Drop a database."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    @contextmanager
    def opened(self, name: str) -> Iterator[Database]:
        """Connect to a database as the application's role."""
        database = Database.connect(self.url(name, self.app_role), pool_size=2)
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def measured(self, name: str) -> Iterator["Meter"]:
        """Lend a meter of one database's connections."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            yield Meter(connection, name)


class Meter:
    """Reads the CPU of this process and of the server's processes that serve one database.

    Processes of the whole server (checkpointer, writer of the log) serve every side and count for
    none. A connection opened and closed within what is measured would escape; there is none.
    """

    def __init__(self, connection: psycopg.Connection, database: str) -> None:
        self.connection, self.database = connection, database

    def cost(self, work: Callable[[], object]) -> Cost:
        """Do the work once and say what it took; what others left behind is looked through before.

        Else a side pays for the collector to walk all that the sides before it still hold.
        """
        gc.collect()
        gc.freeze()
        server, wall, client = self._server(), time.perf_counter(), time.process_time()
        work()
        client, wall = time.process_time() - client, time.perf_counter() - wall
        after = self._server()
        gc.unfreeze()
        assert server.keys() <= after.keys(), "a connection ended within what was measured"
        spent = sum(seconds - server.get(pid, 0.0) for pid, seconds in after.items())
        return Cost(client * 1e6, spent * 1e6, wall * 1e6)

    def _server(self) -> dict[int, float]:
        found = self.connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s "
            "AND backend_type = 'client backend'",
            (self.database,),
        )
        return {pid: _on_cpu(pid) for (pid,) in found}


def _on_cpu(pid: int) -> float:
    """Return the seconds a process has run, to the nanosecond."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError as error:
        raise NotMeasurable(f"server process {pid} is not to be seen here: {error}") from error


@contextmanager
def embedded_server() -> Iterator[Server]:
    """Start an embedded server of its own, fsync on."""
    home = Path(tempfile.mkdtemp(prefix="ws-bench-"))
    urls = embedded.start(home)
    try:
        yield Server("embedded", urls.superuser, embedded.OWNER_ROLE, embedded.APP_ROLE, None)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def given_server(url: str) -> Iterator[Server]:
    """Use a server by the connection string of a superuser; roles of ours come and go."""
    mark, password = secrets.token_hex(4), secrets.token_hex(16)
    roles = [f"ws_bench_owner_{mark}", f"ws_bench_app_{mark}"]
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    server = Server("server", plain, *roles, password)
    for role in roles:
        made = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER PASSWORD {}")
        server.execute(made.format(sql.Identifier(role), sql.Literal(password)))
    try:
        yield server
    finally:
        for role in roles:
            server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@contextmanager
def database_for(server: Server, purpose: str, template: str | None = None) -> Iterator[str]:
    """Make a database, drop it afterwards; return its name."""
    name = f"ws_bench_{purpose}_{secrets.token_hex(4)}"
    try:
        server.make(name, template)
        yield name
    finally:
        server.drop(name)
