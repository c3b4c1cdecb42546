"""A claim as it is stored: the row, its parties, and what keeps their parts from payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.ledger.claim import Claim, ClaimState, Outcome, Side

OPEN = "state NOT IN ('verified', 'rejected', 'withdrawn', 'expired')"
"""Condition of a claim to which something can still happen."""


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A claim with what was said as it was filed.

    over_ppm: by how much all that was held and claimed of the work passed the whole. filed_ppm: the
    split then. followed_to: the last change of rights its holds have followed. holds: by party,
    and by who has a party's share by now. names: of all parties. settled_at: when its holds ended,
    None while they last.
    """

    claim: Claim
    title: str
    filed_at: datetime
    filed_by: str
    reason: str
    from_first_day: bool
    over_ppm: int
    counters: int | None
    finding_id: int | None
    step_count: int
    settled_at: datetime | None
    filed_ppm: Mapping[int, int]
    followed_to: int
    holds: Mapping[int, int]
    names: Mapping[int, str]


SELECT = f"""
SELECT c.claim_id, c.work_id, c.state, c.held_from, c.last_at, c.due_at, c.has_evidence,
    EXISTS (SELECT 1 FROM claim n WHERE n.counters = c.claim_id AND n.{OPEN}),
    c.gave_up, c.outcome, c.granted_ppm, c.decided_by,
    w.title, c.filed_at, c.filed_by, said.reason, c.from_first_day, c.over_ppm, c.counters,
    c.finding_id, c.step_count, c.settled_at, c.split_holders, c.split_ppm, c.followed_to,
    p.holders, p.names, p.sides, p.shares, p.holds, f.holders, f.holds
FROM claim c JOIN work w USING (work_id)
JOIN claim_said said ON said.claim_id = c.claim_id AND said.step_no = 1
JOIN LATERAL (SELECT array_agg(o.holder_id) AS holders, array_agg(party.name) AS names,
    array_agg(o.side) AS sides, array_agg(o.share_ppm) AS shares, array_agg(o.hold_id) AS holds
    FROM claim_party o JOIN party ON party_id = o.holder_id
    WHERE o.claim_id = c.claim_id) AS p ON true
JOIN LATERAL (SELECT coalesce(array_agg(h.holder_id ORDER BY h.hold_id), '{{}}') AS holders,
    coalesce(array_agg(h.hold_id ORDER BY h.hold_id), '{{}}') AS holds
    FROM claim_hold h WHERE h.claim_id = c.claim_id) AS f ON true
"""  # noqa: S608 - constants


def stored(row: Sequence[Any]) -> StoredClaim:
    """Make a claim of a row of SELECT."""
    number, work, state, since, last, due_at, proven, countered, gone, outcome, granted, by = row[
        :12
    ]
    holders, names, sides, shares, holds, later, later_holds = row[25:]
    of_side: dict[str, dict[int, int]] = {Side.CLAIMANT: {}, Side.RESPONDENT: {}}
    for holder, side, ppm in zip(holders, sides, shares, strict=True):
        of_side[side][holder] = ppm
    claim = Claim(
        number,
        work,
        ClaimState(state),
        of_side[Side.CLAIMANT],
        of_side[Side.RESPONDENT],
        since,
        last,
        due_at,
        has_evidence=proven,
        is_countered=countered,
        gave_up=frozenset(gone),
        outcome=Outcome(outcome) if outcome else None,
        granted_ppm=granted,
        decided_by=by,
    )
    held = {h: hold for h, hold in zip(holders, holds, strict=True) if hold is not None}
    held |= dict(zip(later, later_holds, strict=True))
    filed = dict(zip(row[22], row[23], strict=True))
    named = dict(zip(holders, names, strict=True))
    told: tuple[Any, ...] = (*row[12:22], filed, row[24], held, named)
    return StoredClaim(claim, *told)
