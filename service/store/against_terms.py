"""Sales that drew on a work against its terms: they pay it nothing, and its holders are told."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.licence import Against
from service.ledger.tiers import Tier
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class UseAgainstTerms:
    """A sale that drew on a work against its terms; ``against`` by its number."""

    sale_id: int
    work_id: int
    against: int
    share_ppm: int


@dataclass(frozen=True, slots=True)
class ListedUse:
    """Uses of a work by a vendor in a month, of one tier and for one reason."""

    work_id: int
    title: str
    vendor_id: int
    vendor: str
    month: int
    tier: Tier
    against: Against
    sale_count: int
    output_tokens: int


def keep(session: Session, uses: Sequence[UseAgainstTerms]) -> None:
    """Keep what a settlement found; again changes nothing."""
    if uses:
        driver(session).execute(
            "INSERT INTO use_against_terms (sale_id, work_id, reason, share_ppm) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::int[]) "
            "ON CONFLICT DO NOTHING",
            (
                [use.sale_id for use in uses],
                [use.work_id for use in uses],
                [use.against for use in uses],
                [use.share_ppm for use in uses],
            ),
        )


def replace(session: Session, sale_id: int, uses: Sequence[UseAgainstTerms]) -> None:
    """Tell anew what a sale drew against terms: its facts have changed."""
    driver(session).execute("DELETE FROM use_against_terms WHERE sale_id = %s", (sale_id,))
    keep(session, uses)


_LISTED = """
SELECT u.work_id, w.title, s.vendor_id, v.name,
    CAST(to_char(s.sold_at AT TIME ZONE 'UTC', 'YYYYMM') AS int) AS month, s.tier, u.reason,
    count(*), sum(s.output_tokens)
FROM use_against_terms u JOIN sale s USING (sale_id) JOIN work w ON w.work_id = u.work_id
JOIN party v ON v.party_id = s.vendor_id
WHERE (%(holder)s::bigint IS NULL OR u.work_id IN (
        SELECT work_id FROM rights_version WHERE holder_ids @> ARRAY[%(holder)s::bigint]))
    AND (%(work)s::bigint IS NULL OR u.work_id = %(work)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY month DESC, u.work_id, s.vendor_id, s.tier, u.reason
OFFSET %(skip)s LIMIT %(limit)s
"""


def listing(
    session: Session, *, holder_id: int | None, work_id: int | None, skip: int, limit: int
) -> list[ListedUse]:
    """List uses against terms, the newest month first: a holder's, or all where it is None."""
    facts = {"holder": holder_id, "work": work_id, "skip": skip, "limit": limit}
    return [
        ListedUse(
            work,
            title,
            vendor_id,
            vendor,
            month,
            Tier.numbered(tier),
            _AGAINST[reason],
            int(count),
            int(tokens),
        )
        for work, title, vendor_id, vendor, month, tier, reason, count, tokens in driver(
            session
        ).execute(_LISTED, facts)
    ]


_AGAINST = {one.number: one for one in Against}
