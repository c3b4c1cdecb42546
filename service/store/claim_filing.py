"""Filing a claim: whom it contests, from which day, and the holds that keep the contested part."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import (
    ANSWER_DAYS,
    Action,
    Actor,
    Claim,
    ClaimState,
    NothingToClaim,
    Side,
    held_since,
)
from service.ledger.contested_share import claimed_for, contested, over_claimed_ppm
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.rights import RightsVersion
from service.store import (
    claim_holds,
    claim_steps,
    claims,
    parties,
    rights,
    webhook_events,
    works,
)
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import Said
from service.store.webhook_events import EventType, instant

MAX_OPEN_CLAIMS = 20
"""How many open claims one holder may have made: a claim keeps other people's money back."""


class ClaimOpen(LedgerError):
    """A claimant has an open claim over the work already."""

    def __init__(self, claim_id: int, work_id: int) -> None:
        super().__init__(
            f"claim {claim_id} over work {work_id} is open already",
            claim_id=claim_id,
            work_id=work_id,
        )


class ClaimedBefore(LedgerError):
    """A claim that failed was made again by the same claimant."""

    def __init__(self, claim_id: int, work_id: int) -> None:
        super().__init__(
            f"claim {claim_id} over work {work_id} has failed: an operator may enter another, "
            "with new evidence",
            claim_id=claim_id,
            work_id=work_id,
        )


class TooManyClaims(LedgerError):
    """One holder has as many open claims as it may have."""

    def __init__(self, holder_id: int) -> None:
        super().__init__(
            f"holder {holder_id} has {MAX_OPEN_CLAIMS} open claims: no more are taken until one "
            "has ended",
            holder_id=holder_id,
            limit=MAX_OPEN_CLAIMS,
        )


@dataclass(frozen=True, slots=True)
class NewClaim:
    """What is claimed of a work, in ppm of it, by whom and of whom; None: of all other holders.

    Several claimants, such as the holders of another work, claim by their weights.
    """

    work_id: int
    claimed_ppm: int
    claimants: dict[int, int]
    said: Said
    against: frozenset[int] | None = None
    counters: int | None = None
    finding_id: int | None = None


def file(session: Session, new: NewClaim, *, by: Actor, now: datetime) -> StoredClaim:
    """Keep a claim and hold what it contests from now on, or from the first day of the split.

    Raises WorkNotFound, UnknownHolder, NothingToClaim, ClaimOutOfRange, ClaimOpen, ClaimedBefore,
    TooManyClaims.
    """
    works.get(session, new.work_id)
    parties.check_holders(session, sorted(new.claimants))
    _lock(session, new.work_id)
    is_open = claims.open_of_work(session, new.work_id)
    _check_new(session, new, is_open, by)
    split, known_at = _present(session, new.work_id, now.date())
    claim, is_first_day = _drawn_up(session, new, split, known_at, now=now)
    since = _since(session, claim, split, is_first_day=is_first_day)
    all_claimed = new.claimed_ppm + sum(one.claim.claimed_ppm for one in is_open)
    stored = StoredClaim(
        claim,
        title="",
        filed_at=now,
        filed_by=by.login,
        reason=new.said.reason,
        from_first_day=is_first_day,
        over_ppm=over_claimed_ppm(split.shares_ppm, all_claimed),
        counters=new.counters,
        finding_id=new.finding_id,
        step_count=1,
        settled_at=None,
        filed_ppm=split.shares_ppm,
        followed_to=claims.last_change(session, new.work_id),
        holds=claim_holds.begin(session, claim, split.shares_ppm, since=since, now=now),
        names={},
    )
    claims.insert(session, stored)
    side = Side.CLAIMANT if by.holder_id else Side.OPERATOR
    claim_steps.insert(session, 1, claim, action=Action.CLAIM, side=side, actor=by, said=new.said)
    _tell(session, claim, finding_id=new.finding_id, now=now)
    return claims.get(session, claim.claim_id)


def _tell(session: Session, claim: Claim, *, finding_id: int | None, now: datetime) -> None:
    """Tell who claims, and of whom."""
    told = {
        "claim_id": claim.claim_id,
        "work_id": claim.work_id,
        "finding_id": finding_id,
        "claimants": sorted(claim.claimants),
        "respondents": sorted(claim.respondents),
        "opened_at": instant(now),
    }
    whose = sorted(claim.claimants.keys() | claim.respondents.keys())
    webhook_events.record(session, EventType.CONFLICT_OPENED, told, parties=whose, now=now)


def _drawn_up(
    session: Session, new: NewClaim, split: RightsVersion, known_at: datetime, *, now: datetime
) -> tuple[Claim, bool]:
    """Return the claim as it begins, and whether it reaches back to the first day of the split."""
    respondents = contested(
        new.work_id,
        split.shares_ppm,
        new.claimed_ppm,
        claimants=frozenset(new.claimants),
        against=new.against,
    )
    since, is_first_day = held_since(known_at=known_at, valid_from=split.valid_from, now=now)
    claim = Claim(
        claims.next_number(session),
        new.work_id,
        ClaimState.CLAIMED,
        claimed_for(new.work_id, new.claimants, new.claimed_ppm),
        respondents,
        since,
        now,
        now + timedelta(days=ANSWER_DAYS),
        has_evidence=new.said.evidence is not None,
    )
    return claim, is_first_day


def holders_among(
    session: Session, work_id: int, holder_ids: frozenset[int], *, now: datetime
) -> frozenset[int]:
    """Return which of these hold a share of a work now; raise WorkNotFound, NothingToClaim."""
    works.get(session, work_id)
    split, _ = _present(session, work_id, now.date())
    return holder_ids & split.shares_ppm.keys()


def _lock(session: Session, work_id: int) -> None:
    """Let one claim over a work be filed at a time, so that nobody has two."""
    query = text("SELECT 1 FROM work WHERE work_id = :id FOR NO KEY UPDATE")
    session.execute(query, {"id": work_id})


def _check_new(session: Session, new: NewClaim, is_open: list[StoredClaim], by: Actor) -> None:
    for one in is_open:
        if one.claim.claimants.keys() & new.claimants.keys():
            raise ClaimOpen(one.claim.claim_id, new.work_id)
    if by.holder_id is None:
        return
    failed = claims.ended_of(session, new.work_id, sorted(new.claimants))
    if failed is not None:
        raise ClaimedBefore(failed, new.work_id)
    if claims.open_count(session, by.holder_id) >= MAX_OPEN_CLAIMS:
        raise TooManyClaims(by.holder_id)


def _present(session: Session, work_id: int, day: date) -> tuple[RightsVersion, datetime]:
    """Return the split valid on a day, or the first to come, and when it became known.

    As of its own first day: a change of upstream shares alone, which cuts a version, proposes
    nothing anew about who holds the work.
    """
    history = rights.history(session, work_id)
    if not history:
        raise NothingToClaim(work_id)
    begun = [version for version in history if version.valid_from <= day]
    split = begun[-1] if begun else history[0]
    for earlier in reversed(begun):
        if earlier.shares_ppm != split.shares_ppm:
            break
        split = earlier
    holders = sorted(split.shares_ppm)
    known_at = session.execute(
        text(
            "SELECT min(known_at) FROM rights_version WHERE work_id = :work "
            "AND holder_ids = CAST(:holders AS bigint[]) "
            "AND shares_ppm = CAST(:shares AS int[])"
        ),
        {
            "work": work_id,
            "holders": holders,
            "shares": [split.shares_ppm[holder] for holder in holders],
        },
    ).scalar_one()
    return split, known_at


def _since(
    session: Session, claim: Claim, split: RightsVersion, *, is_first_day: bool
) -> Period | None:
    """Return the month whose releases are held first; None: all that the work ever released."""
    is_first = rights.history(session, claim.work_id)[0].valid_from == split.valid_from
    return None if is_first_day and is_first else claim_holds.month_of(claim.held_from)
