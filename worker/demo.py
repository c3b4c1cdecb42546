"""The demo: the main job on the sample catalogue, through the real worker, and what it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from time import sleep

from service.ledger.accounts import vendor_receivable
from service.ledger.money import minor_unit_nanos
from service.store import (
    closing,
    examinations,
    figures,
    journal,
    parties,
    periods,
    statements,
    work_batches,
)
from service.store.database import unit_of_work
from service.store.figures import EarningWork, TierFlow, UnmatchedPool
from service.store.receipts import NewReceipt
from service.store.statements import IssuedStatement, StatementSummary
from worker import receipts, sample_job
from worker.celery_app import CeleryDoorbell, EmbeddedWorker
from worker.founding import CURRENCY, SAMPLE_VENDORS
from worker.sample_job import MONTH
from worker.verify import Check, verify
from worker.workplace import Workplace

LOOK_SECONDS = 0.1
PAYS_OF_OWED = {"Acme": (1, 1), "Borealis": (1, 2)}
"""Acme pays all it owes, Borealis half: so that one can see what is held and why."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """What the demo prints."""

    flows: list[TierFlow]
    best: list[EarningWork]
    statement: IssuedStatement
    statements: list[StatementSummary]
    unmatched: list[UnmatchedPool]
    checks: list[Check]
    works_registered: int
    sales_reported: int


def run(place: Workplace, progress: Progress) -> DemoFigures:
    """Register, report, work, pay, close, state, verify; what was done before stays as it is."""
    works = sample_job.register(place)
    sales = sample_job.report(place)
    worker = EmbeddedWorker(place)
    worker.start()
    try:
        CeleryDoorbell().ring()
        _wait(place, progress)
        with unit_of_work(place.database) as session:
            state = periods.state(session, MONTH)
        if state == periods.OPEN:
            _pay(place)
            with unit_of_work(place.database) as session:
                closing.begin(session, MONTH, early=False, now=place.clock())
        _wait_closed(place, progress)
    finally:
        worker.stop()
    return _figures(place, progress, works=works, sales=sales)


def _wait(place: Workplace, progress: Progress) -> None:
    """Show what the worker does until no row waits for it."""
    total_works = total_sales = 0
    while True:
        with unit_of_work(place.database) as session:
            works = examinations.unready_count(session)
            waiting = work_batches.waiting(session)
        left = waiting.to_attribute + waiting.to_settle
        total_works, total_sales = max(total_works, works), max(total_sales, left)
        if total_works:
            progress("embedding and examining works", total_works - works, total_works)
        if total_sales:
            progress("attributing and settling sales", total_sales - left, total_sales)
        if not works and not left:
            return
        sleep(LOOK_SECONDS)


def _pay(place: Workplace) -> None:
    for name in SAMPLE_VENDORS:
        with unit_of_work(place.database) as session:
            vendor = parties.vendor_named(session, name)
            assert vendor.party_id is not None
            assert vendor.slug is not None
            account = vendor_receivable(vendor.slug)
            owed = journal.balances_named(session, [account], CURRENCY)[account]
        part, of = PAYS_OF_OWED[name]
        cents = owed * part // of // minor_unit_nanos(CURRENCY) + 1
        amount = cents * minor_unit_nanos(CURRENCY)
        receipt = NewReceipt(vendor.party_id, amount, CURRENCY, f"sample payment for {MONTH}")
        receipts.add(place.database, vendor, receipt, now=place.clock())


def _wait_closed(place: Workplace, progress: Progress) -> None:
    progress(f"closing {MONTH}", 0, 1)
    while True:
        with unit_of_work(place.database) as session:
            if periods.state(session, MONTH) == periods.CLOSED:
                progress(f"closing {MONTH}", 1, 1)
                return
        sleep(LOOK_SECONDS)


def _figures(place: Workplace, progress: Progress, *, works: int, sales: int) -> DemoFigures:
    checks = verify(place.database, progress)
    with unit_of_work(place.database) as session:
        issued = statements.listing(session, period=MONTH)
        best = max(issued, key=lambda one: one.earned_nanos)
        return DemoFigures(
            figures.tier_flows(session, MONTH),
            figures.best_earning(session, MONTH, limit=5),
            statements.get(session, best.number),
            issued,
            figures.unmatched(session, MONTH),
            checks,
            works,
            sales,
        )
