"""Proposals of rights as rows, with what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.derivation import Change
from service.ledger.proposal import (
    OPEN_FOR,
    Proposal,
    ProposalEnded,
    ProposalNotFound,
    ProposalState,
)

MAX_MESSAGE_CHARS, MAX_REASON_CHARS = 2_000, 400


@dataclass(frozen=True, slots=True)
class Proposer:
    """Who proposes: a holder, or nobody's holder (an operator, registration), and their login."""

    holder_id: int | None
    login: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a holder answered, and who wrote it down."""

    holder_id: int
    accepted: bool
    reason: str
    answered_by: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A proposal with its course so far. change_id: the change of rights it became."""

    proposal_id: int
    title: str
    proposal: Proposal
    finding_id: int | None
    message: str
    proposer: Proposer
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState
    ended_at: datetime | None
    ended_by: str | None
    reason: str | None
    change_id: int | None
    answers: tuple[Answer, ...]

    @property
    def said(self) -> dict[int, bool]:
        """Whether each holder who answered accepted."""
        return {answer.holder_id: answer.accepted for answer in self.answers}


def insert(
    session: Session,
    proposal: Proposal,
    *,
    message: str,
    proposer: Proposer,
    finding_id: int | None,
    now: datetime,
) -> int:
    """Keep a proposal; return its number."""
    change = proposal.change
    query = text(
        "INSERT INTO proposal (work_id, valid_from, in_force, holder_ids, shares_ppm, "
        "upstream_work_ids, upstream_ppm, basis_holder_ids, basis_shares_ppm, finding_id, message, "
        "proposer_id, proposed_by, proposed_at, expires_at) VALUES (:work, :day, :in_force, "
        ":holders, :shares, CAST(:upstream AS bigint[]), CAST(:upstream_ppm AS integer[]), "
        ":basis, :basis_ppm, :finding, :message, :proposer, :by, :now, :expires) "
        "RETURNING proposal_id"
    )
    shares = None if change.shares_ppm is None else _columns(change.shares_ppm)
    upstream = _columns(change.upstream_ppm or {})
    basis = _columns(proposal.basis_ppm)
    fields = {
        "work": proposal.work_id,
        "day": change.day,
        "in_force": proposal.in_force,
        "holders": shares and shares[0],
        "shares": shares and shares[1],
        "upstream": upstream[0],
        "upstream_ppm": upstream[1],
        "basis": basis[0],
        "basis_ppm": basis[1],
        "finding": finding_id,
        "message": message,
        "proposer": proposer.holder_id,
        "by": proposer.login,
        "now": now,
        "expires": now + OPEN_FOR,
    }
    return int(session.execute(query, fields).scalar_one())


def _columns(by_number: Mapping[int, int]) -> tuple[list[int], list[int]]:
    numbers = sorted(by_number)
    return numbers, [by_number[number] for number in numbers]


def answer(session: Session, proposal_id: int, given: Answer) -> None:
    """Keep an answer, once a holder."""
    session.execute(
        text(
            "INSERT INTO proposal_answer (proposal_id, holder_id, accepted, reason, answered_by, "
            "answered_at) VALUES (:id, :holder, :accepted, :reason, :by, :at)"
        ),
        {
            "id": proposal_id,
            "holder": given.holder_id,
            "accepted": given.accepted,
            "reason": given.reason,
            "by": given.answered_by,
            "at": given.answered_at,
        },
    )


def end(
    session: Session,
    proposal_id: int,
    state: ProposalState,
    *,
    reason: str,
    by: str,
    now: datetime,
    change_id: int | None = None,
) -> None:
    """End an open proposal; raise ProposalEnded."""
    ended = session.execute(
        text(
            "UPDATE proposal SET state = :state, ended_at = :now, ended_by = :by, "
            "reason = :reason, change_id = :change "
            "WHERE proposal_id = :id AND state = 'open' RETURNING proposal_id"
        ),
        {
            "id": proposal_id,
            "state": str(state),
            "now": now,
            "by": by,
            "reason": reason,
            "change": change_id,
        },
    ).first()
    if not ended:
        raise ProposalEnded(proposal_id, get(session, proposal_id).state)


def erase(session: Session, holder_id: int, *, now: datetime) -> None:
    """Write over what a holder said of proposals; what was agreed, by whom and when, stays."""
    values = {"holder": holder_id, "now": now}
    session.execute(
        text(
            "UPDATE proposal SET message = 'erased', proposed_by = 'erased', erased_at = :now "
            "WHERE proposer_id = :holder AND erased_at IS NULL"
        ),
        values,
    )
    session.execute(
        text(
            "UPDATE proposal p SET reason = 'erased', ended_by = 'erased', erased_at = :now "
            "FROM proposal_answer a WHERE a.proposal_id = p.proposal_id AND a.holder_id = :holder "
            "AND NOT a.accepted AND p.state = 'declined'"
        ),
        values,
    )
    session.execute(
        text(
            "UPDATE proposal_answer SET reason = CASE reason WHEN '' THEN '' ELSE 'erased' END, "
            "answered_by = 'erased', erased_at = :now "
            "WHERE holder_id = :holder AND erased_at IS NULL"
        ),
        values,
    )


_SELECT = """
SELECT p.proposal_id, w.title, p.work_id, p.valid_from, p.holder_ids, p.shares_ppm,
    p.upstream_work_ids, p.upstream_ppm, p.basis_holder_ids, p.basis_shares_ppm, p.in_force,
    p.finding_id, p.message, p.proposer_id, p.proposed_by, p.proposed_at, p.expires_at, p.state,
    p.ended_at, p.ended_by, p.reason, p.change_id,
    ARRAY(SELECT row_to_json(a) FROM proposal_answer a WHERE a.proposal_id = p.proposal_id
          ORDER BY a.answered_at, a.holder_id)
FROM proposal p JOIN work w USING (work_id)
"""
# Whom a proposal asks: those it names, and whoever has a share in a work it names.
_CONCERNS = """
(CAST(:holder AS bigint) IS NULL OR p.proposer_id = :holder OR p.holder_ids @> ARRAY[:holder]
    OR EXISTS (SELECT 1 FROM rights_version r WHERE r.holder_ids @> ARRAY[:holder]
        AND r.superseded_at IS NULL AND (r.work_id = p.work_id
            OR r.work_id = ANY (p.upstream_work_ids))))
""".replace("ARRAY[:holder]", "ARRAY[CAST(:holder AS bigint)]")


def get(session: Session, proposal_id: int, *, holder_id: int | None = None) -> StoredProposal:
    """Return a proposal; raise ProposalNotFound for none, and for one that does not concern one."""
    row = None
    if 0 < proposal_id < 2**63:
        query = text(_SELECT + "WHERE p.proposal_id = :id AND " + _CONCERNS)
        row = session.execute(query, {"id": proposal_id, "holder": holder_id}).first()
    if not row:
        raise ProposalNotFound(proposal_id)
    return _read(row)


def listing(
    session: Session,
    *,
    holder_id: int | None,
    work_id: int | None = None,
    only_open: bool = False,
    before: int | None = None,
    limit: int,
) -> list[StoredProposal]:
    """List proposals, newest first, below one number: of one holder and of one work where told."""
    rows = session.execute(
        text(
            _SELECT + "WHERE (CAST(:work AS bigint) IS NULL OR p.work_id = :work) "
            "AND (NOT :only_open OR p.state = 'open') "
            "AND (CAST(:before AS bigint) IS NULL OR p.proposal_id < :before) AND "
            + _CONCERNS
            + "ORDER BY p.proposal_id DESC LIMIT :limit"
        ),
        {
            "holder": holder_id,
            "work": work_id,
            "only_open": only_open,
            "before": before,
            "limit": limit,
        },
    )
    return [_read(row) for row in rows]


def open_count(session: Session, work_id: int) -> int:
    """Count the open proposals of a work."""
    query = text("SELECT count(*) FROM proposal WHERE work_id = :work AND state = 'open'")
    return int(session.execute(query, {"work": work_id}).scalar_one())


def due(session: Session, *, now: datetime) -> int | None:
    """Return an open proposal whose time is over, the first to end, if any."""
    query = text(
        "SELECT proposal_id FROM proposal WHERE state = 'open' AND expires_at <= :now "
        "ORDER BY expires_at, proposal_id LIMIT 1"
    )
    found = session.execute(query, {"now": now}).scalar()
    return None if found is None else int(found)


def _read(row: Sequence[Any]) -> StoredProposal:
    number, title, work_id, day, holders, shares, upstream, upstream_ppm = row[:8]
    basis, basis_ppm = row[8:10]
    in_force, finding_id, message = row[10:13]
    proposer_id, login, at, until, state = row[13:18]
    split = None if holders is None else dict(zip(holders, shares, strict=True))
    named = dict(zip(upstream, upstream_ppm, strict=True))
    proposal = Proposal(
        work_id,
        Change(day, split, named or None),
        dict(zip(basis, basis_ppm, strict=True)),
        in_force,
    )
    ended_at, ended_by, reason, change_id = row[18:22]
    return StoredProposal(
        *(number, title, proposal, finding_id, message),
        *(Proposer(proposer_id, login), at, until, ProposalState(state)),
        *(ended_at, ended_by, reason, change_id),
        tuple(
            Answer(
                each["holder_id"],
                each["accepted"],
                each["reason"],
                each["answered_by"],
                datetime.fromisoformat(each["answered_at"]),
            )
            for each in row[22]
        ),
    )
