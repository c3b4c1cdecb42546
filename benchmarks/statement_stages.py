"""Stages of a month of many statements, each in a process of its own, with what each took."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import psycopg
from ledger_scene import MONTH, NOW
from ledger_servers import Server

from service.documents.statement_forms import Form
from service.ledger.threshold import Threshold
from service.store import closing, parties, periods, seals
from service.store.database import Database, unit_of_work
from service.store.receipts import NewReceipt
from worker import close, drain, receipts, rendering
from worker.period_sealing import seal_waiting
from worker.settlement import Memory, settle_batch
from worker.stating import state_all

A_STEP = 4
RECEIVED_NANOS = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock and of CPU, ours and the whole server's; MiB at most in one process."""

    wall_s: float
    client_cpu_s: float
    server_cpu_s: float
    peak_mib: float

    @property
    def cpu_s(self) -> float:
        """CPU on both ends."""
        return self.client_cpu_s + self.server_cpu_s


def settle(database: Database) -> None:
    """Settle all that waits."""
    memory = Memory()
    while settle_batch(database, now=NOW, memory=memory):
        memory = Memory()


def release(database: Database) -> None:
    """Receive a part of what vendors owe, begin to close, release every line, back what is paid."""
    with unit_of_work(database) as session:
        vendors = [parties.vendor_named(session, name) for name in ("Acme", "Borealis")]
    for vendor in vendors:
        paid = NewReceipt(vendor.party_id or 0, RECEIVED_NANOS, "USD", "transfer")
        receipts.add(database, vendor, paid, now=NOW)
    with unit_of_work(database) as session:
        closing.begin(session, MONTH, early=False, now=NOW)
    close.release_and_back(database, MONTH, now=NOW, progress=drain.silent)


def state(database: Database) -> None:
    """Write every statement."""
    state_all(database, MONTH, threshold=Threshold(), now=NOW, progress=drain.silent)


def seal(database: Database) -> None:
    """Seal the batches and end the close."""
    with unit_of_work(database) as session:
        while seals.seal_waiting(session, now=NOW):
            pass
        periods.finish_closing(session, MONTH, now=NOW)
    seal_waiting(database, now=NOW)


def render(database: Database, *, folder: Path, form: Form, workers: int) -> None:
    """Write every statement in a form to a folder, with a manifest."""
    told = drain.silent
    desk = rendering.Desk(0, (form,), "", folder, None)
    desk = rendering.begin(database, MONTH, desk, now=NOW, progress=told)
    stands = rendering.write_all(database, desk, workers=workers, clock=lambda: NOW, progress=told)
    assert not stands.waiting
    assert not stands.refused
    rendering.write_manifest(database, MONTH, desk)


def taken_by(server: Server, name: str, stage: Callable[[Database], None]) -> Took:
    """Run a stage in a process of its own and say what it and the server took."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    before, started = _server_cpu(server), time.perf_counter()
    child = spawning.Process(target=_run, args=(server.url(name, server.app_role), stage, theirs))
    child.start()
    theirs.close()
    try:
        cpu, peak = ours.recv()
    except EOFError:
        child.join()
        message = f"a stage ended with {child.exitcode}"
        raise RuntimeError(message) from None
    child.join()
    wall = time.perf_counter() - started
    return Took(wall, cpu, _server_cpu(server) - before, peak)


def _run(url: str, stage: Callable[[Database], None], told: Connection) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    database = Database.connect(url, pool_size=4)
    own, others = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    began = _cpu(own) + _cpu(others)
    stage(database)
    database.close()
    peak = max(resource.getrusage(each).ru_maxrss for each in (own, others)) / 1024
    told.send((_cpu(own) + _cpu(others) - began, peak))


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _server_cpu(server: Server) -> float:
    """Return the CPU seconds of all processes of the server, those that have ended as well."""
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row
        postmaster = psutil.Process(row[0]).parent()
        assert postmaster
        times = postmaster.cpu_times()
        ended = times.user + times.system + times.children_user + times.children_system
        return ended + sum(_of(one) for one in postmaster.children())


def _of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
