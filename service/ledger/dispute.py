"""The course of a claim: evidence, answers, decision, appeal, and what the clock decides.

Every function takes a claim, who acts and ``now``, and returns the move that follows or raises why
there is none. The caller lets the clock decide first (``lapse``), so that nobody acts too late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.ledger.claim import (
    ANSWER_DAYS,
    APPEAL_DAYS,
    FINAL,
    OPEN,
    Action,
    Actor,
    Claim,
    ClaimState,
    Effect,
    Outcome,
    Side,
)
from service.ledger.dispute_refusals import (
    ActionOutOfOrder,
    AnsweredAlready,
    GrantOutOfRange,
    NothingProven,
    NothingToAppeal,
    SameOperator,
    WrongSide,
)

CLAIMED, CONTESTED, UNANSWERED = ClaimState.CLAIMED, ClaimState.CONTESTED, ClaimState.UNANSWERED
DECIDED, APPEALED = ClaimState.DECIDED, ClaimState.APPEALED
_HEARD = frozenset((CLAIMED, CONTESTED, UNANSWERED))
_PARTIES = frozenset((Side.CLAIMANT, Side.RESPONDENT))

MAY: Mapping[Action, tuple[frozenset[ClaimState], frozenset[Side]]] = {
    Action.EVIDENCE: (_HEARD | {APPEALED}, _PARTIES | {Side.OPERATOR}),
    Action.ACCEPT: (_HEARD, frozenset((Side.RESPONDENT,))),
    Action.CONTEST: (frozenset((CLAIMED, CONTESTED)), frozenset((Side.RESPONDENT,))),
    Action.COUNTER: (frozenset((CLAIMED, CONTESTED)), frozenset((Side.RESPONDENT,))),
    Action.WITHDRAW: (OPEN, frozenset((Side.CLAIMANT,))),
    Action.DECIDE: (
        frozenset((CONTESTED, UNANSWERED, APPEALED)),
        frozenset((Side.OPERATOR,)),
    ),
    Action.APPEAL: (frozenset((DECIDED,)), _PARTIES),
}
"""In which states each action may be taken, and by which side."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decides. granted_ppm of the work: all for upheld, none for rejected."""

    outcome: Outcome
    granted_ppm: int


@dataclass(frozen=True, slots=True)
class Move:
    """A step and what follows: the claim after it, who took it, effects on money and rights."""

    action: Action
    side: Side
    claim: Claim
    effects: tuple[Effect, ...] = ()


def lapse(claim: Claim, *, now: datetime) -> Move | None:
    """Return what the clock decides by ``now``, None where it has nothing to say.

    Nobody answered in time: an operator decides on the evidence, and without any the claim expires.
    No appeal in time: the decision stands. A clock that goes back, or is asked again, says nothing.
    """
    if claim.due_at is None or now < claim.due_at:
        return None
    if claim.state is DECIDED:
        return _final_decision(claim, Action.LAPSE, Side.CLOCK, now)
    if claim.has_evidence:
        after = replace(_at(claim, now), state=UNANSWERED, due_at=None)
        return Move(Action.LAPSE, Side.CLOCK, after)
    if claim.is_countered:
        return None  # the answer to a counter-claim is its own decision
    return _ended(claim, ClaimState.EXPIRED, Action.LAPSE, Side.CLOCK, now)


def add_evidence(claim: Claim, actor: Actor, *, now: datetime) -> Move:
    """Add evidence; what claimants or an operator bring is what a claim may be upheld on.

    A contested claim that had none waits for a decision from then on.
    """
    side = _check(claim, Action.EVIDENCE, actor)
    after = _at(claim, now)
    if side is not Side.RESPONDENT:
        waits = claim.state is CONTESTED
        after = replace(after, has_evidence=True, due_at=None if waits else claim.due_at)
    return Move(Action.EVIDENCE, side, after)


def accept(claim: Claim, actor: Actor, *, now: datetime) -> Move:
    """Let a respondent give its part up; once all have, the claim is verified."""
    after = _give_up(claim, Action.ACCEPT, actor, now)
    if not claim.respondents.keys() <= after.gave_up:
        return Move(Action.ACCEPT, Side.RESPONDENT, after)
    granted = replace(after, outcome=Outcome.UPHELD, granted_ppm=claim.claimed_ppm)
    return _ended(
        granted, ClaimState.VERIFIED, Action.ACCEPT, Side.RESPONDENT, now, Effect.TRANSFER
    )


def contest(claim: Claim, actor: Actor, *, now: datetime, counter: bool = False) -> Move:
    """Let a respondent contest, with a claim of its own where ``counter`` says so.

    A claim without evidence expires unless the claimant brings some in time.
    """
    action = Action.COUNTER if counter else Action.CONTEST
    side = _check(claim, action, actor)
    _check_stands(claim, actor)
    after = replace(_at(claim, now), state=CONTESTED, is_countered=claim.is_countered or counter)
    if claim.state is CLAIMED:
        until = after.last_at + timedelta(days=ANSWER_DAYS)
        after = replace(after, due_at=None if claim.has_evidence else until)
    return Move(action, side, after)


def withdraw(claim: Claim, actor: Actor, *, now: datetime) -> Move:
    """Let a claimant withdraw; once all have, the claim is withdrawn."""
    after = _give_up(claim, Action.WITHDRAW, actor, now)
    if not claim.claimants.keys() <= after.gave_up:
        return Move(Action.WITHDRAW, Side.CLAIMANT, after)
    return _ended(after, ClaimState.WITHDRAWN, Action.WITHDRAW, Side.CLAIMANT, now)


def decide(
    claim: Claim, decision: Decision, actor: Actor, *, others_may: bool, now: datetime
) -> Move:
    """Decide a claim that was heard, open to appeal; or its appeal, finally.

    ``others_may``: whether another operator could decide the appeal instead of the first one.
    """
    side = _check(claim, Action.DECIDE, actor)
    _check_grant(claim, decision)
    if claim.state is APPEALED and others_may and actor.login == claim.decided_by:
        raise SameOperator(claim.claim_id, actor.login)
    after = replace(
        _at(claim, now),
        outcome=decision.outcome,
        granted_ppm=decision.granted_ppm,
        decided_by=actor.login,
    )
    if claim.state is APPEALED:
        return _final_decision(after, Action.DECIDE, side, now)
    until = after.last_at + timedelta(days=APPEAL_DAYS)
    return Move(Action.DECIDE, side, replace(after, state=DECIDED, due_at=until))


def overruled(claim: Claim, actor: Actor, *, now: datetime) -> Move:
    """Reject an open claim finally: an operator has dismissed the finding it rests on."""
    assert claim.is_open, "what is final is not overruled"
    after = replace(_at(claim, now), outcome=Outcome.REJECTED, granted_ppm=0)
    after = replace(after, decided_by=actor.login)
    return _final_decision(after, Action.DECIDE, Side.OPERATOR, now)


def appeal(claim: Claim, actor: Actor, *, now: datetime) -> Move:
    """Let who lost, wholly or in part, appeal; another decision ends it."""
    side = _check(claim, Action.APPEAL, actor)
    _check_stands(claim, actor)
    assert claim.outcome
    won = {Outcome.UPHELD: Side.CLAIMANT, Outcome.REJECTED: Side.RESPONDENT}.get(claim.outcome)
    if side is won:
        raise NothingToAppeal(claim.claim_id, side=side, outcome=claim.outcome)
    return Move(Action.APPEAL, side, replace(_at(claim, now), state=APPEALED, due_at=None))


def _final_decision(claim: Claim, action: Action, side: Side, now: datetime) -> Move:
    if claim.granted_ppm:
        return _ended(claim, ClaimState.VERIFIED, action, side, now, Effect.TRANSFER)
    return _ended(claim, ClaimState.REJECTED, action, side, now)


def _ended(
    claim: Claim,
    state: ClaimState,
    action: Action,
    side: Side,
    now: datetime,
    effect: Effect = Effect.RETURN,
) -> Move:
    assert state in FINAL
    return Move(action, side, replace(_at(claim, now), state=state, due_at=None), (effect,))


def _give_up(claim: Claim, action: Action, actor: Actor, now: datetime) -> Claim:
    _check(claim, action, actor)
    _check_stands(claim, actor)
    assert actor.holder_id is not None
    return replace(_at(claim, now), gave_up=claim.gave_up | {actor.holder_id})


def _check(claim: Claim, action: Action, actor: Actor) -> Side:
    states, sides = MAY[action]
    side = claim.side_of(actor)
    if side not in sides:
        raise WrongSide(claim.claim_id, side=side, action=action)
    if claim.state not in states:
        raise ActionOutOfOrder(claim.claim_id, state=claim.state, action=action)
    return side


def _check_stands(claim: Claim, actor: Actor) -> None:
    if actor.holder_id in claim.gave_up:
        raise AnsweredAlready(claim.claim_id, actor.holder_id)


def _check_grant(claim: Claim, decision: Decision) -> None:
    most, granted = claim.claimed_ppm, decision.granted_ppm
    fits = {
        Outcome.UPHELD: granted == most,
        Outcome.PARTLY: 0 < granted < most,
        Outcome.REJECTED: granted == 0,
    }[decision.outcome]
    if not fits:
        raise GrantOutOfRange(
            claim.claim_id, outcome=decision.outcome, granted_ppm=granted, most=most
        )
    if granted and not claim.has_evidence:
        raise NothingProven(claim.claim_id)


def _at(claim: Claim, now: datetime) -> Claim:
    """Date a step: never before the step it follows, though a clock went back."""
    return replace(claim, last_at=max(now, claim.last_at))
