"""A client of the SDK and a server of ours, each in a process of its own where a test kills it."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from service.store import api_keys, parties
from service.store.database import Database, unit_of_work
from wellspring_client import Client
from worker.embedded import DATABASE, OWNER_ROLE
from worker.founding import found

sys.path.append(str(Path(__file__).parent))

from sale_server import SaleServer


@dataclass
class Shop:
    """A running server, a key of the vendor Acme, and what the server stored."""

    server: SaleServer
    key: str
    database: str

    @property
    def address(self):
        return self.server.address

    def tells(self, query):
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def ids(self):
        """Return the ids of all stored sales, in their order as text."""
        return [name for (name,) in self.tells("SELECT external_id FROM sale ORDER BY 1")]


@pytest.fixture(scope="module")
def served(postgres):
    """One server for the tests of a module, over a database of their own."""
    name = "client"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE pristine OWNER {OWNER_ROLE}")
    url = postgres.app.replace(f"/{DATABASE}?", f"/{name}?")
    database = Database.connect(url)
    now = datetime.now(UTC)
    with unit_of_work(database) as session:
        found(session, now=now)
        acme = parties.vendor_named(session, "Acme").party_id
        key, _ = api_keys.make(session, acme, "sdk", now=now)
    database.close()
    server = SaleServer(url)
    server.start()
    yield Shop(server, key, postgres.superuser.replace("/postgres?", f"/{name}?", 1))
    server.kill()
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def shop(served):
    """The server with nothing sold yet."""
    with psycopg.connect(served.database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("work_batch", "output_text", "sale"):
            connection.execute(f"DELETE FROM {table}")
    return served


@pytest.fixture
def clients(shop, tmp_path):
    """Make clients of the shop with the spool of the test; they end with it."""
    made = []

    def client(**settings):
        given = {"spool": tmp_path / "spool", "interval_seconds": 0.05} | settings
        made.append(Client(given.pop("api_key", shop.key), shop.address, **given))
        return made[-1]

    yield client
    for one in made:
        one.close(0)
