"""Resources every test may ask for: a real embedded PostgreSQL, one fresh database a test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from service.store.database import Database, migrate
from worker import embedded

PRISTINE = "pristine"
"""A migrated database nobody writes to, for tests that need a copy of their own."""


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> embedded.EmbeddedUrls:
    """Start one embedded server a test process, with a migrated database to copy."""
    home = tmp_path_factory.mktemp("ws")
    urls = embedded.start(home)
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    owner = Database.connect(urls.owner)
    migrate(owner, app_role=embedded.APP_ROLE)
    owner.close()
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {PRISTINE} TEMPLATE {embedded.DATABASE}")
    return urls


# Ten times quicker than a fresh copy of the database, and as good: no row and no number is left.
_EMPTY = """
DO $$
DECLARE kept text[] := ARRAY['alembic_version', 'installation']; each text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> ALL (kept)
    LOOP EXECUTE format('DELETE FROM %I', each); END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$
"""


@pytest.fixture
def urls(postgres: embedded.EmbeddedUrls) -> embedded.EmbeddedUrls:
    """Empty the process's database; connection strings of its roles."""
    superuser = postgres.superuser.replace("/postgres?", f"/{embedded.DATABASE}?", 1)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(_EMPTY)
    return embedded.EmbeddedUrls(postgres.owner, postgres.app, superuser)


@pytest.fixture
def database(urls: embedded.EmbeddedUrls) -> Iterator[Database]:
    """Connect as the application's role to a fresh database."""
    opened = Database.connect(urls.app, pool_size=8)
    yield opened
    opened.close()


@pytest.fixture
def emptied(urls: embedded.EmbeddedUrls, database: Database) -> Callable[[], Database]:
    """Give the database as often as a property wants it, empty each time."""

    def again() -> Database:
        with psycopg.connect(urls.superuser, autocommit=True) as connection:
            connection.execute(_EMPTY)
        return database

    return again


@pytest.fixture
def now() -> datetime:
    """One fixed instant: tests state their time."""
    return datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def repository() -> Path:
    """Folder of the checkout."""
    return Path(__file__).parents[1]
