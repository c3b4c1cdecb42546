"""Outputs that drew on a work: a page of them, and what of the work one of them drew on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.tiers import Tier


class UseNotFound(LedgerError):
    """No output of this number drew on the work."""

    def __init__(self, sale_id: int) -> None:
        super().__init__(f"no use {sale_id} of this work", sale_id=sale_id)


@dataclass(frozen=True, slots=True)
class WorkUse:
    """One output that drew on a work. ``credited_nanos``: what its sale put on the work's lines."""

    sale_id: int
    sold_at: datetime
    work_id: int
    title: str
    vendor: str
    tier: Tier
    output_tokens: int
    share_ppm: int
    credited_nanos: int
    currency: str


_USE = """
SELECT s.sale_id, s.sold_at, w.work_id, w.title, party.name, s.tier, s.output_tokens,
    a.shares_ppm[array_position(a.work_ids, w.work_id)],
    coalesce((SELECT -sum(p.amount_nanos) FROM posting p JOIN account USING (account_id)
              WHERE p.kind = 1 AND p.source_id = s.sale_id AND account.name IN
                  (SELECT 'line:' || line_id FROM line WHERE line.work_id = w.work_id)), 0),
    s.currency
FROM (SELECT sa.sale_id, a.work_ids, a.shares_ppm FROM attribution a
      JOIN sale_attribution sa USING (attribution_id)
      WHERE a.work_ids && CAST(:works AS bigint[])
      AND (CAST(:before AS bigint) IS NULL OR sa.sale_id < :before)
      AND (CAST(:sale AS bigint) IS NULL OR sa.sale_id = :sale)
      AND NOT EXISTS (SELECT 1 FROM sale_attribution newer WHERE newer.sale_id = sa.sale_id
                      AND newer.version > sa.version)
      ORDER BY sa.sale_id DESC LIMIT :limit) AS a
JOIN sale s USING (sale_id)
JOIN work w ON w.work_id = ANY(a.work_ids) AND w.work_id = ANY(:works)
JOIN party ON party.party_id = s.vendor_id
ORDER BY s.sale_id DESC, w.work_id LIMIT :limit
"""


def page(
    session: Session, work_ids: list[int], *, before: int | None = None, limit: int
) -> list[WorkUse]:
    """List uses of these works, the latest report first, below the number of a sale."""
    asked = {"works": work_ids, "before": before, "sale": None, "limit": limit}
    return [_use(row) for row in session.execute(text(_USE), asked)]


def get(session: Session, work_id: int, sale_id: int) -> WorkUse:
    """Return one use of a work; raise UseNotFound."""
    row = None
    if 0 < sale_id < 2**63:
        asked = {"works": [work_id], "before": None, "sale": sale_id, "limit": 1}
        row = session.execute(text(_USE), asked).first()
    if not row:
        raise UseNotFound(sale_id)
    return _use(row)


def _use(row: Sequence[Any]) -> WorkUse:
    *told, tier, tokens, share, nanos, currency = row
    facts: tuple[Any, ...] = (*told, Tier.numbered(tier), tokens, share, int(nanos), currency)
    return WorkUse(*facts)
