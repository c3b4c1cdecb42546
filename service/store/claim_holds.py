"""Holds of claims: begun with them, following a contested share to whoever has it, ended."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import Claim, ClaimState
from service.ledger.contested_share import Followed, held_ppm
from service.ledger.hold import HoldReason
from service.ledger.period import Period
from service.ledger.rights import RightsVersion
from service.store import claims, holds, rights
from service.store.claim_rows import StoredClaim
from service.store.holds import NewHold


def begin(
    session: Session,
    claim: Claim,
    shares_ppm: Mapping[int, int],
    *,
    since: Period | None,
    now: datetime,
) -> dict[int, int]:
    """Start the hold of each respondent's part of a claim that is being filed."""
    return {
        holder: _start(
            session, claim, holder, held_ppm(part, shares_ppm[holder]), since=since, now=now
        )
        for holder, part in claim.respondents.items()
    }


def parts_of(session: Session, stored: StoredClaim) -> Followed:
    """Return what a claim contests, and what is needed to follow it when shares change hands."""
    aside = claims.winners(session, stored.claim.work_id) | stored.claim.claimants.keys()
    return Followed(stored.claim.respondents, stored.filed_ppm, frozenset(aside))


def versions_from(session: Session, work_id: int, day: date) -> list[tuple[date, RightsVersion]]:
    """Return the versions of a split valid on a day or later, with the first day each counts."""
    history = rights.history(session, work_id)
    begun = [version for version in history if version.valid_from <= day]
    later = [version for version in history if version.valid_from > day]
    if begun:
        return [(day, begun[-1]), *((each.valid_from, each) for each in later)]
    return [(each.valid_from, each) for each in later]


def follow(session: Session, claim_id: int, *, now: datetime) -> None:
    """Let the holds of an open claim follow what has become of the split.

    Who has a contested share by now is held as far as it is contested. A hold grows where the same
    part weighs more of a smaller share, and never shrinks: of some versions it keeps more.
    """
    stored = claims.locked(session, claim_id)
    claim = stored.claim
    if not claim.is_open:
        return
    last = claims.last_change(session, claim.work_id)
    active = {
        one.hold.hold_id: one.hold
        for one in holds.active_of(session, work_ids=[claim.work_id])
        if one.hold.hold_id in stored.holds.values()
    }
    for holder, (needed, day) in _needed(session, stored).items():
        known = active.get(stored.holds.get(holder, 0))
        if known and known.share_ppm >= needed:
            continue
        since = known.from_period if known else month_of(day)
        made = _start(session, claim, holder, needed, since=since, now=now)
        _keep(session, claim_id, holder, made)
        if known:
            outcome = f"claim {claim_id} follows the share"
            holds.end(session, known.hold_id, outcome=outcome, now=now)
    session.execute(
        text("UPDATE claim SET followed_to = :last WHERE claim_id = :id"),
        {"last": last, "id": claim_id},
    )


def _needed(session: Session, stored: StoredClaim) -> dict[int, tuple[int, date]]:
    """Return which part of whose earnings is contested at most, and since which day any is."""
    parts = parts_of(session, stored)
    found: dict[int, tuple[int, date]] = {}
    for day, version in versions_from(session, stored.claim.work_id, stored.claim.held_from):
        for holder, part in parts.giving(version.shares_ppm).items():
            needed = held_ppm(part, version.shares_ppm[holder])
            before, since = found.get(holder, (0, day))
            found[holder] = (max(before, needed), since)
    return found


def end(session: Session, stored: StoredClaim, state: ClaimState, *, now: datetime) -> None:
    """End all holds of a claim; a worker posts back what they kept."""
    for hold_id in stored.holds.values():
        holds.end(session, hold_id, outcome=f"claim {stored.claim.claim_id} {state}", now=now)
    claims.settle(session, stored.claim.claim_id, now=now)


def month_of(day: date) -> Period:
    """Return the month of a day."""
    return Period(day.year * 100 + day.month)


def _start(
    session: Session,
    claim: Claim,
    holder: int,
    ppm: int,
    *,
    since: Period | None,
    now: datetime,
) -> int:
    cause = f"claim {claim.claim_id}"
    new = NewHold(holder, claim.work_id, ppm, HoldReason.CONTESTED, cause, since)
    return holds.start(session, new, now=now)


def _keep(session: Session, claim_id: int, holder_id: int, hold_id: int) -> None:
    session.execute(
        text(
            "INSERT INTO claim_hold (hold_id, claim_id, holder_id) VALUES (:hold, :claim, :holder)"
        ),
        {"hold": hold_id, "claim": claim_id, "holder": holder_id},
    )
