"""Terms that one holder proposes to the others: they count once all have accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from service.ledger import offer as course
from service.ledger.licence import Licence, Use
from service.ledger.offer import AHEAD_DAYS, OfferState, Said, Step, state_of
from service.ledger.proposal import NotProposer, ProposalNotFound, ProposalState
from service.store import licences, procurement
from service.store.database import driver
from service.store.licences import LicenceChanged, LicenceStartsTooEarly, NewLicence
from service.store.offers import MAX_NOTE_CHARS
from service.store.procurement import Answer
from service.store.text_rules import check_text

_STATES = {OfferState.OFFERED: ProposalState.OPEN} | {
    one: ProposalState(str(one)) for one in OfferState if one is not OfferState.OFFERED
}


@dataclass(frozen=True, slots=True)
class StoredLicenceProposal:
    """Proposed terms and what was said of them. ``seen``: the newest terms they were made over."""

    proposal_id: int
    new: NewLicence
    seen: int
    newest: int
    proposer_id: int
    proposed_by: str
    proposed_at: datetime
    steps: tuple[Step, ...]

    @property
    def open_until(self) -> date:
        """First day on which it is too late: the terms would begin with days that have sales."""
        return self.new.valid_from - timedelta(days=AHEAD_DAYS)

    def state(self, now: datetime) -> ProposalState:
        """Return how far it has come; other terms set meanwhile overtake it."""
        said = state_of(self.open_until, self.steps, today=now.astimezone(UTC).date())
        if said is OfferState.OFFERED and self.newest != self.seen:
            return ProposalState.OVERTAKEN
        return _STATES[said]


def propose(
    session: Session, new: NewLicence, *, seen: int, holder_id: int, by: str, now: datetime
) -> StoredLicenceProposal:
    """Propose terms over those that were seen; the proposer accepts hereby, perhaps the last.

    Raises LicenceStartsTooEarly, LicenceChanged, BadText, NotAsked.
    """
    earliest = now.astimezone(UTC).date() + timedelta(days=AHEAD_DAYS + 1)
    if new.valid_from < earliest:
        raise LicenceStartsTooEarly(new.work_id, asked=new.valid_from, earliest=earliest)
    facts = licences.columns_of(new)
    licences.lock(session)
    newest = licences.newest_id(session, new.work_id)
    if seen != newest:
        raise LicenceChanged(new.work_id, seen=seen, newest=newest)
    row = (
        driver(session)
        .execute(
            "INSERT INTO licence_proposal (work_id, valid_from, uses, multiplier_ppm, "
            "embargo_until, excluded_vendor_ids, uri, reason, seen_licence_id, proposer_id, "
            "proposed_by, proposed_at) VALUES (%(work)s, %(day)s, %(uses)s, %(multiplier)s, "
            "%(embargo)s, %(excluded)s::bigint[], %(uri)s, %(reason)s, %(seen)s, %(holder)s, "
            "%(by)s, %(now)s) RETURNING proposal_id",
            facts | {"seen": seen, "holder": holder_id, "by": by, "now": now},
        )
        .fetchone()
    )
    assert row
    return accept(session, int(row[0]), Answer(holder_id, by), now=now)


def accept(
    session: Session, proposal_id: int, answer: Answer, *, now: datetime
) -> StoredLicenceProposal:
    """Let a holder accept; the last to do so sets the terms.

    Raises ProposalNotFound, NoLongerOpen, NotAsked, AgreedAlready.
    """
    licences.lock(session)
    stored = get(session, proposal_id)
    said = course.accept(
        _named(proposal_id),
        _open_state(stored, now=now),
        stored.steps,
        holder_id=answer.holder_id,
        asked=asked_of(session, stored),
    )
    _say(session, proposal_id, said, answer, now=now)
    if Said.ACCEPTED in said:
        licences.set_terms(
            session,
            stored.new,
            earliest=stored.new.valid_from,
            seen=stored.seen,
            by=f"all holders, proposal {proposal_id}",
            now=now,
        )
    return get(session, proposal_id)


def decline(
    session: Session, proposal_id: int, answer: Answer, *, now: datetime
) -> StoredLicenceProposal:
    """Let a holder decline: the proposal ends. Raises as ``accept``."""
    licences.lock(session)
    stored = get(session, proposal_id)
    state, asked = _open_state(stored, now=now), asked_of(session, stored)
    said = course.decline(_named(proposal_id), state, holder_id=answer.holder_id, asked=asked)
    _say(session, proposal_id, said, answer, now=now)
    return get(session, proposal_id)


def withdraw(
    session: Session, proposal_id: int, answer: Answer, *, now: datetime
) -> StoredLicenceProposal:
    """Let its proposer take it back. Raises ProposalNotFound, NotProposer, NoLongerOpen."""
    licences.lock(session)
    stored = get(session, proposal_id)
    if stored.proposer_id != answer.holder_id:
        raise NotProposer(proposal_id)
    said = course.withdraw(_named(proposal_id), _open_state(stored, now=now))
    _say(session, proposal_id, said, answer, now=now)
    return get(session, proposal_id)


def _named(proposal_id: int) -> str:
    return f"terms proposal {proposal_id}"


def _open_state(stored: StoredLicenceProposal, *, now: datetime) -> OfferState:
    """Return the state for the decider; raise NoLongerOpen for one that was overtaken."""
    state = stored.state(now)
    if state is ProposalState.OVERTAKEN:
        raise course.NoLongerOpen(_named(stored.proposal_id), state)
    return state_of(stored.open_until, stored.steps, today=now.astimezone(UTC).date())


def asked_of(session: Session, stored: StoredLicenceProposal) -> frozenset[int]:
    """Return who must accept: all who hold shares of the work now; nobody once it is withdrawn."""
    splits = procurement.splits_of(session, [stored.new.work_id])
    return frozenset(splits.get(stored.new.work_id, ()))


def _say(
    session: Session, proposal_id: int, said: Sequence[Said], answer: Answer, *, now: datetime
) -> None:
    check_text(answer.note, place="note", max_chars=MAX_NOTE_CHARS, empty=True)
    for one in said:
        driver(session).execute(
            "INSERT INTO licence_answer (proposal_id, said, holder_id, note, taken_by, taken_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (
                proposal_id,
                str(one),
                answer.holder_id if one in {Said.AGREED, Said.DECLINED} else None,
                answer.note,
                answer.by,
                now,
            ),
        )


_SELECT = """
SELECT proposal_id, work_id, valid_from, uses, multiplier_ppm, embargo_until, excluded_vendor_ids,
    uri, reason, seen_licence_id, proposer_id, proposed_by, proposed_at,
    coalesce((SELECT max(licence_id) FROM licence l WHERE l.work_id = p.work_id), 0)
FROM licence_proposal p
"""


def get(session: Session, proposal_id: int) -> StoredLicenceProposal:
    """Return a proposal; raise ProposalNotFound."""
    query = f"{_SELECT} WHERE proposal_id = %s"
    rows = driver(session).execute(query.encode(), (proposal_id,)).fetchall()
    if not rows:
        raise ProposalNotFound(proposal_id)
    return _stored(session, rows)[0]


def of_work(
    session: Session, work_id: int, *, before: int | None, limit: int
) -> list[StoredLicenceProposal]:
    """List what was proposed of a work below a number, newest first."""
    query = (
        f"{_SELECT} WHERE work_id = %(work)s AND (%(before)s::bigint IS NULL "
        "OR proposal_id < %(before)s) ORDER BY proposal_id DESC LIMIT %(limit)s"
    )
    facts = {"work": work_id, "before": before, "limit": limit}
    return _stored(session, driver(session).execute(query.encode(), facts).fetchall())


def _stored(session: Session, rows: Sequence[Sequence[Any]]) -> list[StoredLicenceProposal]:
    said: dict[int, list[Step]] = {}
    for number, one, holder, note, by, at in driver(session).execute(
        "SELECT proposal_id, said, holder_id, note, taken_by, taken_at FROM licence_answer "
        "WHERE proposal_id = ANY(%s::bigint[]) ORDER BY answer_id",
        ([row[0] for row in rows],),
    ):
        said.setdefault(number, []).append(Step(Said(one), holder, at, by, note))
    found = []
    for number, work, day, uses, multiplier, embargo, excluded, *more in rows:
        uri, reason, seen, proposer, by, at, newest = more
        allowed = frozenset(use for use in Use if uses & use.bit)
        licence = Licence(allowed, multiplier, embargo, frozenset(excluded))
        new = NewLicence(work, day, licence, uri, reason)
        steps = tuple(said.get(number, ()))
        found.append(StoredLicenceProposal(number, new, seen, newest, proposer, by, at, steps))
    return found
