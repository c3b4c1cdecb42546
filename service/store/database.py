"""Connections, the one commit and the migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store import asking

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATE_LOCK = 7_100_001
_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=60000 -c jit=off"
"""A process that hangs inside a transaction loses it after a minute, and its locks with it.

Compiling a statement takes longer than running any of ours: measured 40 of 57 ms of a settlement's.
"""


_KEEPALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Of TCP: a server that is gone without a word is noticed within a minute."""


class SchemaMissing(LedgerError):
    """The database answers, but its migrations have not been applied."""

    def __init__(self) -> None:
        super().__init__("the database has no schema yet: its migrations wait")


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections as one role."""

    url: str
    engine: Engine | Connection

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10, statement_seconds: int = 0) -> "Database":
        """Open a pool; nothing is sent before first use. Waits at most 5 s for a connection.

        statement_seconds: how long one statement may take, waiting for locks included; 0: ever.
        """
        engine = create_engine(
            _with_driver(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "options": f"{_OPTIONS} -c statement_timeout={statement_seconds}s",
                **_KEEPALIVE,
            },
        )
        return cls(url, engine)

    def close(self) -> None:
        """Give all connections back."""
        assert isinstance(self.engine, Engine), "a rehearsal is closed by who opened it"
        self.engine.dispose()


def _with_driver(url: str) -> str:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


@contextmanager
def unit_of_work(database: Database) -> Iterator[Session]:
    """One transaction: committed as the block ends, rolled back when it raises. The one commit."""
    with Session(
        database.engine, expire_on_commit=False, join_transaction_mode="create_savepoint"
    ) as session:
        yield session
        asking.keep_act(session)
        session.commit()


@contextmanager
def rehearsal(database: Database) -> Iterator[Database]:
    """Lend a database that is the same until now and forgets what is committed to it.

    Everything happens in one transaction that is rolled back: units of work become savepoints.
    Locks last as long; only one thread may use it.
    """
    assert isinstance(database.engine, Engine), "a rehearsal within a rehearsal"
    with database.engine.connect() as connection, connection.begin() as whole:
        yield Database(database.url, connection)
        whole.rollback()


@contextmanager
def autocommit(database: Database) -> Iterator[psycopg.Connection]:
    """Lend a connection of its own that is in no transaction: for locks held while computing."""
    url = make_url(_with_driver(database.url)).set(drivername="postgresql")
    connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
    with connection:
        yield connection


@contextmanager
def only_one(database: Database, lock: int) -> Iterator[bool]:
    """Say whether the caller is the only one, among all processes, to hold a lock for long work.

    The lock belongs to a connection in no transaction and ends with it, however the process ends.
    """
    with autocommit(database) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
        yield bool(row and row[0])


def driver(session: Session) -> psycopg.Connection:
    """Return the psycopg connection of a session's transaction, for COPY and arrays."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def one_snapshot(session: Session) -> None:
    """Let all that a transaction reads be of one moment; the first thing asked in it."""
    driver(session).execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def newest_revision() -> str:
    """Return the newest version of the schema that this program knows."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    found = ScriptDirectory.from_config(config).get_current_head()
    assert found
    return found


def migrate(owner: Database, *, app_role: str) -> None:
    """Bring the schema to the newest version as its owner. Safe to run by several at once."""
    assert isinstance(owner.engine, Engine), "a rehearsal migrates nothing"
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with owner.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _MIGRATE_LOCK})
        connection.commit()
        try:
            config.attributes |= {"connection": connection, "app_role": app_role}
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _MIGRATE_LOCK})
            connection.commit()


def check_migrated(session: Session) -> None:
    """Raise SchemaMissing where the schema was never made."""
    found = session.execute(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    if not found.scalar_one():
        raise SchemaMissing
    if not session.execute(text("SELECT count(*) FROM alembic_version")).scalar_one():
        raise SchemaMissing


def role_of(database: Database) -> str:
    """Return the role the connections of a pool act as."""
    with unit_of_work(database) as session:
        return str(session.execute(text("SELECT current_user")).scalar_one())


def is_powerful(session: Session) -> bool:
    """Whether the role owns the journal or is a superuser, and so could change what is said."""
    query = text(
        "SELECT rolsuper OR EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'journal_entry' "
        "AND tableowner = current_user) FROM pg_roles WHERE rolname = current_user"
    )
    return bool(session.execute(query).scalar_one())
