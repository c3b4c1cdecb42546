"""Periods as rows: open, closing, closed. Whoever posts into one holds its row FOR SHARE."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import webhook_events
from service.store.webhook_events import EventType

OPEN, CLOSING, CLOSED = "open", "closing", "closed"


_POSTING = 7_500_000


class EarlierPeriodOpen(LedgerError):
    """A period was to be closed before an earlier one that has entries or waiting sales."""

    def __init__(self, period: Period, earlier: Period) -> None:
        super().__init__(
            f"period {earlier} is not closed: close it before {period}",
            period=str(period),
            earlier=str(earlier),
        )


class NotClosed(LedgerError):
    """A period that can still change was to be exported or paid."""

    def __init__(self, period: Period, state: str) -> None:
        super().__init__(f"period {period} is {state}, not closed", period=str(period))


def _ensure(session: Session, period: Period) -> None:
    """Make a period's row. Periods close in order, so one before a closed one is closed itself."""
    session.execute(
        text(
            "INSERT INTO period (period, state) SELECT :p, CASE WHEN EXISTS "
            "(SELECT 1 FROM period WHERE period > :p AND state <> 'open') "
            "THEN 'closed' ELSE 'open' END ON CONFLICT DO NOTHING"
        ),
        {"p": period.number},
    )


def hold(session: Session, period: Period) -> str:
    """Lock a period's row FOR SHARE until the transaction ends; return its state.

    The shared advisory lock beside it keeps a close from beginning between the look and the commit.
    """
    begin_posting(session)
    query = text("SELECT state FROM period WHERE period = :p FOR SHARE")
    found = session.execute(query, {"p": period.number}).scalar()
    if found is None:
        _ensure(session, period)
        found = session.execute(query, {"p": period.number}).scalar_one()
    return str(found)


def begin_posting(session: Session) -> None:
    """Be one of those who post until the transaction ends; waits for a close that begins just now.

    Comes before the lock on any row that a beginning close changes, such as those of work batches:
    it waits for us while we wait for it otherwise.
    """
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _POSTING})


def wait_for_postings(session: Session) -> None:
    """Let everybody who posts finish first, until the transaction ends.

    Who posts after it sees what it changed.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTING})


def hold_open_from(session: Session, period: Period) -> Period:
    """Lock the first open period at or after one FOR SHARE and return it: where late facts go."""
    if hold(session, period) == OPEN:
        return period
    newest = session.execute(text("SELECT max(period) FROM period WHERE state <> 'open'"))
    after = max(Period(newest.scalar_one()), period).next()
    state_after = hold(session, after)
    assert state_after == OPEN, "periods close in order"
    return after


def state(session: Session, period: Period) -> str:
    """Return a period's state without a lock; one nobody met is as ``hold`` would make it."""
    query = text(
        "SELECT coalesce((SELECT state FROM period WHERE period = :p), CASE WHEN EXISTS "
        "(SELECT 1 FROM period WHERE period > :p AND state <> 'open') "
        "THEN 'closed' ELSE 'open' END)"
    )
    return str(session.execute(query, {"p": period.number}).scalar_one())


def check_closed(session: Session, period: Period) -> None:
    """Raise NotClosed for a period that is open or closing."""
    found = state(session, period)
    if found != CLOSED:
        raise NotClosed(period, found)


def begin_closing(session: Session, period: Period, *, now: datetime) -> str:
    """Set an open period closing, once nobody posts; return the state it had.

    Earlier periods that are open and empty close with it; raise EarlierPeriodOpen for one that is
    not. A late sale of a closed period holds nothing up.
    """
    wait_for_postings(session)
    _ensure(session, period)
    query = text("SELECT state FROM period WHERE period = :p FOR UPDATE")
    before = str(session.execute(query, {"p": period.number}).scalar_one())
    if before != OPEN:
        return before
    _close_empty_before(session, period, now=now)
    session.execute(
        text("UPDATE period SET state = 'closing', closing_at = :now WHERE period = :p"),
        {"p": period.number, "now": now},
    )
    return before


def pretend_closing(session: Session, period: Period, *, now: datetime) -> None:
    """Set a period closing in a rehearsal: no lock but its row's, so that others go on settling."""
    _ensure(session, period)
    session.execute(
        text(
            "UPDATE period SET state = 'closing', closing_at = :now "
            "WHERE period = :p AND state = 'open'"
        ),
        {"p": period.number, "now": now},
    )


def _close_empty_before(session: Session, period: Period, *, now: datetime) -> None:
    rows = session.execute(
        text(
            "SELECT p.period, p.state = 'closing' "
            "OR EXISTS (SELECT 1 FROM balance_delta d WHERE d.period = p.period) "
            "OR EXISTS (SELECT 1 FROM work_batch w WHERE w.period = p.period AND w.stage < 3) "
            "FROM period p WHERE p.period < :p AND p.state <> 'closed' ORDER BY p.period"
        ),
        {"p": period.number},
    ).all()
    waiting = session.execute(
        text(
            "SELECT min(period) FROM work_batch WHERE period < :p AND stage < 3 AND period > "
            "(SELECT coalesce(max(period), 0) FROM period WHERE state = 'closed')"
        ),
        {"p": period.number},
    ).scalar()
    full = [number for number, is_full in rows if is_full] + ([waiting] if waiting else [])
    if full:
        raise EarlierPeriodOpen(period, Period(min(full)))
    closed = session.execute(
        text(
            "UPDATE period SET state = 'closed', closing_at = :now, closed_at = :now "
            "WHERE period < :p AND state = 'open' RETURNING period"
        ),
        {"p": period.number, "now": now},
    )
    for number in sorted(closed.scalars()):
        _tell_closed(session, Period(number), now=now)


def closing(session: Session) -> Period | None:
    """Return the oldest period that is closing, if any."""
    number = session.execute(
        text("SELECT min(period) FROM period WHERE state = 'closing'")
    ).scalar()
    return Period(number) if number else None


def finish_closing(session: Session, period: Period, *, now: datetime) -> None:
    """Snapshot all balances at the end of a closing period and set it closed, in one commit."""
    closed = session.execute(
        text(
            "UPDATE period SET state = 'closed', closed_at = :now "
            "WHERE period = :p AND state = 'closing'"
        ),
        {"p": period.number, "now": now},
    )
    assert closed.rowcount == 1, "somebody else finished this period"  # type: ignore[attr-defined]
    session.execute(
        text(
            "WITH last AS (SELECT coalesce(max(period), 0) AS period FROM balance_snapshot) "
            "INSERT INTO balance_snapshot (period, account_id, balance) "
            "SELECT :p, account_id, sum(nanos) FROM ("
            "SELECT s.account_id, s.balance AS nanos "
            "FROM balance_snapshot s JOIN last USING (period) "
            "UNION ALL SELECT d.account_id, d.delta FROM balance_delta d, last "
            "WHERE d.period > last.period AND d.period <= :p) AS parts GROUP BY account_id"
        ),
        {"p": period.number},
    )
    _tell_closed(session, period, now=now)


def _tell_closed(session: Session, period: Period, *, now: datetime) -> None:
    told = {"period": str(period), "closed_at": webhook_events.instant(now)}
    webhook_events.record(session, EventType.PERIOD_CLOSED, told, for_vendors=True, now=now)


def listing(session: Session) -> list[tuple[Period, str, datetime | None]]:
    """List all periods met so far, oldest first, with state and instant of closing."""
    rows = session.execute(text("SELECT period, state, closed_at FROM period ORDER BY period"))
    return [(Period(number), state_, closed_at) for number, state_, closed_at in rows]
