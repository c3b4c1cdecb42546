"""What works earned for one holder: released by closed periods, estimated for those still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.release import standing
from service.ledger.tiers import Tier
from service.store import lines, releases, summaries


@dataclass(frozen=True, slots=True)
class Earning:
    """A holder's part of what one line was credited in one period; signed nanos.

    ``credited_nanos`` is the whole work's. ``estimated``: the period is not closed, what
    is still to come changes it.
    """

    work_id: int
    vendor: str
    tier: Tier
    currency: str
    period: Period
    credited_nanos: int
    nanos: int
    estimated: bool


_MINE = """
WITH mine AS MATERIALIZED (
    SELECT l.line_id, l.work_id, l.tier, l.currency, party.name
    FROM holding h JOIN line l USING (work_id)
    JOIN rights_version v ON v.rights_version_id = l.rights_version_id
    JOIN party ON party.party_id = l.vendor_id
    WHERE h.holder_id = :holder AND h.work_id = ANY(:works)
        AND v.holder_ids @> ARRAY[CAST(:holder AS bigint)])
"""
_RELEASED = f"""{_MINE}
SELECT work_id, name, tier, currency, r.period, r.credited,
    (SELECT coalesce(sum(nanos), 0) FROM release_part p
     WHERE p.release_id = r.release_id AND p.holder_id = :holder)
FROM mine JOIN release r USING (line_id) ORDER BY r.period, line_id
"""  # noqa: S608 - constants
_OPEN = f"""{_MINE}
SELECT line_id, name, period, sum(nanos) FROM (
    SELECT line_id, name, period, nanos FROM mine JOIN line_month USING (line_id)
    UNION ALL
    SELECT line_id, mine.name, d.period, -d.delta
    FROM mine JOIN account a ON a.name = 'line:' || line_id AND a.currency = mine.currency
    JOIN balance_delta d USING (account_id) WHERE d.batch_id = ANY(:batches)) AS either
GROUP BY line_id, name, period HAVING sum(nanos) <> 0 ORDER BY period, line_id
"""  # noqa: S608 - constants


def of_works(session: Session, holder_id: int, work_ids: Sequence[int]) -> list[Earning]:
    """Return what a few works earned for a holder, line by line, oldest period first.

    An estimate is what a close at this moment would release of the line's own credits, to the nano.
    The transaction should see one snapshot (REPEATABLE READ) where others post meanwhile.
    """
    whose = {"holder": holder_id, "works": list(work_ids)}
    released = [
        Earning(
            row[0],
            row[1],
            Tier.numbered(row[2]),
            row[3],
            Period(row[4]),
            int(row[5]),
            int(row[6]),
            estimated=False,
        )
        for row in session.execute(text(_RELEASED), whose)
    ]
    return released + _estimated(session, holder_id, whose)


def _estimated(session: Session, holder_id: int, whose: Mapping[str, object]) -> list[Earning]:
    facts = {**whose, "batches": summaries.read_along(session)}
    rows = session.execute(text(_OPEN), facts).all()
    line_ids = sorted({row[0] for row in rows})
    stored = lines.load(session, line_ids)
    credited = dict.fromkeys(line_ids, 0) | releases.credited_before(session, line_ids)
    found = []
    for line_id, vendor, period, delta in rows:
        line, nanos = stored[line_id].line, int(delta)
        before, _ = standing(line, credited[line_id])
        credited[line_id] += nanos
        after, _ = standing(line, credited[line_id])
        part = after.get(holder_id, 0) - before.get(holder_id, 0)
        found.append(
            Earning(
                line.rights.work_id,
                vendor,
                line.tier,
                line.currency,
                Period(period),
                nanos,
                part,
                estimated=True,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """One output that drew on a work. ``credited_nanos``: what its sale put on the work's lines."""

    sold_at: datetime
    vendor: str
    tier: Tier
    output_tokens: int
    share_ppm: int
    credited_nanos: int
    currency: str


_USES = """
SELECT s.sold_at, party.name, s.tier, s.output_tokens,
    a.shares_ppm[array_position(a.work_ids, CAST(:work AS bigint))],
    coalesce((SELECT -sum(p.amount_nanos) FROM posting p JOIN account USING (account_id)
              WHERE p.kind = 1 AND p.source_id = s.sale_id AND account.name IN
                  (SELECT 'line:' || line_id FROM line WHERE work_id = :work)), 0),
    s.currency
FROM attribution a
JOIN sale_attribution sa USING (attribution_id)
JOIN sale s USING (sale_id)
JOIN party ON party.party_id = s.vendor_id
WHERE a.work_ids @> ARRAY[CAST(:work AS bigint)]
ORDER BY s.sold_at DESC, s.sale_id DESC LIMIT :limit
"""


def uses_of(session: Session, work_id: int, *, limit: int) -> list[Use]:
    """Return the latest outputs that drew on a work, newest first."""
    rows = session.execute(text(_USES), {"work": work_id, "limit": limit})
    return [Use(r[0], r[1], Tier.numbered(r[2]), r[3], r[4], int(r[5]), r[6]) for r in rows]
