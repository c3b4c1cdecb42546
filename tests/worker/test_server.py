"""The same books on a PostgreSQL server of one's own, of the oldest version that is supported."""

import os

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RestrictViolation
from sqlalchemy import make_url
from town import town_in
from word_room import WordRoom

from service.ledger.tiers import Tier
from service.store.database import Database, migrate

SERVER = os.environ.get("WELLSPRING_TEST_SERVER", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A superuser's connection string; where none answers the tests here are skipped."""
NAMES = {part: f"wellspring_test_{os.getpid()}_{part}" for part in ("db", "owner", "app")}


@pytest.fixture
def server():
    """A fresh database with roles of its own; connection strings as superuser and as app."""
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL server answers: {error}")
    with connection:
        for role in ("owner", "app"):
            connection.execute(f"CREATE ROLE {NAMES[role]} LOGIN NOSUPERUSER")
        connection.execute(f"CREATE DATABASE {NAMES['db']} OWNER {NAMES['owner']}")
        superuser = make_url(SERVER).set(database=NAMES["db"])
        urls = {
            role: superuser.set(username=NAMES[role]).render_as_string(hide_password=False)
            for role in ("owner", "app")
        }
        owner = Database.connect(urls["owner"])
        migrate(owner, app_role=NAMES["app"])
        owner.close()
        yield superuser.render_as_string(hide_password=False), urls["app"]
        connection.execute(f"DROP DATABASE {NAMES['db']} WITH (FORCE)")
        for role in ("owner", "app"):
            connection.execute(f"DROP ROLE {NAMES[role]}")


def test_the_books_hold_and_refuse_change_on_a_server(server, texts, tmp_path):
    superuser, app = server
    database = Database.connect(app)
    town = town_in(database, tmp_path, WordRoom(database))
    town.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    january = town.clock.now.replace(month=1)
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=january)
    town.works()
    town.refunds("r1", "one", 2_000_000_000)
    town.works()
    town.closes("2026-01")
    assert town.statement("Ada", "2026-01").closing_nanos == 216_000_000
    assert town.broken() == []
    refused = (RestrictViolation, InsufficientPrivilege)
    with psycopg.connect(app, autocommit=True) as connection:
        for change in (
            "UPDATE journal_entry SET period = 202602",
            "DELETE FROM journal_entry",
            "TRUNCATE journal_entry",
            "UPDATE seal SET seal_no = 7",
            "DELETE FROM statement",
        ):
            with pytest.raises(refused):
                connection.execute(change)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        changed = (
            "UPDATE journal_entry SET amounts[1] = amounts[1] + 1, amounts[2] = amounts[2] - 1"
        )
        assert connection.execute(f"{changed} WHERE kind = 1").rowcount == 1
    found = {fact.partition(": ")[0] for fact in town.broken()}
    assert "each batch has the content it was hashed with" in found
    database.close()
