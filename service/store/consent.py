"""The course of a proposal: proposed, answered, ended, and what it does to rights and holds.

Everything is done under the lock of rights, so that of two answers given at once one comes second.
"""

from datetime import datetime

from sqlmodel import Session

from service.ledger.derivation import Change, Timeline
from service.ledger.proposal import (
    MOST_OPEN,
    AnsweredAlready,
    NotAsked,
    NotProposer,
    Proposal,
    ProposalEnded,
    ProposalState,
    TooManyProposals,
    asked,
    is_overtaken,
    left_to_change,
    outcome,
    touched,
)
from service.store import confirmations, derivations, findings, proposals, rights
from service.store.proposals import (
    MAX_MESSAGE_CHARS,
    MAX_REASON_CHARS,
    Answer,
    Proposer,
    StoredProposal,
)
from service.store.text_rules import BadText, check_text

CLOCK = "clock"


def propose(
    session: Session,
    work_id: int,
    change: Change,
    *,
    message: str,
    proposer: Proposer,
    finding_id: int | None = None,
    now: datetime,
) -> StoredProposal:
    """Propose a change; it takes effect once everybody asked has accepted, perhaps at once.

    What could not take effect is refused now: UpstreamCycle, UpstreamTooLarge, BadText.
    """
    derivations.lock(session)
    check_text(message, place="message", max_chars=MAX_MESSAGE_CHARS, empty=True)
    rights.check(session, work_id, change)
    line = rights.history(session, work_id)
    if change.day < line[0].valid_from:
        raise BadText("valid_from", f"must not lie before the first split, {line[0].valid_from}")
    if proposals.open_count(session, work_id) >= MOST_OPEN:
        raise TooManyProposals(work_id)
    if finding_id is not None and findings.get(session, finding_id).work_id != work_id:
        raise BadText("finding_id", "is about another work")
    basis = touched(line, change.day)[0].shares_ppm
    proposal = Proposal(work_id, change, dict(basis))
    number = proposals.insert(
        session, proposal, message=message, proposer=proposer, finding_id=finding_id, now=now
    )
    stored = proposals.get(session, number)
    if proposer.holder_id is None or proposer.holder_id not in who_is_asked(session, stored):
        return stored
    agreed = Answer(proposer.holder_id, True, "", proposer.login, now)  # noqa: FBT003
    return _answer(session, stored, agreed)


def who_is_asked(session: Session, stored: StoredProposal) -> frozenset[int]:
    """Return everybody whose consent a proposal needs by the rights of now."""
    proposal = stored.proposal
    upstream = [rights.history(session, work) for work in proposal.change.upstream_ppm or ()]
    return asked(proposal, rights.history(session, proposal.work_id), [u for u in upstream if u])


def waits_for(session: Session, stored: StoredProposal) -> list[int]:
    """Return who has not answered an open proposal yet; nobody once it has ended."""
    if stored.state is not ProposalState.OPEN:
        return []
    return sorted(who_is_asked(session, stored) - stored.said.keys())


def answer(
    session: Session,
    proposal_id: int,
    *,
    holder_id: int,
    accepted: bool,
    reason: str,
    by: str,
    now: datetime,
) -> StoredProposal:
    """Answer for a holder; a refusal has a reason. Return the proposal as it stands then.

    One that was overtaken meanwhile ends as that, unanswered.
    """
    derivations.lock(session)
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS, empty=accepted)
    stored = _open(session, proposal_id, holder_id=holder_id, now=now)
    if stored.state is not ProposalState.OPEN:
        return stored
    if holder_id not in who_is_asked(session, stored):
        raise NotAsked(proposal_id, holder_id)
    if holder_id in stored.said:
        raise AnsweredAlready(proposal_id, holder_id)
    return _answer(session, stored, Answer(holder_id, accepted, reason, by, now))


def _open(
    session: Session, proposal_id: int, *, holder_id: int | None, now: datetime
) -> StoredProposal:
    """Return a proposal that was open; ended where the clock or other changes have ended it."""
    stored = proposals.get(session, proposal_id, holder_id=holder_id)
    if stored.state is not ProposalState.OPEN:
        raise ProposalEnded(proposal_id, stored.state)
    why = _overtaken(session, stored)
    if why:
        return _end(session, stored, ProposalState.OVERTAKEN, why, by=CLOCK, now=now)
    if stored.expires_at <= now:
        why = "not everybody had answered in time"
        return _end(session, stored, ProposalState.EXPIRED, why, by=CLOCK, now=now)
    return stored


def _overtaken(session: Session, stored: StoredProposal) -> str:
    """Say why a proposal is about what is so no longer; empty where it is not."""
    if is_overtaken(stored.proposal, rights.history(session, stored.proposal.work_id)):
        return "the split it was to change is another one by now"
    if stored.finding_id and findings.get(session, stored.finding_id).state == findings.DISMISSED:
        return f"finding {stored.finding_id} was dismissed"
    return ""


def _answer(session: Session, stored: StoredProposal, given: Answer) -> StoredProposal:
    proposals.answer(session, stored.proposal_id, given)
    stored = proposals.get(session, stored.proposal_id)
    now, by = given.answered_at, given.answered_by
    if stored.proposal.in_force and given.accepted:
        confirmations.give_free(
            session,
            stored.proposal.work_id,
            [given.holder_id],
            proposal_id=stored.proposal_id,
            now=now,
        )
    state = outcome(stored.proposal, who_is_asked(session, stored), stored.said)
    if state is ProposalState.ACCEPTED:
        return _take_effect(session, stored, state, "everybody has accepted", by=by, now=now)
    if state is ProposalState.DECLINED:
        whose = next(each for each in stored.answers if not each.accepted)
        why = f"holder {whose.holder_id}: {whose.reason}"
        return _end(session, stored, state, why, by=by, now=now)
    return stored


def _take_effect(
    session: Session,
    stored: StoredProposal,
    state: ProposalState,
    reason: str,
    *,
    by: str,
    now: datetime,
) -> StoredProposal:
    proposal = stored.proposal
    line = rights.history(session, proposal.work_id)
    named = rights.versions(session, [v for version in line for v in version.upstream_ppm])
    left = left_to_change(proposal, line, {v: each.work_id for v, each in named.items()})
    consenting = sorted(who_is_asked(session, stored))
    losing, change_id = _losing(line, left), None
    if left:
        why = f"proposal {stored.proposal_id}"  # its words stand in rows that can be erased
        change_id, _ = rights.change(session, proposal.work_id, left, reason=why, by=by, now=now)
    confirmations.give_free(
        session,
        proposal.work_id,
        consenting,
        proposal_id=stored.proposal_id,
        losing=losing if left and rights.may_have_sales(left.day, now=now) else (),
        change_id=change_id,
        now=now,
    )
    return _end(session, stored, state, reason, by=by, now=now, change_id=change_id)


def _losing(line: Timeline, left: Change | None) -> list[int]:
    """Return who has less by a change, on any day, than before it."""
    if left is None or left.shares_ppm is None:
        return []
    given = left.shares_ppm
    versions = touched(line, left.day)
    return sorted({h for v in versions for h, ppm in v.shares_ppm.items() if given.get(h, 0) < ppm})


def _end(
    session: Session,
    stored: StoredProposal,
    state: ProposalState,
    reason: str,
    *,
    by: str,
    now: datetime,
    change_id: int | None = None,
) -> StoredProposal:
    number = stored.proposal_id
    proposals.end(session, number, state, reason=reason, by=by, now=now, change_id=change_id)
    return proposals.get(session, number)


def withdraw(
    session: Session,
    proposal_id: int,
    *,
    holder_id: int | None,
    reason: str,
    by: str,
    now: datetime,
) -> StoredProposal:
    """Take an open proposal back; only its proposer, or an operator where registration made it."""
    derivations.lock(session)
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS, empty=True)
    stored = proposals.get(session, proposal_id, holder_id=holder_id)
    if stored.proposer.holder_id != holder_id:
        raise NotProposer(proposal_id)
    why = reason or "withdrawn by its proposer"
    return _end(session, stored, ProposalState.WITHDRAWN, why, by=by, now=now)


def decide(
    session: Session, proposal_id: int, *, effect: bool, reason: str, by: str, now: datetime
) -> StoredProposal:
    """Decide an open proposal as an operator, for those who cannot or will not answer."""
    derivations.lock(session)
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    stored = _open(session, proposal_id, holder_id=None, now=now)
    if stored.state is not ProposalState.OPEN:
        return stored
    if effect:
        return _take_effect(session, stored, ProposalState.IMPOSED, reason, by=by, now=now)
    return _end(session, stored, ProposalState.REFUSED, reason, by=by, now=now)


def expire_next(session: Session, *, now: datetime) -> bool:
    """End one proposal whose time is over; whether there was one."""
    if proposals.due(session, now=now) is None:
        return False
    derivations.lock(session)
    number = proposals.due(session, now=now)
    if number is not None:
        _open(session, number, holder_id=None, now=now)
    return number is not None
