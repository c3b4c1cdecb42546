"""Consent to a split or to upstream shares: who is asked, and what their answers come to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from service.ledger.derivation import Change, Timeline
from service.ledger.errors import LedgerError
from service.ledger.rights import RightsVersion

OPEN_FOR = timedelta(days=30)
MOST_OPEN = 20
"""Proposals of one work that wait for answers at once."""


class ProposalState(StrEnum):
    """Where a proposal stands: ``open``, or how it ended.

    imposed, refused: an operator decided; overtaken: what it was about became otherwise.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    IMPOSED = "imposed"
    REFUSED = "refused"


class ProposalNotFound(LedgerError):
    """No such proposal, or none that asks you."""

    def __init__(self, proposal_id: int) -> None:
        super().__init__(f"no proposal {proposal_id}", proposal_id=proposal_id)


class ProposalEnded(LedgerError):
    """A proposal was to be answered or ended that has ended."""

    def __init__(self, proposal_id: int, state: ProposalState) -> None:
        super().__init__(
            f"proposal {proposal_id} is {state} already", proposal_id=proposal_id, state=str(state)
        )


class NotAsked(LedgerError):
    """Somebody answered whose consent a proposal does not need."""

    def __init__(self, proposal_id: int, holder_id: int) -> None:
        super().__init__(
            f"proposal {proposal_id} does not ask holder {holder_id}",
            proposal_id=proposal_id,
            holder_id=holder_id,
        )


class AnsweredAlready(LedgerError):
    """A holder answered a proposal twice."""

    def __init__(self, proposal_id: int, holder_id: int) -> None:
        super().__init__(
            f"holder {holder_id} has answered proposal {proposal_id} already",
            proposal_id=proposal_id,
            holder_id=holder_id,
        )


class NotProposer(LedgerError):
    """Somebody else than its proposer wanted to withdraw a proposal."""

    def __init__(self, proposal_id: int) -> None:
        super().__init__(
            f"proposal {proposal_id} is not yours to withdraw", proposal_id=proposal_id
        )


class NothingProposed(LedgerError):
    """A proposal names neither a split nor an upstream work."""

    def __init__(self) -> None:
        super().__init__("a proposal names holders, or upstream works, or both")


class TooManyProposals(LedgerError):
    """A work has as many open proposals as are taken."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"work {work_id} has {MOST_OPEN} open proposals: end one first", work_id=work_id
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of a work's rights that somebody proposes.

    in_force: a new work's first split, which counts at once; each share waits to be confirmed.
    basis_ppm: the split of the day when it was proposed.
    """

    work_id: int
    change: Change
    basis_ppm: Mapping[int, int]
    in_force: bool = False

    def __post_init__(self) -> None:
        if self.change.shares_ppm is None and not self.change.upstream_ppm:
            raise NothingProposed


def touched(line: Timeline, day: date) -> list[RightsVersion]:
    """Return the versions that count on a day or later."""
    following = [version.valid_from for version in line[1:]]
    return [
        version
        for version, end in zip(line, [*following, None], strict=True)
        if end is None or end > day
    ]


def asked(proposal: Proposal, line: Timeline, upstream: Iterable[Timeline]) -> frozenset[int]:
    """Return everybody whose consent a proposal needs: all who give something, or get something.

    Holders of the work from the day on, those proposed, and the holders of upstream works it names
    (``upstream``: their timelines). A first split asks only those it names.
    """
    proposed = frozenset(proposal.change.shares_ppm or ())
    if proposal.in_force:
        return proposed
    versions = [
        *touched(line, proposal.change.day),
        *(version for other in upstream for version in touched(other, proposal.change.day)),
    ]
    return proposed.union(*(version.shares_ppm for version in versions))


def is_overtaken(proposal: Proposal, line: Timeline) -> bool:
    """Whether the split it was to change is another one by now; consent was not to that."""
    on_the_day = touched(line, proposal.change.day)[0].shares_ppm
    return proposal.change.shares_ppm is not None and on_the_day != proposal.basis_ppm


def left_to_change(proposal: Proposal, line: Timeline, work_of: Mapping[int, int]) -> Change | None:
    """Return what of a proposal is not so already, None where nothing is left.

    ``work_of``: the work of each upstream version the timeline names.
    """
    change = proposal.change
    versions = touched(line, proposal.change.day)
    shares = change.shares_ppm
    if shares is not None and all(version.shares_ppm == shares for version in versions):
        shares = None
    wanted = change.upstream_ppm or {}
    stands = [{work_of[v]: p for v, p in version.upstream_ppm.items()} for version in versions]
    upstream = {
        work: ppm
        for work, ppm in wanted.items()
        if any(each.get(work, 0) != ppm for each in stands)
    }
    if shares is None and not upstream:
        return None
    return Change(change.day, shares, upstream or None)


def outcome(
    proposal: Proposal, who_is_asked: Collection[int], answers: Mapping[int, bool]
) -> ProposalState:
    """Say what answers (accepted, by holder) make of a proposal.

    One refusal ends it; a first split that counts already waits until everybody has answered, for
    nobody's share depends on another's answer.
    """
    if any(holder not in answers for holder in who_is_asked):
        is_refused = not proposal.in_force and not all(answers.values())
        return ProposalState.DECLINED if is_refused else ProposalState.OPEN
    return ProposalState.ACCEPTED if all(answers.values()) else ProposalState.DECLINED
