"""Works that earn from sales of before their registration, on evidence an operator approved."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.pool_release import PoolKey
from service.store import attributions, pools
from service.store.attributions import Wanted
from service.store.corrections import Cause
from service.store.database import driver
from service.store.late_matches import LateMatch
from service.store.pools import PoolReleased

_SALES = (
    "SELECT sale.sale_id, v.slug, sale.period, sale.currency, r.pool_release_id IS NOT NULL "
    "FROM late_match m JOIN sale_attribution sa USING (attribution_id) JOIN sale USING (sale_id) "
    "JOIN party v ON v.party_id = sale.vendor_id "
    "LEFT JOIN pool_release r ON r.vendor_id = sale.vendor_id AND r.month = sale.period "
    "AND r.currency = sale.currency WHERE m.late_match_id = %(match)s "
    "AND sale.sold_at >= m.claim_from AND sale.sold_at < m.claim_until "
    "AND NOT EXISTS (SELECT 1 FROM sale_attribution newer "
    "WHERE newer.sale_id = sa.sale_id AND newer.version > sa.version)"
)


def grant(session: Session, match: LateMatch, *, by: str, now: datetime) -> int:
    """Let the work of an approved late match earn its part of the sales; return how many.

    The part comes out of what was unmatched, never out of another work's, and so out of the pool
    of each sale's own month. Sales that were attributed anew since are left as they are, and so are
    those of a pool that was released. Raises PoolReleased where nothing but these is left.
    """
    pools.lock(session)
    connection = driver(session)
    found = connection.execute(_SALES, {"match": match.late_match_id}).fetchall()
    sale_ids = [int(row[0]) for row in found if not row[4]]
    if not sale_ids:
        for _, vendor, month, currency, _ in found:
            raise PoolReleased(PoolKey(vendor, Period(month), currency))
        return 0
    number = _attribution_with(session, match, now=now)
    connection.execute(
        "INSERT INTO back_pay (sale_id, work_id, late_match_id) "
        "SELECT s, %s, %s FROM unnest(%s::bigint[]) AS s ON CONFLICT DO NOTHING",
        (match.work_id, match.late_match_id, sale_ids),
    )
    attributions.link_again(session, dict.fromkeys(sale_ids, number))
    connection.execute(
        "INSERT INTO correction_job (cause, reason, requested_by, requested_at, sale_id) "
        "SELECT %s, %s, %s, %s, s FROM unnest(%s::bigint[]) AS s ORDER BY s",
        (
            str(Cause.ATTRIBUTION),
            f"late match {match.late_match_id}: work {match.work_id} existed before the sale",
            by,
            now,
            sale_ids,
        ),
    )
    return len(sale_ids)


def _attribution_with(session: Session, match: LateMatch, *, now: datetime) -> int:
    """Keep the attribution of the match with the work's part taken out of the unmatched."""
    row = session.execute(
        text(
            "SELECT text_hash, engine_id, embedding_no, catalogue_at, work_ids, shares_ppm, "
            "unmatched_ppm, evidence FROM attribution WHERE attribution_id = :id"
        ),
        {"id": match.attribution_id},
    ).one()
    shares = dict(zip(row.work_ids, row.shares_ppm, strict=True))
    part = min(match.share_ppm, row.unmatched_ppm)
    if part:
        shares[match.work_id] = shares.get(match.work_id, 0) + part
    return attributions.insert_again(
        session,
        Wanted(0, bytes(row.text_hash), row.catalogue_at, row.embedding_no),
        engine=row.engine_id,
        share_ppm=shares,
        unmatched_ppm=row.unmatched_ppm - part,
        evidence=(*attributions.read(row.evidence), *match.evidence),
        now=now,
    )


def works_of(session: Session, sale_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Return the works that earn from these sales by approved evidence."""
    found: dict[int, set[int]] = defaultdict(set)
    for sale_id, work_id in driver(session).execute(
        "SELECT sale_id, work_id FROM back_pay WHERE sale_id = ANY(%s)", (list(sale_ids),)
    ):
        found[int(sale_id)].add(int(work_id))
    return {sale_id: frozenset(works) for sale_id, works in found.items()}
