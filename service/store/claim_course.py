"""Steps of a claim as transactions: the clock first, then the step, then what follows from it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from sqlalchemy import text
from sqlmodel import Session

from service.ledger import dispute
from service.ledger.claim import Action, Actor, Claim, Side
from service.ledger.dispute import Decision, Move
from service.ledger.errors import LedgerError
from service.store import claim_filing, claim_outcomes, claim_steps, claims
from service.store.claim_filing import NewClaim
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import Said
from service.store.claims import ClaimNotFound

MAX_STEPS = 200
CLOCK = Actor("clock")


class Step(Protocol):
    """A step that takes nothing but who acts, and what is said with it."""

    def __call__(
        self, session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
    ) -> StoredClaim:
        """Take the step; return the claim after it."""
        ...


class TooManySteps(LedgerError):
    """A claim has as many steps as are kept of one; it can still be decided or withdrawn."""

    def __init__(self, claim_id: int) -> None:
        super().__init__(
            f"claim {claim_id} has {MAX_STEPS} steps: no more evidence is taken",
            claim_id=claim_id,
            limit=MAX_STEPS,
        )


def add_evidence(
    session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
) -> StoredClaim:
    """Add evidence for either side; raise what ``dispute.add_evidence`` raises, or TooManySteps."""
    assert said.evidence is not None
    return _take(
        session, claim_id, actor, said, lambda c: dispute.add_evidence(c, actor, now=now), now=now
    )


def accept(
    session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
) -> StoredClaim:
    """Let a respondent give up; once all have, rights change in this transaction."""
    return _take(
        session, claim_id, actor, said, lambda c: dispute.accept(c, actor, now=now), now=now
    )


def contest(
    session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
) -> StoredClaim:
    """Let a respondent contest."""
    return _take(
        session, claim_id, actor, said, lambda c: dispute.contest(c, actor, now=now), now=now
    )


def counter(
    session: Session,
    claim_id: int,
    actor: Actor,
    said: Said,
    *,
    work_id: int,
    claimed_ppm: int,
    now: datetime,
) -> tuple[StoredClaim, StoredClaim]:
    """Let a respondent contest with a claim of its own against the claimants, over any work.

    Return the claim that is contested and the one that counters it. The first keeps its hold and
    does not expire while the second is open.
    """
    contested = _take(
        session,
        claim_id,
        actor,
        said,
        lambda c: dispute.contest(c, actor, now=now, counter=True),
        now=now,
    )
    assert actor.holder_id is not None, "the step was for respondents only"
    new = NewClaim(
        work_id,
        claimed_ppm,
        {actor.holder_id: claimed_ppm},
        said,
        against=claim_filing.holders_among(
            session, work_id, frozenset(contested.claim.claimants), now=now
        ),
        counters=claim_id,
    )
    made = claim_filing.file(session, new, by=actor, now=contested.claim.last_at)
    return claims.get(session, claim_id), made


def withdraw(
    session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
) -> StoredClaim:
    """Let a claimant withdraw; once all have, the holds end."""
    return _take(
        session, claim_id, actor, said, lambda c: dispute.withdraw(c, actor, now=now), now=now
    )


def appeal(
    session: Session, claim_id: int, actor: Actor, said: Said, *, now: datetime
) -> StoredClaim:
    """Let who lost appeal."""
    return _take(
        session, claim_id, actor, said, lambda c: dispute.appeal(c, actor, now=now), now=now
    )


def decide(
    session: Session,
    claim_id: int,
    actor: Actor,
    said: Said,
    decision: Decision,
    *,
    now: datetime,
) -> StoredClaim:
    """Decide as an operator; a final decision changes rights or ends the holds right here.

    One that could not take effect, such as a split among too many, is refused at once.
    """
    others = session.execute(
        text("SELECT count(*) FROM portal_user WHERE role = 'operator' AND login <> :login"),
        {"login": actor.login},
    ).scalar_one()
    decided = _take(
        session,
        claim_id,
        actor,
        said,
        lambda c: dispute.decide(c, decision, actor, others_may=others > 0, now=now),
        now=now,
    )
    if decided.claim.is_open and decision.granted_ppm:
        claim_outcomes.check_transfer(session, decided)
    return decided


def let_the_clock_decide(session: Session, claim_id: int, *, now: datetime) -> bool:
    """Keep what the clock has decided of a claim; whether it had anything to decide."""
    stored = claims.locked(session, claim_id)
    return _lapsed(session, stored, now=now) is not stored


def overrule(session: Session, claim_id: int, said: Said, *, by: str, now: datetime) -> None:
    """End a claim that rests on a finding an operator has dismissed."""
    stored = claims.locked(session, claim_id)
    if stored.claim.is_open:
        move = dispute.overruled(stored.claim, Actor(by), now=now)
        _keep(session, stored, move, Actor(by), said)


def _take(
    session: Session,
    claim_id: int,
    actor: Actor,
    said: Said,
    step: Callable[[Claim], Move],
    *,
    now: datetime,
) -> StoredClaim:
    stored = claims.locked(session, claim_id)
    if stored.claim.side_of(actor) is None:
        raise ClaimNotFound(claim_id)
    stored = _lapsed(session, stored, now=now)
    move = step(stored.claim)
    if move.action is Action.EVIDENCE and stored.step_count >= MAX_STEPS:
        raise TooManySteps(claim_id)
    return _keep(session, stored, move, actor, said)


def _lapsed(session: Session, stored: StoredClaim, *, now: datetime) -> StoredClaim:
    """Return a claim once the clock has decided; the same one where it had nothing to decide."""
    move = dispute.lapse(stored.claim, now=now)
    if move is None:
        return stored
    assert stored.claim.due_at
    was = f"{stored.claim.state} until {stored.claim.due_at:%Y-%m-%d %H:%M} UTC"
    return _keep(session, stored, move, CLOCK, Said(f"{was}, nobody took a step"))


def _keep(
    session: Session, stored: StoredClaim, move: Move, actor: Actor, said: Said
) -> StoredClaim:
    after = move.claim
    number = claims.advance(session, after)
    side = Side.OPERATOR if actor.holder_id is None and move.side is not Side.CLOCK else move.side
    claim_steps.insert(
        session, number, after, action=move.action, side=side, actor=actor, said=said
    )
    for effect in move.effects:
        claim_outcomes.apply(
            session,
            stored,
            after,
            effect,
            by=actor.login,
            now=after.last_at,
        )
    return claims.get(session, after.claim_id)
