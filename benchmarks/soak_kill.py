"""Report 60,000 sales to workers that are killed, over a database and a broker that fail.

Four worker processes as in production, on a real broker, rung by the doorbell and the tick. Ten
SIGKILLs of one of them, three immediate restarts of the database's server and two emptyings of the
queue strike at moments drawn by a seed; refunds come before and after their sales. The same sales
in peace are what must come out. BROKER=url: another broker; SMALL=1: 4,000 sales.
Ends with a line of JSON.
"""

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import psycopg
from soak_crew import Crew, Postmaster, Queue, answering_broker
from soak_figures import Figures, figure, show, tell
from sqlalchemy.exc import DBAPIError

from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.settings import Settings
from service.store import journal, parked_refunds, parties, sales, work_batches
from service.store.database import driver, unit_of_work
from service.store.refunds import NewRefund
from worker import drain, sample_job
from worker.founding import SAMPLE_VENDORS
from worker.verify import verify
from worker.workplace import Workplace, open_workplace

SMALL = bool(os.environ.get("SMALL"))
SALES = 4_000 if SMALL else 60_000
WORKERS, KILLS, RESTARTS, EMPTIED = (2, 2, 1, 1) if SMALL else (4, 10, 3, 2)
A_REQUEST = SALES // (20 if SMALL else 60)
REQUESTS = SALES // A_REQUEST
REFUNDS = 40 if SMALL else 200
MOST_WAITING = 10 * A_REQUEST
A_BLOW_SECONDS = 0.5
WAIT_SECONDS = 0.05
TIERS = tuple(Tier)
SOLD_FROM = datetime(2026, 1, 1, tzinfo=UTC)
OUTPUTS = Path(sample_job.__file__).with_name("sample") / "outputs.jsonl"

T = TypeVar("T")


@dataclass
class Run:
    """One run: what vendors do, and what strikes."""

    place: Workplace
    queue: Queue
    crew: Crew
    blows: dict[int, list[str]]
    rng: random.Random
    struck: dict[str, int] = field(default_factory=dict)
    at_work: int = 0
    rings_lost: int = 0

    def report(self) -> None:
        """Report all sales and refunds as their vendors would; strike where a blow is due."""
        texts = [json.loads(line)["text"] for line in OUTPUTS.read_text("utf-8").splitlines()]
        paid = [number for number in range(SALES) if TIERS[number % len(TIERS)] is not Tier.FREE]
        refunded = random.Random(5).sample(paid, REFUNDS)  # half of them before their sale
        early = {number: number // A_REQUEST - 1 for number in refunded[::2]}
        told = early | {number: number // A_REQUEST + 2 for number in refunded[1::2]}
        for request in range(-1, REQUESTS + 2):
            if 0 <= request < REQUESTS:
                self._until_less_waits()
                self._again(lambda request=request: self._report(request, texts))
            for number in sorted(n for n, at in told.items() if at == request):
                self._again(lambda number=number: self._refund(number))
            self.queue.ring()
            for blow in self.blows.get(request, ()):
                self._strike(blow)

    def _report(self, request: int, texts: Sequence[str]) -> None:
        first = request * A_REQUEST
        items = [_sale(first + n, texts) for n in range(A_REQUEST)]
        with unit_of_work(self.place.database) as session:
            vendor = parties.vendor_named(session, SAMPLE_VENDORS[request % 2])
            now = self.place.clock()
            sales.report(session, vendor.party_id, vendor.slug, items, now=now, retention_days=400)

    def _refund(self, number: int) -> None:
        """Give back a sale or a thousand nanos of it."""
        with unit_of_work(self.place.database) as session:
            vendor = parties.vendor_named(session, SAMPLE_VENDORS[number // A_REQUEST % 2])
            refund = NewRefund(
                f"r{number}", f"s{number}", 1_000 if number % 2 else None, "asked back"
            )
            parked_refunds.report(session, vendor.party_id, refund, now=self.place.clock())

    def _strike(self, blow: str) -> None:
        """Strike while sales wait, after a while drawn at random."""
        time.sleep(self.rng.uniform(0, A_BLOW_SECONDS))
        self.at_work += self._again(lambda: drain.waits(self.place))
        if blow == "kill":
            self.crew.kill_one(self.rng)
            self.crew.fill()
        elif blow == "restart":
            Postmaster.of(self.place.settings.home).crash()
        else:
            self.queue.ring()
            self.rings_lost += self.queue.empty()
        self.struck[blow] = self.struck.get(blow, 0) + 1

    def _until_less_waits(self) -> None:
        while self._again(self._waiting) > MOST_WAITING:
            time.sleep(WAIT_SECONDS)

    def _waiting(self) -> int:
        with unit_of_work(self.place.database) as session:
            waiting = work_batches.waiting(session)
        return waiting.to_attribute + waiting.to_settle

    def wait(self) -> None:
        """Wait until no row waits for anybody."""
        while self._again(lambda: drain.waits(self.place)):
            self.crew.fill()
            time.sleep(WAIT_SECONDS)

    def _again(self, act: Callable[[], T]) -> T:
        """Do it; do it again where the connection was lost, not knowing whether it was done."""
        while True:
            try:
                return act()
            except (DBAPIError, psycopg.Error):
                time.sleep(WAIT_SECONDS)


def _sale(number: int, texts: Sequence[str]) -> ReportedSale:
    tier, text = TIERS[number % len(TIERS)], texts[number * 7 % len(texts)]
    tokens = 100 + number * 37 % 4_900
    return ReportedSale(
        external_id=f"s{number}",
        sold_at=SOLD_FROM + timedelta(seconds=number * 41 % (28 * 86_400)),
        tier=tier,
        output_tokens=tokens,
        tokens_estimated=False,
        gross_nanos=STANDARD_NANOS_PER_TOKEN[tier] * tokens,
        currency="USD",
        model=None,
        text=text,
        text_hash=sha256(text.encode()).digest(),
        payload_hash=sha256(f"{number} {tokens} {text}".encode()).digest(),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a run; ``effects``: rows of each effect, and how many of them are distinct.

    How many batches are sealed depends on how workers cut them; the rest is the same in every run.
    ``balances``: by the names of accounts, lines named by what they stand for. ``cpu_seconds``: of
    all workers together, starting anew included.
    """

    seconds: float
    cpu_seconds: float
    balances: dict[str, int]
    effects: dict[str, tuple[int, int]]
    broken: list[str]
    run: Run


_EFFECTS = {
    "sales": "SELECT count(*), count(DISTINCT (vendor_id, external_id)) FROM sale",
    "attributed": "SELECT count(*), count(DISTINCT sale_id) FROM sale_attribution",
    "settled": "SELECT count(*), count(DISTINCT source_id) FROM journal_entry WHERE kind = 1",
    "refunds": "SELECT count(*), count(DISTINCT sale_id) FROM refund WHERE applied_at IS NOT NULL",
    "corrected": "SELECT count(*), count(DISTINCT subject_sale_id) FROM journal_entry "
    "WHERE kind = 2",
    "sealed": "SELECT (SELECT count(*) FROM batch), count(DISTINCT batch_id) FROM seal",
}


def outcome(run: Run, seconds: float, cpu_seconds: float) -> Outcome:
    """Read what came out and verify it."""
    with unit_of_work(run.place.database) as session:
        connection = driver(session)
        lines = dict(
            connection.execute(
                "SELECT line_id, format('%%s/%%s/%%s/%%s', work_id, rights_version_id, vendor_id, "
                "tier) FROM line",
                (),
            ).fetchall()
        )
        effects = {
            name: connection.execute(query.encode()).fetchone() for name, query in _EFFECTS.items()
        }
        balances = {}
        for one in journal.balances(session):
            kind, _, rest = one.account.partition(":")
            name = f"line:{lines[int(rest)]}" if kind == "line" else one.account
            if one.nanos:
                balances[name] = one.nanos
    checks = verify(run.place.database, drain.silent)
    broken = [fact for check in checks for fact in check.facts]
    return Outcome(seconds, cpu_seconds, balances, effects, broken, run)


def blows(queue: Queue, rng: random.Random) -> dict[int, list[str]]:
    """Draw after which request each blow falls; none before workers had something to do."""
    emptied = EMPTIED if queue.is_shared else 0
    due: dict[int, list[str]] = {}
    for blow in ["kill"] * KILLS + ["restart"] * RESTARTS + ["empty"] * emptied:
        due.setdefault(rng.randrange(2, REQUESTS), []).append(blow)
    return due


def run_once(queue: Queue, *, quiet: bool) -> Outcome:
    """Report and settle all of it, in peace or not."""
    home, rng = Path(tempfile.mkdtemp(prefix="ws-soak-")), random.Random(9)
    place = open_workplace(Settings(home=home))
    sample_job.register(place)
    drain.drain(place)
    environment = dict(os.environ) | {
        "WELLSPRING_DATABASE_URL": place.database.url,
        "WELLSPRING_HOME": str(home),
        "WELLSPRING_LOG_LEVEL": "WARNING",
    }
    crew = Crew(queue, WORKERS, environment, home / "workers.log")
    run = Run(place, queue, crew, {} if quiet else blows(queue, rng), rng)
    started, before = time.perf_counter(), _of_children()
    try:
        crew.fill()
        run.report()
        run.wait()
        seconds = time.perf_counter() - started
        tell(f"{'quiet' if quiet else 'struck'}: {seconds:.1f} s, {run.struck}")
        crew.end()
        return outcome(run, seconds, _of_children() - before)
    finally:
        crew.end()
        place.database.close()
        Postmaster.of(home).stop()
        shutil.rmtree(home, ignore_errors=True)


def _of_children() -> float:
    """Return the CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run both and compare."""
    queue = Queue(answering_broker())
    queue.open()
    try:
        quiet, hit = run_once(queue, quiet=True), run_once(queue, quiet=False)
    finally:
        queue.remove()
    report(queue, quiet, hit)


def report(queue: Queue, quiet: Outcome, hit: Outcome) -> None:
    """Print the figures."""
    doubled = sum(rows != distinct for rows, distinct in hit.effects.values())
    same = all(
        hit.effects[name] == rows for name, rows in quiet.effects.items() if name != "sealed"
    )
    once = same and not doubled and hit.effects["sales"][0] == SALES
    struck, emptied = hit.run.struck, EMPTIED if queue.is_shared else 0
    figures: Figures = {
        "exactly_once": figure(int(once), "of 1", target=1, better="higher"),
        "equal_balances": figure(
            int(hit.balances == quiet.balances), "of 1", target=1, better="higher"
        ),
        "broken_invariants": figure(len(hit.broken) + len(quiet.broken), "facts", target=0),
        "kills": figure(struck.get("kill", 0), "workers", target=KILLS, better="higher"),
        "restarts": figure(struck.get("restart", 0), "servers", target=RESTARTS, better="higher"),
        "emptied": figure(struck.get("empty", 0), "queues", target=emptied, better="higher"),
        "rings_lost": figure(hit.run.rings_lost, "rings", target=emptied, better="higher"),
        "while_sales_waited": figure(hit.run.at_work, "blows"),
        "times_quiet": figure(hit.seconds / quiet.seconds, "times", target=3.0),
        "cpu_times_quiet": figure(hit.cpu_seconds / quiet.cpu_seconds, "times"),
        "cpu_seconds_quiet": figure(quiet.cpu_seconds, "s"),
        "seconds_quiet": figure(quiet.seconds, "s"),
        "seconds_struck": figure(hit.seconds, "s"),
        "accounts": figure(len(quiet.balances), "accounts"),
    }
    figures |= {name: figure(rows, "rows") for name, (rows, _) in hit.effects.items()}
    broker = queue.url.split(":", 1)[0] if queue.is_shared else "none answered: memory"
    show("soak-kill", figures, broker=broker, broken=(hit.broken + quiet.broken)[:5])


if __name__ == "__main__":
    sys.exit(main())
