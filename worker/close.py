"""Closing a period: idempotent short steps, each its own commit, resumed wherever they stopped."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from graphlib import TopologicalSorter

from sqlmodel import Session

from service.ledger import accounts
from service.ledger.journal import JournalEntry, Kind, Source, entry
from service.ledger.period import Period
from service.ledger.release import Credit, check_postable, release, release_legs
from service.ledger.threshold import Threshold
from service.store import (
    journal,
    lines,
    parties,
    periods,
    receipts,
    releases,
    rights,
    seals,
    work_batches,
)
from service.store.database import Database, unit_of_work
from service.store.lines import LineKey, StoredLine
from service.store.releases import MonthCredit, NewRelease
from worker import claims, holdbacks, holding, pools, recouping
from worker.period_sealing import seal_waiting
from worker.receipts import back
from worker.stating import state_all
from worker.vendor_stating import state_vendors

LINES_A_STEP = 500

Progress = Callable[[str, int, int], None]
"""Told the step, how much of it is done and how much there is."""


def waits_for(database: Database, period: Period) -> int:
    """Return how many sales a closing period still waits for."""
    with unit_of_work(database) as session:
        return work_batches.closing_count(session, period.number)


def finish(
    database: Database,
    period: Period,
    *,
    threshold: Threshold,
    payment_days: int,
    now: datetime,
    progress: Progress,
) -> None:
    """Release, back, state, snapshot, seal. Only once ``waits_for`` is zero; safe to run again.

    payment_days: within how many vendors pay what is stated to them.
    """
    assert waits_for(database, period) == 0, "the period still waits for sales"
    post(database, period, threshold=threshold, now=now, progress=progress)
    state_vendors(database, period, days=payment_days, now=now)
    with unit_of_work(database) as session:
        while seals.seal_waiting(session, now=now):
            pass
        if periods.closing(session) == period:
            periods.finish_closing(session, period, now=now)
    seal_waiting(database, now=now)


def post(
    database: Database, period: Period, *, threshold: Threshold, now: datetime, progress: Progress
) -> None:
    """Post what a close posts into a period that is closing: releases, backing, statements."""
    release_and_back(database, period, now=now, progress=progress)
    state_all(database, period, threshold=threshold, now=now, progress=progress)


def release_and_back(
    database: Database, period: Period, *, now: datetime, progress: Progress
) -> None:
    """Release every line and back what is released: all of a close that holders' balances feel."""
    pools.follow_up(database, period, now=now)
    _release_all(database, period, now=now, progress=progress)
    recouping.recoup_all(database, period, now=now)
    _back_all(database, period, now=now)
    claims.settle_all(database, now=now, released=period)
    holding.post_all(database, period, now=now)
    holdbacks.keep_all(database, period, now=now)


def _release_all(database: Database, period: Period, *, now: datetime, progress: Progress) -> None:
    with unit_of_work(database) as session:
        from_sales = releases.credits_from_sales(session, period)
        order = list(_downstream_first(session, sorted(from_sales)))
    done = 0
    for level in order:
        for start in range(0, len(level), LINES_A_STEP):
            chunk = level[start : start + LINES_A_STEP]
            with unit_of_work(database) as session:
                _release_lines(session, period, chunk, from_sales, now=now)
            done += len(chunk)
            progress("releasing lines", done, sum(len(each) for each in order))


def _downstream_first(session: Session, line_ids: Sequence[int]) -> Iterator[list[int]]:
    """Yield lines in levels: a derivative's before those of the works it passes royalty to."""
    stored = lines.load(session, line_ids)
    pending = {
        LineKey(
            one.line.rights.work_id,
            one.line.rights.rights_version_id,
            one.vendor_id,
            one.line.tier.number,
            one.line.currency,
        )
        for one in stored.values()
    }
    graph: dict[LineKey, set[LineKey]] = {key: set() for key in pending}
    while pending:
        versions = rights.versions(session, sorted({key.rights_version_id for key in pending}))
        above = rights.versions(
            session, sorted({u for version in versions.values() for u in version.upstream_ppm})
        )
        found: set[LineKey] = set()
        for key in pending:
            for upstream in versions[key.rights_version_id].upstream_ppm:
                to = LineKey(
                    above[upstream].work_id, upstream, key.vendor_id, key.tier, key.currency
                )
                if to not in graph:
                    graph[to] = set()
                    found.add(to)
                graph[to].add(key)
        pending = found
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        ids = lines.ids(session, ready)
        yield sorted(ids[key] for key in ready)
        sorter.done(*ready)


def _release_lines(
    session: Session,
    period: Period,
    line_ids: Sequence[int],
    from_sales: dict[int, list[MonthCredit]],
    *,
    now: datetime,
) -> None:
    released = releases.released_lines(session, period)
    todo = [line_id for line_id in line_ids if line_id not in released]
    stored = lines.load(session, todo)
    before = releases.credited_before(session, todo)
    passed = releases.credits_from_upstream(session, period, todo)
    made = []
    for line_id in todo:
        months = _by_month(from_sales.get(line_id, []) + passed.get(line_id, []))
        credits = [Credit(month.month, month.nanos) for month in months]
        one, already = stored[line_id], before.get(line_id, 0)
        check_postable(one.line, credits)
        parts = release(one.line, already, credits)
        made.append(NewRelease(line_id, already, months, parts, _upstream_lines(session, one)))
    if not made:
        return
    numbers = releases.insert(session, period, made)
    said = (_entry(stored[one.line_id], one, numbers[one.line_id]) for one in made)
    entries = [entry for entry in said if entry]
    if entries:
        journal.append_entries(session, entries, period=period.number, now=now)


def _entry(stored: StoredLine, made: NewRelease, number: int) -> JournalEntry | None:
    to = [(accounts.holder_held(h), n) for p in made.parts for h, n in p.to_holder.items()]
    upstream = made.upstream_lines
    to += [(accounts.line(upstream[v]), n) for p in made.parts for v, n in p.to_upstream.items()]
    legs = release_legs(accounts.line(made.line_id), made.credited, to)
    return entry(Source(Kind.RELEASE, number), stored.line.currency, legs)


def _by_month(credits: Sequence[MonthCredit]) -> list[MonthCredit]:
    months: dict[Period, MonthCredit] = {}
    for one in credits:
        seen = months.get(one.month, MonthCredit(one.month, 0, 0, 0))
        months[one.month] = MonthCredit(
            one.month,
            seen.nanos + one.nanos,
            seen.sales_count + one.sales_count,
            seen.output_tokens + one.output_tokens,
        )
    return [months[month] for month in sorted(months)]


def _upstream_lines(session: Session, one: StoredLine) -> dict[int, int]:
    """Return the line of each upstream rights version this line passes royalty to."""
    if not one.line.rights.upstream_ppm:
        return {}
    versions = rights.versions(session, sorted(one.line.rights.upstream_ppm))
    keys = {
        version_id: LineKey(
            version.work_id, version_id, one.vendor_id, one.line.tier.number, one.line.currency
        )
        for version_id, version in versions.items()
    }
    found = lines.ids(session, keys.values())
    return {version_id: found[key] for version_id, key in keys.items()}


def _back_all(database: Database, period: Period, *, now: datetime) -> None:
    with unit_of_work(database) as session:
        vendors = parties.vendor_ids(session)
    for slug, vendor_id in vendors.items():
        with unit_of_work(database) as session:
            receipts.lock_backing(session, vendor_id)
            if periods.hold(session, period) == periods.CLOSING:
                for currency in receipts.currencies(session, vendor_id):
                    back(session, vendor_id, slug, currency, into=period, now=now)
