"""A close is posted once enough operators approved exactly what it issues."""

from datetime import datetime

from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.store import approvals
from service.store.approvals import ApprovalsMissing
from service.store.database import Database, unit_of_work
from worker.rehearsal import Progress, rehearse


def check_approved(
    database: Database,
    period: Period,
    *,
    needed: int,
    threshold: Threshold,
    now: datetime,
    progress: Progress,
) -> None:
    """Raise ApprovalsMissing unless ``needed`` operators approved what a closing period issues now.

    Approvals of anything else are void from then on.
    """
    if not needed:
        return
    told = rehearse(database, period, early=True, threshold=threshold, now=now, progress=progress)
    digest = bytes.fromhex(told.digest)
    with unit_of_work(database) as session:
        approvals.void_others(session, period, digest, now=now)
        given = approvals.count(session, period, digest)
    if given < needed:
        raise ApprovalsMissing(period, digest=told.digest, given=given, needed=needed)


def may_be_approved(database: Database, period: Period, *, needed: int) -> bool:
    """Whether enough operators agree on something: the cheap look before the rehearsal."""
    if not needed:
        return True
    with unit_of_work(database) as session:
        return approvals.most(session, period) >= needed
