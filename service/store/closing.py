"""The rule by which a close begins: the web and the command line share it, the worker finishes."""

from datetime import datetime

from sqlmodel import Session

from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.store import periods, work_batches


def begin(session: Session, period: Period, *, early: bool, now: datetime) -> None:
    """Set a period closing: what waits of it now still settles into it, what comes later is late.

    Raises PeriodClosed, PeriodRunning (without ``early``), EarlierPeriodOpen. A period that is
    closing already goes on closing.
    """
    if now < period.end and not (early and now >= period.start):
        raise PeriodRunning(period)
    before = periods.begin_closing(session, period, now=now)
    if before == periods.CLOSED:
        raise PeriodClosed(period)
    if before == periods.OPEN:
        work_batches.mark_closing(session, period.number)
