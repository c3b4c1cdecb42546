"""An hour of a vendor's traffic at 1,000 sales a second, reported as fast as it is taken.

3,600,000 sales with a text of 1 kB each go to two API processes over loopback in requests of 1,000,
from two connections each. Attribution does not run: what is reported waits. Told are the time, the
most memory of the API processes, and by how much the database grew. SALES=n: another number;
SMALL=1: 40,000. Ends with a line of JSON.
"""

import logging
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import structlog
from ledger_servers import database_for, embedded_server
from soak_figures import figure, show, tell

from service.store import api_keys, parties
from service.store.database import unit_of_work
from worker.founding import found
from worker.workplace import utc_now

SALES = int(os.environ.get("SALES") or (40_000 if os.environ.get("SMALL") else 3_600_000))
BATCH, PROCESSES, CONNECTIONS = 1_000, 2, 2
TEXT_BYTES = 1_000
MINUTES = 10.0
MOST_MIB = 1_024
_START_SECONDS = 60


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def api_process(url: str, owner_url: str, home: Path) -> Iterator[tuple[psutil.Process, str]]:
    """Run an API process without a worker; give it and its address."""
    port = free_port()
    environment = os.environ | {
        "WELLSPRING_HOME": str(home),
        "WELLSPRING_DATABASE_URL": url,
        "WELLSPRING_DATABASE_OWNER_URL": owner_url,
        "WELLSPRING_RATE_LIMIT_PER_MINUTE": "0",
        "WELLSPRING_LOG_LEVEL": "ERROR",
    }
    command = [Path(sys.executable).parent / "wellspring", "up", "--no-worker"]
    process = subprocess.Popen([*command, "--port", str(port)], env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, process)
        yield psutil.Process(process.pid), base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(base: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{base}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the API process did not start")


class Traffic:
    """Hands out batches to whoever sends next, and counts what was taken."""

    def __init__(self, key: str) -> None:
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.took: list[float] = []
        self.accepted = 0
        self._left = SALES // BATCH
        self._lock = threading.Lock()

    def send_all(self, base: str) -> None:
        """Send batches over one connection until none is left."""
        rng = random.Random(secrets.randbits(64))
        words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(4_000)]
        sold_at = utc_now().isoformat()
        with httpx.Client(base_url=base, headers=self.headers, timeout=120) as client:
            while (number := self._next()) is not None:
                body = self._body(number, rng, words, sold_at)
                begun = time.perf_counter()
                answer = client.post("/v1/sales", content=body)
                seconds = time.perf_counter() - begun
                counts = answer.raise_for_status().json()["counts"]
                with self._lock:
                    self.took.append(seconds)
                    self.accepted += counts["created"]

    def _next(self) -> int | None:
        with self._lock:
            self._left -= 1
            return self._left if self._left >= 0 else None

    @staticmethod
    def _body(number: int, rng: random.Random, words: list[str], sold_at: str) -> bytes:
        """Write a batch; texts differ in their beginning and in what they are made of."""
        some = " ".join(rng.choices(words, k=2 * TEXT_BYTES))
        lines = []
        for n in range(BATCH):
            at = rng.randrange(len(some) - TEXT_BYTES)
            lines.append(
                f'{{"id":"s{number}-{n}","tier":"premium","output_tokens":{200 + n},'
                f'"sold_at":"{sold_at}","text":"{number} {n} {some[at : at + TEXT_BYTES - 12]}"}}'
            )
        return f"[{','.join(lines)}]".encode()


def main() -> None:
    """Report an hour's sales and say what it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as stack:
        server = stack.enter_context(embedded_server())
        name = stack.enter_context(database_for(server, "hour"))
        database = stack.enter_context(server.opened(name))
        now = utc_now()
        with unit_of_work(database) as session:
            found(session, now=now)
            vendor_id = parties.vendor_named(session, "Acme").party_id
            key, _ = api_keys.make(session, vendor_id, "soak", now=now)
        urls = server.url(name, server.app_role), server.url(name, server.owner_role)
        processes = []
        for _ in range(PROCESSES):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ws-hour-")))
            processes.append(stack.enter_context(api_process(*urls, home)))
        traffic = Traffic(key)
        before, begun = size_of(server.url(name)), time.perf_counter()
        threads = [
            threading.Thread(target=traffic.send_all, args=(base,), daemon=True)
            for _, base in processes
            for _ in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        most = watched(threads, traffic, [process for process, _ in processes], begun)
        seconds = time.perf_counter() - begun
        grown = size_of(server.url(name)) - before
        assert traffic.accepted == SALES // BATCH * BATCH, "not every sale was taken"
        report(traffic, seconds, most, grown)


def watched(
    threads: list[threading.Thread],
    traffic: Traffic,
    processes: list[psutil.Process],
    begun: float,
) -> int:
    """Wait for the senders, tell how far they are; return the most MiB of one API process."""
    most, told = 0, begun
    while any(thread.is_alive() for thread in threads):
        threads[0].join(timeout=0.5)
        most = max(most, *(process.memory_info().rss >> 20 for process in processes))
        if time.perf_counter() > told + 10:
            told = time.perf_counter()
            rate = traffic.accepted / (told - begun)
            tell(f"{traffic.accepted:,} of {SALES:,} sales, {rate:,.0f} a second, {most} MiB")
    return most


def size_of(url: str) -> int:
    """Return the bytes of a database on disk."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])


def report(traffic: Traffic, seconds: float, most: int, grown: int) -> None:
    """Print the figures."""
    took = sorted(traffic.took)
    whole_hour = traffic.accepted / 1_000 / 3_600
    show(
        "ingest-hour",
        {
            "minutes_for_an_hour_of_1000_a_second": figure(
                seconds / 60 / whole_hour, "min", target=MINUTES
            ),
            "sales": figure(traffic.accepted, "sales"),
            "sales_a_second": figure(traffic.accepted / seconds, "1/s"),
            "request_p50": figure(took[len(took) // 2] * 1e3, "ms"),
            "request_p99": figure(took[int(len(took) * 0.99)] * 1e3, "ms"),
            "most_memory_of_an_api_process": figure(most, "MiB", target=MOST_MIB),
            "disk_a_sale": figure(grown / traffic.accepted, "bytes"),
            "disk": figure(grown / (1 << 30), "GiB"),
        },
    )


if __name__ == "__main__":
    main()
