"""The embedded server: shared by processes, stopped by its last user, alive after kill -9."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

# A user of the server that says it is in and then waits to be told to go.
USER = """
import sys
from pathlib import Path
from worker import embedded

print(embedded.start(Path(sys.argv[1])).app, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("e")


def enter(home: Path) -> tuple[subprocess.Popen, str]:
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return user, user.stdout.readline().strip()


def leave(user: subprocess.Popen, *, kill: bool = False) -> None:
    if kill:
        user.send_signal(signal.SIGKILL)
    user.communicate("go\n" if not kill else None, timeout=60)


def runs(home: Path) -> bool:
    return (home / "postgres" / "postmaster.pid").exists()


def test_two_processes_share_it_and_the_last_one_stops_it(home):
    first, url = enter(home)
    second, same = enter(home)
    assert url == same
    leave(first)
    with psycopg.connect(same) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SELECT current_user").fetchone() == ("wellspring_app",)
    leave(second)
    assert not runs(home)


def test_a_killed_user_keeps_nothing_alive_and_loses_nothing(home):
    killed, url = enter(home)
    with psycopg.connect(url.replace("wellspring_app@", "wellspring_owner@")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    leave(killed, kill=True)
    assert runs(home)
    after, url = enter(home)
    with psycopg.connect(url.replace("wellspring_app@", "wellspring_owner@")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    leave(after)
    assert not runs(home)
