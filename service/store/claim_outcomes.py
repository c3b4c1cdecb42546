"""What the end of a claim does: rights change, holds end, findings are decided with it."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import Claim, ClaimState, Effect, Outcome
from service.ledger.contested_share import transferred
from service.ledger.period import Period
from service.store import claim_holds, findings, rights
from service.store.claim_rows import StoredClaim


def apply(
    session: Session,
    stored: StoredClaim,
    after: Claim,
    effect: Effect,
    *,
    by: str,
    now: datetime,
) -> None:
    """Do in this transaction what a step does to rights, holds and the finding behind a claim."""
    if effect is Effect.TRANSFER:
        transfer(session, stored, after, by=by, now=now)
    else:
        claim_holds.end(session, stored, after.state, now=now)
    if stored.finding_id is not None:
        _decide_finding(session, stored.finding_id, after, by=by, now=now)


def transfer(
    session: Session, stored: StoredClaim, after: Claim, *, by: str, now: datetime
) -> None:
    """Let what was granted be the claimants' from the first day contested.

    Every version of the split valid on that day or later changes, each by what its respondents, or
    who has their share by then, hold in it. Sales settled since are corrected by jobs whose reason
    begins with the claim's mark; where nothing is left to give, nothing changes.
    """
    said = f"{_mark(after.claim_id)} {_told(after)}"
    parts = claim_holds.parts_of(session, stored).granted(after.granted_ppm)
    for day, version in claim_holds.versions_from(session, after.work_id, after.held_from):
        shares = transferred(version.shares_ppm, parts, claimants=after.claimants)
        if shares != dict(version.shares_ppm):
            rights.back_date(session, after.work_id, shares, day=day, reason=said, by=by, now=now)


def check_transfer(session: Session, stored: StoredClaim) -> None:
    """Raise what is wrong with the splits that a decision would make, such as NoHolder."""
    claim = stored.claim
    parts = claim_holds.parts_of(session, stored).granted(claim.granted_ppm)
    for _, version in claim_holds.versions_from(session, claim.work_id, claim.held_from):
        transferred(version.shares_ppm, parts, claimants=claim.claimants)


_CORRECTED = """
SELECT NOT EXISTS (SELECT 1 FROM correction_job WHERE reason LIKE 'claim %'
        AND starts_with(reason, :mark) AND done_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM correction c
        JOIN journal_entry e ON e.kind = 2 AND e.source_id = c.correction_id
        JOIN period p ON p.period = e.period
        WHERE c.reason LIKE 'claim %' AND starts_with(c.reason, :mark)
        AND p.state <> 'closed' AND e.period > :released)
"""


def is_corrected(session: Session, claim_id: int, *, released: Period | None) -> bool:
    """Whether what a claim changed has reached the holders: corrected, and released by a close.

    ``released``: a period whose lines a close under way has released already.
    """
    values = {"mark": _mark(claim_id), "released": released.number if released else 0}
    return bool(session.execute(text(_CORRECTED), values).scalar_one())


def _mark(claim_id: int) -> str:
    return f"claim {claim_id} verified:"


def _told(after: Claim) -> str:
    """Say how a claim ended, in no word of its parties: what changes with it is never erased."""
    if after.outcome is None:
        return str(after.state)
    return f"{after.outcome}, {after.granted_ppm} of {after.claimed_ppm} ppm"


def _decide_finding(
    session: Session, finding_id: int, after: Claim, *, by: str, now: datetime
) -> None:
    """Confirm or dismiss the near copy behind a claim, unless somebody has decided it before.

    Upheld, all that was taken goes on belonging to the earlier work. Granted in part, or not at
    all, the copy wins its passages from now on, for whoever holds it by then.
    """
    if findings.get(session, finding_id).state != findings.OPEN:
        return
    is_copy = after.state is ClaimState.VERIFIED and after.outcome is Outcome.UPHELD
    decide = findings.confirm if is_copy else findings.dismiss
    said = f"claim {after.claim_id} {after.state}: {_told(after)}"
    decide(session, finding_id, by=by, reason=said, now=now)
