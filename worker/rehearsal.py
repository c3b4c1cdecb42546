"""A close as it would be: everything is computed by the close itself, and nothing is posted."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from service.ledger.comparison import Change, PoolPrice, compared
from service.ledger.contract import NoContract, run_down
from service.ledger.period import Period
from service.ledger.statement import StatementLine
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import (
    closing,
    journal,
    parties,
    periods,
    quarantined,
    statements,
    terms,
    work_batches,
)
from service.store.database import Database, rehearsal, unit_of_work
from service.store.journal import Balance
from service.store.statement_facts import Recipient
from service.store.statements import StatementSummary
from worker import close
from worker.settlement import settle_batch
from worker.statement_digest import MOST_STATEMENTS, digest_of_statements

_TOKENS = 1_000_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling would post: sales, those put aside, and nanos (debit positive) by account."""

    sales: int
    quarantined: int
    balances: Sequence[Balance]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a close would issue.

    ``waiting``: sales of the period that are not settled and so are not in it. ``settled``: what
    settling first would post, by account. ``changes``: why each holder earns more or less than in
    the month before. ``digest``: SHA-256 of the canonical statements; what is issued has the same
    digest if nothing happened in between.
    """

    period: Period
    waiting: int
    settled: Settled
    statements: list[StatementSummary]
    changes: Mapping[Recipient, Change]
    digest: str


def rehearse(
    database: Database,
    period: Period,
    *,
    early: bool,
    settle: bool = False,
    threshold: Threshold,
    now: datetime,
    progress: Progress,
) -> Rehearsed:
    """Close a period in a transaction that is rolled back, on request after settling what waits.

    Meanwhile sales of other periods go on settling; those of this one wait. Raises what a close
    raises: PeriodClosed, PeriodRunning, EarlierPeriodOpen.
    """
    with unit_of_work(database) as session:
        closing.begin(session, period, early=early, now=now)
        session.rollback()  # the rules were looked at, under their lock and no longer
    with rehearsal(database) as stage:
        settled = _settled(stage, now=now) if settle else Settled(0, 0, ())
        with unit_of_work(stage) as session:
            waiting = work_batches.unsettled_count(session, period.number)
            periods.pretend_closing(session, period, now=now)
        close.post(stage, period, threshold=threshold, now=now, progress=progress)
        with unit_of_work(stage) as session:
            issued = statements.listing(session, period=period, limit=MOST_STATEMENTS)
            prices = _pool_prices(session, [_month_before(period), period])
            changes = _changes(session, period, issued, prices)
            digest = digest_of_statements(session, period)
    return Rehearsed(period, waiting, settled, issued, changes, digest)


def _settled(stage: Database, *, now: datetime) -> Settled:
    with unit_of_work(stage) as session:
        before = journal.newest_batch(session)
        aside = quarantined.count(session)
    sales = 0
    while count := settle_batch(stage, now=now):
        sales += count
    with unit_of_work(stage) as session:
        aside = quarantined.count(session) - aside
        return Settled(sales - aside, aside, journal.posted_since(session, before))


def _changes(
    session: Session, period: Period, issued: Sequence[StatementSummary], prices: PoolPrice
) -> dict[Recipient, Change]:
    before = _month_before(period)
    earlier = statements.listing(session, period=before, limit=MOST_STATEMENTS)
    numbers: dict[Recipient, dict[Period, str]] = defaultdict(dict)
    for one in (*earlier, *issued):
        numbers[Recipient(one.holder_id, one.currency)][one.period] = one.number
    changes: dict[Recipient, Change] = {}
    for recipient, of_period in sorted(numbers.items(), key=lambda kv: (kv[0].holder_id,)):
        old = _lines(session, of_period.get(before))
        new = _lines(session, of_period.get(period))
        changes[recipient] = compared(old, new, prices)
    return changes


def _lines(session: Session, number: str | None) -> Sequence[StatementLine]:
    return statements.get(session, number).statement.lines if number else ()


def _pool_prices(session: Session, months: Sequence[Period]) -> PoolPrice:
    """Give what the pool gets of 10^6 tokens by the terms of a month's last day."""
    vendor_ids = parties.vendor_ids(session)
    found: dict[tuple[str, Tier, Period], int] = {}
    for one in terms.of_vendors(session, list(vendor_ids.values())).values():
        for month in months:
            day = (month.end - timedelta(days=1)).date()
            try:
                contract, card = one.contract_on(day), one.rate_card_on(day)
            except NoContract:
                continue
            pool = next((at for at, step in enumerate(contract.steps) if step.pool), None)
            for tier in Tier if pool is not None else ():
                gross = card.nanos_per_token[tier] * _TOKENS
                flow = run_down(gross, _TOKENS, tier, contract.steps)
                found[one.vendor, tier, month] = flow.taken[pool or 0]
    return found


def _month_before(period: Period) -> Period:
    return Period.of(period.start - timedelta(days=1))
