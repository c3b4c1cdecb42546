"""Settle synthetic sales with given shares, balances included; then close and verify the books.

SMALL=1: 10,000 sales instead of 100,000. Uses an embedded server of its own, fsync on.
"""

import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.settings import Settings
from service.store import attributions, closing, parties, rights, sales, works
from service.store.attributions import Wanted
from service.store.database import driver, unit_of_work
from worker import drain
from worker.settlement import settle_batch
from worker.verify import verify
from worker.workplace import Workplace, open_workplace

SALES = 10_000 if os.environ.get("SMALL") else 100_000
A_REQUEST = 5_000
WORKS, HOLDERS, TEXTS = 500, 200, 2_000
MONTH = Period(202601)
REGISTERED_AT = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TARGET_PER_SECOND = 2_000


def register(place: Workplace, rng: random.Random) -> list[int]:
    """Register works of one to four holders; nothing is embedded, shares are given."""
    numbers = []
    with unit_of_work(place.database) as session:
        holders = [
            parties.add_holder(session, f"Holder {n}", now=NOW).party_id for n in range(HOLDERS)
        ]
        for n in range(WORKS):
            new = works.NewWork(f"Work {n}", f"Text of work {n}.", "en")
            row = works.register(session, new, registered_at=REGISTERED_AT, now=NOW)
            chosen = rng.sample(holders, rng.randint(1, 4))
            shares = dict.fromkeys(chosen, 1_000_000 // len(chosen))
            shares[chosen[0]] += 1_000_000 - sum(shares.values())
            rights.first_version(session, row.work_id, shares, day=REGISTERED_AT.date(), now=NOW)
            driver(session).execute(
                "UPDATE work SET embedded_at = %s WHERE work_id = %s", (NOW, row.work_id)
            )
            numbers.append(row.work_id)
    return numbers


def attribute(place: Workplace, work_ids: list[int], rng: random.Random) -> list[int]:
    """Keep attributions of one to five works each; return their numbers."""
    with unit_of_work(place.database) as session:
        engine = attributions.engine_id(session, "given")
        for n in range(TEXTS):
            chosen = rng.sample(work_ids, rng.randint(1, 5))
            shares = {work: rng.randint(1, 190_000) for work in chosen}
            attributions.insert(
                session,
                Wanted(1, hashlib.sha256(str(n).encode()).digest(), NOW, 0),
                engine=engine,
                share_ppm=shares,
                unmatched_ppm=1_000_000 - sum(shares.values()),
                evidence=[],
                now=NOW,
            )
        found = driver(session).execute("SELECT attribution_id FROM attribution")
        return [row[0] for row in found]


def report(place: Workplace, given: list[int], rng: random.Random) -> None:
    """Report the sales of two vendors over all tiers and link each to a given attribution."""
    for start in range(0, SALES, A_REQUEST):
        items = []
        for n in range(start, start + A_REQUEST):
            tier, tokens = list(Tier)[n % 5], rng.randint(1, 5_000)
            at = MONTH.start + timedelta(seconds=n % (28 * 86_400))
            gross = STANDARD_NANOS_PER_TOKEN[tier] * tokens
            digest = n.to_bytes(32, "big")
            items.append(
                ReportedSale(
                    external_id=f"s{n}",
                    sold_at=at,
                    tier=tier,
                    output_tokens=tokens,
                    tokens_estimated=False,
                    gross_nanos=gross,
                    currency="USD",
                    model=None,
                    text=None,
                    text_hash=None,
                    payload_hash=digest,
                )
            )
        vendor = ("Acme", "Borealis")[start // A_REQUEST % 2]
        with unit_of_work(place.database) as session:
            party = parties.vendor_named(session, vendor)
            outcomes = sales.report(
                session, party.party_id, party.slug, items, now=NOW, retention_days=400
            )
            attributions.link(session, {o.sale_id: rng.choice(given) for o in outcomes})
            driver(session).execute("UPDATE work_batch SET stage = 2 WHERE stage = 1")


def server_cpu(place: Workplace) -> float:
    """Return the CPU seconds all server processes of the embedded home have used."""
    import psutil

    mine = str((place.settings.home / "postgres").resolve())
    total = 0.0
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and mine in " ".join(process.info["cmdline"] or []):
            for one in [process, *process.children(recursive=True)]:
                times = one.cpu_times()
                total += times.user + times.system
    return total


def main() -> None:
    """Run and report."""
    home = Path(tempfile.mkdtemp(prefix="ws-bench-"))
    place = open_workplace(Settings(home=home), clock=lambda: NOW)
    rng = random.Random(11)
    report(place, attribute(place, register(place, rng), rng), rng)
    wall, cpu, server, count = time.perf_counter(), time.process_time(), server_cpu(place), 0
    while done := settle_batch(place.database, now=NOW):
        count += done
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    server = server_cpu(place) - server
    with unit_of_work(place.database) as session:
        closing.begin(session, MONTH, early=False, now=NOW)
    closed = time.perf_counter()
    drain.finish_closing(place, drain.silent)
    closed = time.perf_counter() - closed
    verified = time.perf_counter()
    checks = verify(place.database, drain.silent)
    verified = time.perf_counter() - verified
    broken = sum(not check.holds for check in checks)
    place.close()
    shutil.rmtree(home, ignore_errors=True)
    show(
        {
            "settled_per_second": figure(count / wall, "sales/s", TARGET_PER_SECOND, "higher"),
            "cpu_per_sale": figure((cpu + server) / count * 1e6, "us", None, "lower"),
            "sales": figure(count, "sales", SALES, "higher"),
            "close_seconds": figure(closed, "s", None, "lower"),
            "verify_seconds": figure(verified, "s", None, "lower"),
            "broken_invariants": figure(broken, "invariants", 0, "lower"),
        }
    )


def figure(value: float, unit: str, target: float | None, better: str) -> dict[str, object]:
    """Make one figure of the report; without a target it counts as met."""
    met = target is None or (value >= target if better == "higher" else value <= target)
    return {"value": round(value, 2), "target": target, "better": better, "met": met, "unit": unit}


def show(figures: dict[str, dict[str, object]]) -> None:
    """Print a table for people on stderr and one line of JSON on stdout."""
    table = Table("figure", "value", "unit", "target", title="settlement")
    for name, one in figures.items():
        table.add_row(name, str(one["value"]), str(one["unit"]), str(one["target"] or ""))
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": "settlement", "figures": figures}) + "\n")


if __name__ == "__main__":
    main()
