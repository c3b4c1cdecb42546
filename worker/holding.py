"""What holds keep back is moved from payable to held, and back once they end."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts
from service.ledger.hold import Free, free_of, under_hold
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.store import advances, holds, journal, periods
from service.store.database import Database, unit_of_work
from service.store.statement_facts import Recipient

HOLDERS_A_STEP = 200


def free_amounts(
    session: Session, holder_ids: Sequence[int], until: Period | None = None
) -> dict[Recipient, tuple[Free, ...]]:
    """Say what is free of all that these holders earned (up to a period), by vendor.

    What a guarantee made up is earned; what an advance recouped is not any more.
    """
    active = holds.active_of(session, holder_ids=holder_ids)
    earned = holds.earned(session, holder_ids, until)
    backed = holds.backed(session, holder_ids, until)
    besides = advances.net_of_vendors(session, holder_ids, until)
    found = {}
    everybody = earned.keys() | backed.keys() | besides.keys()
    for whose in sorted(everybody, key=lambda w: (w.holder_id, w.currency)):
        own = [one.hold for one in active if one.hold.holder_id == whose.holder_id]
        whole = dict(besides.get(whose, {}))
        for one in earned.get(whose, ()):
            whole[one.vendor] = whole.get(one.vendor, 0) + one.nanos
        kept = under_hold(earned.get(whose, ()), own)
        found[whose] = free_of(whole, backed.get(whose, {}), kept)
    return found


def post(session: Session, holder_ids: Sequence[int], *, into: Period, now: datetime) -> None:
    """Post what the holds of these holders keep back by now, less what was posted before.

    The caller holds the row of the period ``into``. Nothing new, no entry; safe to run again.
    """
    if not holder_ids:
        return
    holds.lock(session)
    seen = holds.unsettled(session, holder_ids)
    concerned = holds.holders_concerned(session, holder_ids)
    before = holds.moved(session, concerned)
    moves = {
        whose: sum(one.moved_nanos for one in some) - before.get(whose, 0)
        for whose, some in (free_amounts(session, concerned) if concerned else {}).items()
    }
    moves = {whose: nanos for whose, nanos in moves.items() if nanos}
    numbers = holds.insert_postings(session, moves, into, now=now)
    said = []
    for whose, nanos in moves.items():
        legs = {
            accounts.holder_payable(whose.holder_id): nanos,
            accounts.holder_held(whose.holder_id): -nanos,
        }
        posted = entry(Source(Kind.HOLD, numbers[whose]), whose.currency, legs)
        assert posted
        said.append(posted)
    if said:
        journal.append_entries(session, said, period=into.number, now=now)
    holds.settled(session, seen, now=now)


def post_next(database: Database, *, now: datetime) -> bool:
    """Post for some holders of whom a hold began or ended; whether there were any."""
    with unit_of_work(database) as session:
        waiting = holds.waiting_holders(session, limit=HOLDERS_A_STEP)
        if waiting:
            into = periods.hold_open_from(session, Period.of(now))
            post(session, waiting, into=into, now=now)
    return bool(waiting)


def post_all(database: Database, period: Period, *, now: datetime) -> None:
    """Post for everybody concerned into a period that is closing, some holders a commit."""
    with unit_of_work(database) as session:
        concerned = holds.holders_concerned(session)
    for start in range(0, len(concerned), HOLDERS_A_STEP):
        with unit_of_work(database) as session:
            if periods.hold(session, period) == periods.CLOSING:
                post(session, concerned[start : start + HOLDERS_A_STEP], into=period, now=now)
