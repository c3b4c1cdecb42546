"""Settle and close with ten million sales in the store, and weigh what lies on disk.

Ten months of sales, all settled for real. One store stays small beside the other; when the other
is full both settle the same batches in turns. A month is closed at a tenth of the size and at the
whole. SALES=n: another size; MINUTES=n: no further growth after them; SMALL=1: 40,000 sales.
Ends with a line of JSON.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from bulk_sales import Request, draw_matches, holders, register, store, store_attributions
from ledger_scene import NOW, TIERS
from ledger_servers import Cost, Server, database_for, embedded_server
from soak_figures import Figures, figure, show, tell
from sqlalchemy import make_url

from service.ledger.period import Period
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN
from service.store import attributions, parties
from service.store.database import Database, driver, unit_of_work
from worker.founding import found
from worker.settlement import Memory, settle_batch

SALES = int(os.environ.get("SALES") or (40_000 if os.environ.get("SMALL") else 10_000_000))
MINUTES = float(os.environ.get("MINUTES", "inf"))
A_MONTH = SALES // 10
BASE = min(100_000, A_MONTH // 2)
"""Sales of the small store, and those that are settled in turns."""
ROUNDS = 5
A_ROUND = BASE // ROUNDS
A_REQUEST = min(1_000, A_ROUND)
A_CHUNK = 20 * A_REQUEST
A_STEP = 4
"""Batches settled with one memory, about what a worker's step of two seconds settles."""
WORKS, HOLDERS = (200, 100) if A_MONTH < BASE * 10 else (2_000, 1_000)
FIRST_MONTH = 202501
STARTED = time.monotonic()
GIB_A_CLOSE = 1.0
CLOSE_MINUTES = 10.0


@dataclass
class Store:
    """One store that is filled request by request; the same sales each time."""

    database: Database
    work_ids: list[int]
    engine: int
    vendors: list[tuple[int, str]]
    filled: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))

    @classmethod
    def found(cls, database: Database) -> "Store":
        """Register works and holders."""
        rng = np.random.default_rng(7)
        with unit_of_work(database) as session:
            found(session, now=NOW)
            people = holders(session, HOLDERS)

            def split(_n: int) -> dict[int, int]:
                chosen = rng.choice(people, rng.integers(1, 5), replace=False).tolist()
                shares = dict.fromkeys(chosen, 1_000_000 // len(chosen))
                shares[chosen[0]] += 1_000_000 - sum(shares.values())
                return shares

            work_ids = register(session, count=WORKS, split=split)
            engine = attributions.engine_id(session, "given")
            vendors = [parties.vendor_named(session, name) for name in ("Acme", "Borealis")]
            return cls(database, work_ids, engine, [(one.party_id, one.slug) for one in vendors])

    def fill(self, count: int) -> None:
        """Report and attribute so many more sales; they wait for settlement."""
        until = self.filled + count
        while self.filled < until:
            size = min(A_CHUNK, until - self.filled)
            matched = draw_matches(self.rng, self.work_ids, size)
            with unit_of_work(self.database) as session:
                ids = store_attributions(session, self.engine, self.filled, matched)
                store(session, [self._request(at, ids) for at in range(0, size, A_REQUEST)])
            self.filled += size

    def _request(self, at: int, ids: range) -> Request:
        first = self.filled + at
        vendor_id, vendor = self.vendors[first // A_REQUEST % 2]
        tiers = [TIERS[(first + n) % len(TIERS)] for n in range(A_REQUEST)]
        tokens = self.rng.integers(100, 5_001, A_REQUEST).tolist()
        gross = [STANDARD_NANOS_PER_TOKEN[t] * n for t, n in zip(tiers, tokens, strict=True)]
        return Request(
            vendor_id,
            vendor,
            Period(FIRST_MONTH + first // A_MONTH),
            first,
            [tier.number for tier in tiers],
            tokens,
            gross,
            range(first, first + A_REQUEST),
            ids[at : at + A_REQUEST],
        )


def settle(database: Database, count: int) -> None:
    """Settle so many of the sales that wait."""
    done = 0
    while done < count:
        memory = Memory()
        for _ in range(A_STEP):
            done += settle_batch(database, now=NOW, memory=memory)
            if done >= count:
                break
    assert done == count, f"{done} sales were settled instead of {count}"


@dataclass(frozen=True, slots=True)
class Close:
    """What one close took: minutes of wall time, GiB of memory at most, statements issued."""

    minutes: float
    peak_gib: float


def close(server: Server, name: str, month: int) -> Close:
    """Close a month by the command line in a process of its own."""
    home = Path(tempfile.mkdtemp(prefix="ws-soak-"))
    environment = os.environ | {
        "WELLSPRING_DATABASE_URL": server.url(name, server.app_role),
        "WELLSPRING_DATABASE_OWNER_URL": server.url(name, server.owner_role),
        "WELLSPRING_HOME": str(home),
    }
    program = "from worker.cli.application import main; main()"
    text = f"{month // 100}-{month % 100:02}"
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", program, "close", text, "--json"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"the close of {text} ended with {child.returncode}"
    shutil.rmtree(home, ignore_errors=True)
    made = Close((time.perf_counter() - started) / 60, _gib(used))
    tell(f"closed {text} in {made.minutes:.2f} minutes, {made.peak_gib:.2f} GiB at most")
    return made


def _gib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 2**20


@contextmanager
def two_stores(server: Server, name: str) -> Iterator[tuple[Store, Store]]:
    """Make a small store and a copy of it that grows; nothing waits in either."""
    with server.opened(name) as database:
        begun = Store.found(database)
        begun.fill(BASE)
        settle(database, BASE)
    with (
        database_for(server, "small", template=name) as copied,
        server.opened(copied) as few,
        server.opened(name) as many,
    ):
        small = replace(begun, database=few, rng=np.random.default_rng(12))
        yield small, replace(begun, database=many)


def grow(server: Server, name: str, grown: Store, until: int) -> None:
    """Fill and settle until there are so many sales or the time is over."""
    with server.measured(name) as meter:
        while grown.filled < until and time.monotonic() - STARTED < MINUTES * 60:
            count = min(A_MONTH // 2, until - grown.filled)
            filled = meter.cost(partial(grown.fill, count)).over(count)
            settled = meter.cost(partial(settle, grown.database, count)).over(count)
            tell(
                f"{grown.filled:,} sales: filled at {filled.cpu:.0f} us CPU a sale, "
                f"settled at {settled.cpu:.1f} us CPU, {settled.wall:.1f} us wall"
            )


def in_turns(server: Server, *stores: Store) -> tuple[list[Cost], ...]:
    """Settle batches of one size in each store, round after round."""
    costs: tuple[list[Cost], ...] = tuple([] for _ in stores)
    for _ in range(ROUNDS):
        for one, seen in zip(stores, costs, strict=True):
            one.fill(A_ROUND)
            with server.measured(database_of(one)) as meter:
                seen.append(meter.cost(partial(settle, one.database, A_ROUND)).over(A_ROUND))
    return costs


def database_of(one: Store) -> str:
    """Return the name of a store's database."""
    name = make_url(one.database.url).database
    assert name
    return name


def weigh(database: Database) -> dict[str, dict[str, float]]:
    """Return bytes a sale of each table that takes a byte or more: rows, indexes."""
    with unit_of_work(database) as session:
        count = driver(session).execute("SELECT count(*) FROM sale").fetchone()
        rows = driver(session).execute(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "ORDER BY pg_total_relation_size(oid) DESC"
        )
        assert count
        return {
            name: {"rows": round(table / count[0], 1), "indexes": round(indexes / count[0], 1)}
            for name, table, indexes in rows
            if table + indexes >= count[0]
        }


def settled_once(database: Database) -> tuple[int, int]:
    """Return how many sales there are and how many have their one entry."""
    with unit_of_work(database) as session:
        row = (
            driver(session)
            .execute(
                "SELECT (SELECT count(*) FROM sale), "
                "(SELECT count(*) FROM sale s JOIN journal_entry e "
                "ON e.kind = 1 AND e.source_id = s.sale_id)"
            )
            .fetchone()
        )
    assert row
    return row


def main() -> None:
    """Fill, settle, close, weigh."""
    with embedded_server() as server, database_for(server, "size") as name:
        with two_stores(server, name) as (small, grown):
            grow(server, name, grown, A_MONTH)
            early = close(server, name, FIRST_MONTH)
            grow(server, name, grown, SALES)
            few, many = in_turns(server, small, grown)
            late = close(server, name, FIRST_MONTH + 1)
            sizes = weigh(grown.database)
            count, once = settled_once(grown.database)
        report(few, many, {"first": early, "whole": late}, sizes, (count, once))


def report(
    few: list[Cost],
    many: list[Cost],
    closes: dict[str, Close],
    sizes: dict[str, dict[str, float]],
    counts: tuple[int, int],
) -> None:
    """Print the figures."""
    ratio = statistics.median(b.cpu / a.cpu for a, b in zip(few, many, strict=True))
    figures: Figures = {
        "sales": figure(counts[0], "sales"),
        "settled_once": figure(counts[1] / counts[0], "of 1", target=1.0, better="higher"),
        "settle_cpu_whole_to_small": figure(ratio, "times", target=1.2),
        "wall_whole_to_small": figure(
            statistics.median(b.wall / a.wall for a, b in zip(few, many, strict=True)),
            "times",
            target=1.2,
        ),
    }
    for side, costs in (("small", few), ("whole", many)):
        for name in ("cpu", "client", "server", "wall"):
            middle = statistics.median(getattr(cost, name) for cost in costs)
            figures[f"settle_{name}_{side}"] = figure(middle, "us a sale")
    for at, one in closes.items():
        figures[f"close_minutes_{at}"] = figure(one.minutes, "minutes", target=CLOSE_MINUTES)
        figures[f"close_peak_{at}"] = figure(one.peak_gib, "GiB", target=GIB_A_CLOSE)
    total = sum(sum(parts.values()) for parts in sizes.values())
    figures["bytes_a_sale"] = figure(total, "bytes")
    notes = {"small_store": BASE, "a_month": A_MONTH, "works": WORKS, "holders": HOLDERS}
    show("soak-size", figures, bytes_a_sale=sizes, **notes)


if __name__ == "__main__":
    main()
