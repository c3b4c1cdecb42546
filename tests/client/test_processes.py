"""Nothing is lost or doubled, however the vendor's programs and our server end."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
from fault_server import FaultServer
from waits import waits_until

from wellspring_client import Client, backoff

PROGRAM = Path(__file__).with_name("recording_process.py")


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def programs(shop, spool):
    """Start programs of the vendor that share a spool; those that still run are killed after."""
    started = []

    def program(task, *facts, **settings):
        given = {"api_key": shop.key, "base_url": shop.address, "spool": str(spool)} | settings
        command = [sys.executable, str(PROGRAM), task, json.dumps(given), *map(str, facts)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        one = subprocess.Popen(command, **pipes, text=True)
        started.append(one)
        return one

    yield program
    for one in started:
        one.kill()
        one.wait()
        one.stdin.close()
        one.stdout.close()


def ended(program, *, code=0):
    """Wait for a program and return what it recorded."""
    said, _ = program.communicate(timeout=90)
    assert program.returncode == code
    return said.split()


def is_empty(spool):
    return [path.name for path in spool.iterdir()] == []


def delivered(shop, spool):
    """Start another client on the spool and return the ids stored once nothing waits there."""
    with Client(shop.key, shop.address, spool=spool, interval_seconds=0.05):
        assert waits_until(lambda: is_empty(spool))
    return shop.ids()


@pytest.mark.parametrize("fsync", ["interval", "always", "never"])
def test_killed_between_capture_and_flush_nothing_is_lost(programs, shop, spool, fsync):
    program = programs("records_and_dies", "k", 50, interval_seconds=600, fsync=fsync)
    recorded = ended(program, code=-signal.SIGKILL)
    assert len(recorded) == 50
    assert shop.ids() == []
    assert delivered(shop, spool) == recorded


def test_killed_at_any_moment_while_it_sends_nothing_is_lost_or_doubled(programs, shop, spool):
    chance, recorded = random.Random(7), []
    for turn in range(4):
        program = programs("records_until_killed", f"r{turn}-", interval_seconds=0.001)
        recorded += [program.stdout.readline().strip() for _ in range(30)]
        sleep(chance.random() / 20)
        program.kill()
        recorded += program.stdout.read().split()
    stored = delivered(shop, spool)
    assert set(recorded) <= set(stored)
    assert len(stored) == len(set(stored)) <= len(recorded) + 4
    assert shop.tells("SELECT count(*) FROM sale") == [(len(stored),)]


def test_a_sale_torn_by_the_kill_was_not_recorded_and_the_rest_is_sent(programs, shop, spool):
    ended(programs("records_and_dies", "t", 3, interval_seconds=600), code=-signal.SIGKILL)
    (segment,) = spool.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-500])
    assert delivered(shop, spool) == ["t0000", "t0001"]


def test_programs_that_share_a_spool_send_each_sale_once(programs, shop, spool):
    settings = {"interval_seconds": 0.01, "batch_size": 7}
    running = [programs("records_waits_and_ends", f"{name}-", 60, **settings) for name in "ab"]
    recorded = [name for program in running for name in ended(program)]
    assert sorted(recorded) == shop.ids()
    assert len(recorded) == 120
    assert is_empty(spool)


def test_a_program_that_runs_takes_over_from_one_that_was_killed(
    programs, shop, spool, clients, monkeypatch
):
    monkeypatch.setattr("wellspring_client.courier.ADOPT_SECONDS", 0.1)
    client = clients(spool=spool)
    client.record(id="alive", tier="free", output_tokens=1)
    assert client.flush(20)
    recorded = ended(
        programs("records_and_dies", "d", 5, interval_seconds=600), code=-signal.SIGKILL
    )
    assert waits_until(lambda: shop.ids() == ["alive", *recorded])
    assert client.stats().adopted == 1


def test_a_segment_is_left_to_the_program_that_holds_it(programs, shop, spool):
    program = programs("records_until_killed", "h", interval_seconds=600, batch_size=10_000)
    program.stdout.readline()
    with Client(shop.key, shop.address, spool=spool, interval_seconds=0.01) as other:
        other.record(id="other", tier="free", output_tokens=1)
        assert other.flush(20)
        assert other.stats().adopted == 0
    assert shop.ids() == ["other"]


def test_the_end_of_a_program_sends_what_waits(programs, shop, spool):
    recorded = ended(programs("records_and_ends", "e", 20, interval_seconds=600))
    assert shop.ids() == recorded
    assert is_empty(spool)


def test_without_a_server_the_end_of_a_program_is_not_held_up(programs, shop, spool):
    gone = {"base_url": "http://127.0.0.1:9", "exit_seconds": 0.3, "interval_seconds": 0.01}
    recorded = ended(programs("records_and_ends", "g", 5, **gone))
    assert delivered(shop, spool) == recorded


def test_parent_and_children_of_a_fork_each_send_their_own(programs, shop, spool):
    recorded = ended(programs("forks", "f", 20, interval_seconds=0.02, batch_size=5))
    assert len(recorded) == 61
    assert shop.ids() == sorted(recorded)
    assert is_empty(spool)


def test_a_request_imports_nothing_whose_lock_a_fork_could_leave_held(shop):
    """The background thread sends; a child of a fork inherits locks, not the thread."""
    program = (
        "import sys; from wellspring_client.transport import HttpTransport; "
        "before = set(sys.modules); transport = HttpTransport(sys.argv[1], timeout_seconds=30); "
        "assert transport.post(b'[]', api_key=sys.argv[2]).status == 200; "
        "print(sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", program, shop.address, shop.key]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_a_child_does_not_hold_what_its_killed_parent_left(programs, shop, spool):
    program = programs("is_killed_beside_its_child", "c", 3, interval_seconds=600)
    assert program.wait(timeout=60) == -signal.SIGKILL
    assert delivered(shop, spool) == ["c0000", "c0001", "c0002"]


def test_what_workers_of_a_pool_record_is_sent(programs, shop, spool):
    recorded = ended(programs("works_in_a_pool", "w", 40, interval_seconds=0.02))
    assert len(recorded) == 40
    assert delivered(shop, spool) == sorted(recorded)


def test_restarts_of_the_server_and_cut_connections_lose_and_double_nothing(
    shop, spool, monkeypatch
):
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "MOST_SECONDS", 0.1)
    names = [f"n{n:04}" for n in range(2_000)]
    settings = {"spool": spool, "batch_size": 20, "interval_seconds": 0.01}
    with FaultServer(shop.server.port, resets=0.2) as road:
        with Client(shop.key, road.address, **settings) as client:
            for at, name in enumerate(names):
                client.record(id=name, tier="free", text=f"Tide {name}.", output_tokens=3)
                if at in {600, 1_400}:
                    shop.server.kill()
                    shop.server.start()
            assert client.flush(60)
            stats = client.stats()
        assert road.cut > 10
    assert shop.ids() == names
    assert (stats.accepted, stats.dropped, stats.refused, stats.conflicts) == (2_000, 0, 0, 0)
    assert shop.tells("SELECT sum(sale_count) FROM work_batch") == [(2_000,)]
