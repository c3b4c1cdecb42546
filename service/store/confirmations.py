"""What was held for want of consent is given free: at once, or once a correction is released."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.hold import HoldReason
from service.store import holds

# Jobs that are not done have corrections to come; corrections in a month that is not closed are
# not released yet.
_RELEASED = """
SELECT f.hold_id, f.proposal_id FROM freed_hold f JOIN hold h USING (hold_id)
WHERE h.ended_at IS NULL
AND NOT EXISTS (SELECT 1 FROM correction_job j
    WHERE j.change_id = f.change_id AND j.done_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM correction_job j JOIN correction c USING (job_id)
    JOIN journal_entry e ON e.kind = 2 AND e.source_id = c.correction_id
    JOIN period p ON p.period = e.period
    WHERE j.change_id = f.change_id AND p.state <> 'closed')
ORDER BY f.hold_id
"""


def give_free(
    session: Session,
    work_id: int,
    holder_ids: Sequence[int],
    *,
    proposal_id: int,
    losing: Sequence[int] = (),
    change_id: int | None = None,
    now: datetime,
) -> None:
    """End the holds of what these holders earn from a work and had not confirmed.

    losing: those who give up a share for days gone by; theirs end once what change ``change_id``
    corrects is released.
    """
    for held in holds.active_of(session, holder_ids=holder_ids, work_ids=[work_id]):
        if held.hold.reason is not HoldReason.UNCONFIRMED:
            continue
        hold_id = held.hold.hold_id
        if change_id is not None and held.hold.holder_id in losing:
            session.execute(
                text(
                    "INSERT INTO freed_hold (hold_id, change_id, proposal_id) "
                    "VALUES (:hold, :change, :proposal) ON CONFLICT DO NOTHING"
                ),
                {"hold": hold_id, "change": change_id, "proposal": proposal_id},
            )
        else:
            holds.end(session, hold_id, outcome=_outcome(proposal_id), now=now)


def free_released(session: Session, *, now: datetime) -> bool:
    """End the holds whose corrections are released by now; whether there were any."""
    rows = session.execute(text(_RELEASED)).all()
    for hold_id, proposal_id in rows:
        holds.end(session, hold_id, outcome=_outcome(proposal_id), now=now)
    return bool(rows)


def _outcome(proposal_id: int) -> str:
    return f"confirmed by proposal {proposal_id}"
