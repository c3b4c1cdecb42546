"""Sums of the books that pages show, kept by month: no page adds up a million entries.

Every batch of entries leaves a row that waits, written by a trigger in the batch's transaction, and
is added once by one process at a time, which takes that row away (as presence counts, and for the
same reasons: no watermark, no row of a sale). What still waits is added while a page reads, if it
is little; a page is behind by a drain at most, never wrong twice.
"""

from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store.database import driver

ENTRIES_AT_ONCE = 40_000
"""About what a second adds: settlement goes on meanwhile, and a page waits for neither."""
MOST_READ = 5_000
"""Balances of waiting batches that a page adds itself: some milliseconds."""
_ADDING = 7_440_001
_PARTS = 10**12

_MOVED = """
moved AS (
    SELECT substr(a.name, 6)::bigint AS line_id, d.period, -sum(d.delta) AS nanos
    FROM balance_delta d JOIN account a USING (account_id)
    WHERE d.batch_id = ANY(%(batches)s) AND starts_with(a.name, 'line:') GROUP BY 1, 2),
legs AS (
    SELECT source_id, period, unnest(accounts) AS account_id FROM journal_entry
    WHERE batch_id = ANY(%(batches)s) AND kind = 1),
sold AS (
    SELECT substr(a.name, 6)::bigint AS line_id, legs.period, count(*) AS sales,
        sum(s.output_tokens) AS tokens
    FROM legs JOIN account a USING (account_id) JOIN sale s ON s.sale_id = legs.source_id
    WHERE starts_with(a.name, 'line:') GROUP BY 1, 2),
of_lines AS MATERIALIZED (
    SELECT line_id, period, coalesce(nanos, 0) AS nanos, coalesce(sales, 0) AS sales,
        coalesce(tokens, 0) AS tokens
    FROM moved FULL JOIN sold USING (line_id, period)),
parts AS (
    SELECT h.holder_id, o.period, l.vendor_id, l.tier, l.currency,
        sum(o.nanos * h.ppm * (1000000 - (SELECT coalesce(sum(u), 0)
            FROM unnest(v.upstream_ppm) AS u))) AS open, 0::numeric AS released,
        sum(o.sales) AS sales, sum(o.tokens) AS tokens
    FROM of_lines o JOIN line l USING (line_id) JOIN rights_version v USING (rights_version_id)
    CROSS JOIN LATERAL unnest(v.holder_ids, v.shares_ppm) AS h (holder_id, ppm)
    WHERE %(holder)s::bigint IS NULL OR h.holder_id = %(holder)s
    GROUP BY 1, 2, 3, 4, 5),
released AS (
    SELECT p.holder_id, r.period, l.vendor_id, l.tier, l.currency, 0::numeric AS open,
        sum(p.nanos) AS released, 0::numeric AS sales, 0::numeric AS tokens
    FROM journal_entry e JOIN release r ON r.release_id = e.source_id
    JOIN release_part p USING (release_id) JOIN line l USING (line_id)
    WHERE e.batch_id = ANY(%(batches)s) AND e.kind = 3 AND p.holder_id IS NOT NULL
        AND (%(holder)s::bigint IS NULL OR p.holder_id = %(holder)s)
    GROUP BY 1, 2, 3, 4, 5),
of_holders AS (
    SELECT holder_id, period, vendor_id, tier, currency, sum(open) AS open_parts,
        sum(released) AS released_nanos, sum(sales)::bigint AS sales_count,
        sum(tokens) AS output_tokens
    FROM (SELECT * FROM parts UNION ALL SELECT * FROM released) AS either GROUP BY 1, 2, 3, 4, 5)
"""
_ADD = f"""
WITH {_MOVED}, kept AS (
    INSERT INTO line_month AS m (line_id, period, nanos, sales_count, output_tokens)
    SELECT * FROM of_lines ORDER BY 1, 2
    ON CONFLICT (line_id, period) DO UPDATE SET nanos = m.nanos + excluded.nanos,
        sales_count = m.sales_count + excluded.sales_count,
        output_tokens = m.output_tokens + excluded.output_tokens)
INSERT INTO holder_month AS m (holder_id, period, vendor_id, tier, currency, open_parts,
    released_nanos, sales_count, output_tokens)
SELECT * FROM of_holders ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (holder_id, period, vendor_id, tier, currency) DO UPDATE SET
    open_parts = m.open_parts + excluded.open_parts,
    released_nanos = m.released_nanos + excluded.released_nanos,
    sales_count = m.sales_count + excluded.sales_count,
    output_tokens = m.output_tokens + excluded.output_tokens
"""  # noqa: S608 - constants
_NEXT = """
DELETE FROM summary_waiting WHERE batch_id IN (
    SELECT batch_id FROM (
        SELECT batch_id, sum(entry_count) OVER (ORDER BY batch_id) - entry_count AS before
        FROM (SELECT batch_id, entry_count FROM summary_waiting JOIN batch USING (batch_id)
              ORDER BY batch_id LIMIT 1000) AS first) AS running
    WHERE before < %s)
RETURNING batch_id
"""


def add_next(session: Session, *, entries: int = ENTRIES_AT_ONCE) -> int:
    """Add the next batches to the sums; return how many, 0 where none waits or another adds."""
    connection = driver(session)
    alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_ADDING,)).fetchone()
    if not (alone and alone[0]):
        return 0
    batches = [row[0] for row in connection.execute(_NEXT, (entries,))]
    if batches:
        connection.execute(_ADD, {"batches": batches, "holder": None})
    return len(batches)


def any_waiting(session: Session) -> bool:
    """Whether a batch waits to be added."""
    row = driver(session).execute("SELECT EXISTS (SELECT 1 FROM summary_waiting)").fetchone()
    return bool(row and row[0])


def read_along(session: Session) -> list[int]:
    """Return the waiting batches that who reads the sums adds itself: all if they are small."""
    rows = driver(session).execute(
        "SELECT batch_id, count(*) FROM (SELECT batch_id FROM summary_waiting "
        "JOIN balance_delta USING (batch_id) LIMIT %s) AS first GROUP BY batch_id",
        (MOST_READ + 1,),
    )
    found = {int(batch): int(count) for batch, count in rows}
    return sorted(found) if sum(found.values()) <= MOST_READ else []


@dataclass(frozen=True, slots=True)
class MonthEarning:
    """A holder's part of what a vendor's sales of one tier brought in a period; signed nanos.

    estimated: not released yet; the exact part, rounded to the nano here and at a close line by
    line. A sale counts once for each work it draws on.
    """

    vendor: str
    tier: Tier
    currency: str
    period: Period
    nanos: int
    estimated: bool
    uses_count: int
    output_tokens: int


_OF_HOLDER = f"""
WITH {_MOVED}, summed AS (
    SELECT * FROM holder_month WHERE holder_id = %(holder)s UNION ALL SELECT * FROM of_holders)
SELECT party.name, e.tier, e.currency, e.period, sum(e.open_parts), sum(e.released_nanos),
    sum(e.sales_count), sum(e.output_tokens), period.state = 'closed'
FROM summed e JOIN party ON party.party_id = e.vendor_id JOIN period USING (period)
GROUP BY party.name, e.vendor_id, e.tier, e.currency, e.period, period.state
ORDER BY e.period, e.vendor_id, e.tier, e.currency
"""  # noqa: S608 - constants


def of_holder(session: Session, holder_id: int) -> list[MonthEarning]:
    """Return a holder's earnings of all works, oldest period first.

    The transaction should see one snapshot (REPEATABLE READ) where others post meanwhile.
    """
    facts = {"holder": holder_id, "batches": read_along(session)}
    found = []
    for row in driver(session).execute(_OF_HOLDER, facts):
        vendor, tier, currency, period, parts, released, uses, tokens, is_closed = row
        for nanos, estimated in ((int(released), False), (_rounded(int(parts)), True)):
            counts = estimated is not is_closed
            if nanos or (counts and uses):
                found.append(
                    MonthEarning(
                        vendor,
                        Tier.numbered(tier),
                        currency,
                        Period(period),
                        nanos,
                        estimated,
                        int(uses) if counts else 0,
                        int(tokens) if counts else 0,
                    )
                )
    return found


def _rounded(parts: int) -> int:
    whole, rest = divmod(abs(parts), _PARTS)
    nanos = whole + (2 * rest >= _PARTS)
    return nanos if parts >= 0 else -nanos


def released_by_vendor(session: Session, holder_id: int) -> dict[str, dict[str, int]]:
    """Return all that was ever released to a holder, by currency and the vendor's public id."""
    rows = driver(session).execute(
        f"WITH {_MOVED} SELECT e.currency, party.slug, sum(e.released_nanos) "  # noqa: S608
        "FROM (SELECT * FROM holder_month WHERE holder_id = %(holder)s "
        "UNION ALL SELECT * FROM of_holders) AS e JOIN party ON party.party_id = e.vendor_id "
        "GROUP BY 1, 2 HAVING sum(e.released_nanos) <> 0",
        {"holder": holder_id, "batches": read_along(session)},
    )
    found: dict[str, dict[str, int]] = {}
    for currency, vendor, nanos in rows:
        found.setdefault(currency, {})[vendor] = int(nanos)
    return found
