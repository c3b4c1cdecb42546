"""Resources every test may ask for: a real embedded PostgreSQL, one fresh database a test."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from service.store.database import Database, migrate
from worker import embedded

PRISTINE = "pristine"
"""A migrated database nobody writes to, for tests that need a copy of their own."""


@dataclass
class TinyDisk:
    """A disk of its own that some tables are moved to, full before long and grown on demand."""

    superuser: str
    folder: Path
    moved: list[str] = field(default_factory=list)

    def open(self) -> None:
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            query = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
            owner = Path(connection.execute(query).fetchone()[0]).stat()
            os.chown(self.folder, owner.st_uid, owner.st_gid)
            for parent in self.folder.parents[:3]:
                parent.chmod(parent.stat().st_mode | 0o011)
            connection.execute(f"CREATE TABLESPACE tiny LOCATION '{self.folder}'")

    def move(self, table: str, *, to: str = "tiny") -> None:
        """Let a table and its indexes grow on this disk."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(f"ALTER TABLE {table} SET TABLESPACE {to}")
        self.moved.append(table)

    def grow(self) -> None:
        options = ["mount", "-o", "remount,size=64m", str(self.folder)]
        subprocess.run(options, check=True)

    def close(self) -> None:
        for table in self.moved.copy():
            self.move(table, to="pg_default")
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            connection.execute("DROP TABLESPACE IF EXISTS tiny")


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
def tiny_disk(urls: embedded.EmbeddedUrls, tmp_path: Path) -> Iterator[TinyDisk]:
    """Mount a disk of 4 MiB for tables of the embedded server; skipped where nobody may mount."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    disk = TinyDisk(urls.superuser, folder)
    try:
        disk.open()
        yield disk
    finally:
        disk.close()
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def now() -> datetime:
    """One fixed instant: tests state their time."""
    return datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def repository() -> Path:
    """Folder of the checkout."""
    return Path(__file__).parents[1]
