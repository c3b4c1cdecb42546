"""Near copies open a conflict: the holders of the earlier work claim of the later one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import Actor
from service.store import claim_filing
from service.store.claim_filing import NewClaim
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import MAX_REASON_CHARS, Evidence, Said

FINDER = Actor("examination")

# The split of a work on a day, or the first to come. Who already holds all of the later work, as
# new editions do, has nobody to claim of.
_SPLIT = """
LATERAL (SELECT holder_ids, shares_ppm FROM rights_version r WHERE r.superseded_at IS NULL
    AND r.work_id = {} ORDER BY lower(r.days) <= :day DESC, abs(lower(r.days) - :day) LIMIT 1)
"""
_WAITING = f"""
SELECT f.finding_id, f.work_id, f.of_work_id, o.title, f.share_ppm, own.holder_ids, own.shares_ppm,
    (SELECT coalesce(sum(s), 0) FROM unnest(late.holder_ids, late.shares_ppm) AS t (h, s)
     WHERE h <> ALL (own.holder_ids)), jsonb_array_length(f.evidence)
FROM finding f JOIN work o ON o.work_id = f.of_work_id
JOIN {_SPLIT.format("coalesce(o.edition_of, o.work_id)")} AS own ON true
JOIN {_SPLIT.format("f.work_id")} AS late ON true
WHERE f.state = 'open' AND f.kind = 'near-copy' AND NOT o.commons AND f.share_ppm > 0
AND NOT late.holder_ids <@ own.holder_ids
AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.finding_id = f.finding_id)
AND NOT EXISTS (SELECT 1 FROM claim c JOIN claim_party p USING (claim_id)
    WHERE c.work_id = f.work_id AND p.side = 'claimant' AND p.holder_id = ANY (own.holder_ids)
    AND c.state NOT IN ('verified', 'rejected', 'withdrawn', 'expired'))
ORDER BY f.finding_id LIMIT 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class NearCopy:
    """An open finding that nobody has claimed on. others_ppm: of those who do not hold both."""

    finding_id: int
    work_id: int
    of_work_id: int
    of_title: str
    share_ppm: int
    holders: dict[int, int]
    others_ppm: int
    spans: int


def next_waiting(session: Session, *, day: date) -> NearCopy | None:
    """Return the first near copy that has opened no conflict yet.

    Not while one of the earlier work's holders has a claim of its own over the later one.
    """
    row = session.execute(text(_WAITING), {"day": day}).first()
    if not row:
        return None
    holders = dict(zip(row[5], row[6], strict=True))
    told: tuple[Any, ...] = (*row[:5], holders, int(row[7]), int(row[8]))
    return NearCopy(*told)


def open_conflict(session: Session, found: NearCopy, *, now: datetime) -> StoredClaim:
    """File the claim of the earlier work's holders, with the finding as its evidence.

    They claim as much of the later work as its text is theirs, in proportion to their shares.
    """
    evidence = (
        f"Finding {found.finding_id}: {found.share_ppm} ppm of the text of work {found.work_id} "
        f"stands in work {found.of_work_id}, “{found.of_title}”, registered before it; "
        f"{found.spans} passages side by side."
    )
    said = Said(f"near copy of work {found.of_work_id}, found at registration", Evidence(evidence))
    new = NewClaim(
        found.work_id,
        min(found.share_ppm, found.others_ppm),
        found.holders,
        said,
        finding_id=found.finding_id,
    )
    return claim_filing.file(session, new, by=FINDER, now=now)


def next_overruled(session: Session) -> tuple[int, str, str] | None:
    """Return an open claim whose finding an operator has dismissed: its number, who, and why."""
    row = session.execute(
        text(
            "SELECT c.claim_id, f.decided_by, 'finding ' || f.finding_id || ' was dismissed: ' "
            "|| f.reason FROM claim c JOIN finding f USING (finding_id) "
            "WHERE f.state = 'dismissed' AND c.state NOT IN "
            "('verified', 'rejected', 'withdrawn', 'expired') ORDER BY c.claim_id LIMIT 1"
        )
    ).first()
    return (int(row[0]), str(row[1]), str(row[2])[:MAX_REASON_CHARS]) if row else None
