"""Resources every test may ask for: a real embedded PostgreSQL, one fresh database a test."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from service.store.database import Database, migrate
from worker import embedded


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
    return urls


_count = 0


@pytest.fixture
def urls(postgres: embedded.EmbeddedUrls) -> Iterator[embedded.EmbeddedUrls]:
    """Make a fresh copy of the migrated database; connection strings of its roles."""
    global _count  # noqa: PLW0603 - names must differ within the process
    _count += 1
    name = f"test_{_count}"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE} OWNER {embedded.OWNER_ROLE}"
        )
    moved = [
        url.replace(f"/{embedded.DATABASE}?", f"/{name}?") for url in (postgres.owner, postgres.app)
    ]
    yield embedded.EmbeddedUrls(*moved, postgres.superuser.replace("/postgres?", f"/{name}?", 1))
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(urls: embedded.EmbeddedUrls) -> Iterator[Database]:
    """Connect as the application's role to a fresh database."""
    opened = Database.connect(urls.app, pool_size=8)
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    """One fixed instant: tests state their time."""
    return datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def repository() -> Path:
    """Folder of the checkout."""
    return Path(__file__).parents[1]
