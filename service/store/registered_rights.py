"""What registration says of rights: the first split, and what a work seems to derive from."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session

from service.ledger.derivation import Change
from service.ledger.hold import HoldReason
from service.ledger.money import PPM
from service.ledger.proposal import Proposal
from service.store import holds, proposals, rights, works
from service.store.holds import NewHold
from service.store.proposals import Answer, Proposer


def first_split(
    session: Session,
    work_id: int,
    shares_ppm: Mapping[int, int],
    *,
    proposer: Proposer,
    day: date,
    now: datetime,
) -> int:
    """Store the first split of a new work; return its rights version.

    It counts at once. What a holder other than its proposer earns by it is held until they confirm
    it. A split that no holder proposes (an operator's, an import) rests on what is on file: it is
    confirmed.
    """
    version = rights.first_version(session, work_id, shares_ppm, day=day, now=now)
    others = sorted(shares_ppm.keys() - {proposer.holder_id})
    if proposer.holder_id is None or not others:
        return version
    proposal = Proposal(work_id, Change(day, dict(shares_ppm)), dict(shares_ppm), in_force=True)
    number = proposals.insert(
        session, proposal, message="registration", proposer=proposer, finding_id=None, now=now
    )
    for holder in others:
        cause = f"proposal {number}"
        held = NewHold(holder, work_id, PPM, HoldReason.UNCONFIRMED, cause)
        holds.start(session, held, now=now)
    if proposer.holder_id in shares_ppm:
        agreed = Answer(proposer.holder_id, True, "", proposer.login, now)  # noqa: FBT003
        proposals.answer(session, number, agreed)
    return version


def propose_found(
    session: Session,
    work_id: int,
    of_work_id: int,
    *,
    share_ppm: int,
    finding_id: int,
    now: datetime,
) -> int | None:
    """Propose that a work derives from one it takes passages of, from its first split on.

    What registration found; the holders of both works, or an operator, confirm it or not. Nothing
    is proposed where one of the works is nobody's, nor of a later edition, which has no split: what
    it takes is the earlier work's by its passages. What is taken from an edition is of its work.
    """
    of_work_id = works.text_row(session, of_work_id).edition_of or of_work_id
    lines = [rights.history(session, work) for work in (work_id, of_work_id)]
    if not all(lines):
        return None
    first = lines[0][0]
    change = Change(first.valid_from, None, {of_work_id: share_ppm})
    proposal = Proposal(work_id, change, dict(first.shares_ppm))
    message = f"registration found {share_ppm} ppm of the text in work {of_work_id}"
    by = Proposer(None, "registration")
    return proposals.insert(
        session, proposal, message=message, proposer=by, finding_id=finding_id, now=now
    )
