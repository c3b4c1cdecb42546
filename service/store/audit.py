"""Questions to the rows whose right answer is nothing: the invariants that SQL can see alone."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from service.store.database import driver


@dataclass(frozen=True, slots=True)
class Question:
    """An invariant: ``count`` counts the things looked at, ``broken`` returns one fact a row."""

    invariant: str
    count: str
    broken: str


_ENTRY_SUMS = """
SELECT format('entry %s/%s sums to %s', kind, source_id, total) FROM (
    SELECT kind, source_id, (SELECT sum(a) FROM unnest(amounts) a) AS total,
        cardinality(accounts) AS n, cardinality(amounts) AS m, 0 = ANY (amounts) AS has_zero
    FROM journal_entry) AS e
WHERE total <> 0 OR n <> m OR has_zero
UNION ALL
SELECT DISTINCT format('entry %s/%s in %s posts to account %s in %s',
    kind, source_id, p.currency, account_id, coalesce(a.currency, 'no currency'))
FROM posting p LEFT JOIN account a USING (account_id) WHERE a.currency IS DISTINCT FROM p.currency
"""

_GROSS = """
WITH legs AS (
    SELECT p.currency, sum(-p.amount_nanos) FILTER (WHERE a.name LIKE 'vendor:%:kept'
            OR a.name LIKE 'party:%' OR a.name = 'platform:fee' OR a.name LIKE 'line:%'
            OR a.name LIKE 'pool:unmatched:%') AS credited,
        sum(p.amount_nanos) FILTER (WHERE a.name LIKE 'vendor:%:settled-direct') AS direct,
        sum(-p.amount_nanos) FILTER (WHERE a.name LIKE 'vendor:%:kept'
            OR a.name LIKE 'party:%:direct') AS kept
    FROM posting p JOIN account a USING (account_id) WHERE p.kind = 1 GROUP BY p.currency),
gross AS (
    SELECT s.currency, sum(s.gross_nanos) AS gross
    FROM journal_entry e JOIN sale s ON s.sale_id = e.source_id
    WHERE e.kind = 1 GROUP BY s.currency)
SELECT format('%s: gross %s, credited %s, settled direct %s, kept and direct %s',
    currency, gross, credited, direct, kept)
FROM gross FULL JOIN legs USING (currency)
WHERE gross IS DISTINCT FROM credited OR coalesce(direct, 0) <> coalesce(kept, 0)
"""

_STATES = """
SELECT format('sale %s of batch %s: stage %s, %s entries, gross %s, quarantined %s',
    s.sale_id, b.work_batch_id, b.stage, (e.source_id IS NOT NULL)::int, s.gross_nanos,
    q.sale_id IS NOT NULL)
FROM sale s
LEFT JOIN work_batch b ON b.first_sale_id = (
    SELECT max(first_sale_id) FROM work_batch WHERE first_sale_id <= s.sale_id)
LEFT JOIN journal_entry e ON e.kind = 1 AND e.source_id = s.sale_id
LEFT JOIN quarantine q ON q.sale_id = s.sale_id
WHERE b.work_batch_id IS NULL OR s.sale_id > b.last_sale_id OR s.vendor_id <> b.vendor_id
    OR (e.source_id IS NOT NULL)
       <> (b.stage = 3 AND q.sale_id IS NULL AND s.gross_nanos > 0)
UNION ALL
SELECT format('batch %s counts %s sales and has %s', work_batch_id, sale_count, found) FROM (
    SELECT b.work_batch_id, b.sale_count, (SELECT count(*) FROM sale s
        WHERE s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id) AS found
    FROM work_batch b) AS counted WHERE sale_count <> found
"""

_BALANCES = """
WITH posted AS (SELECT batch_id, account_id, period, sum(amount_nanos) AS nanos
    FROM posting GROUP BY batch_id, account_id, period HAVING sum(amount_nanos) <> 0)
SELECT format('batch %s, account %s: postings %s, delta %s', batch_id, account_id, nanos, delta)
FROM posted FULL JOIN balance_delta USING (batch_id, account_id, period)
WHERE nanos IS DISTINCT FROM delta
UNION ALL
SELECT format('snapshot %s of account %s is %s, deltas sum to %s',
    period, account_id, balance, total)
FROM (SELECT s.period, s.account_id, s.balance, coalesce((SELECT sum(d.delta) FROM balance_delta d
    WHERE d.account_id = s.account_id AND d.period <= s.period), 0) AS total
    FROM balance_snapshot s) AS compared WHERE balance <> total
UNION ALL
SELECT format('closed period %s has no snapshot of account %s', p.period, d.account_id)
FROM (SELECT max(period) AS period FROM period WHERE state = 'closed'
      AND EXISTS (SELECT 1 FROM balance_delta WHERE period = period.period)) AS p
JOIN balance_delta d ON d.period <= p.period
LEFT JOIN balance_snapshot s ON s.period = p.period AND s.account_id = d.account_id
WHERE s.account_id IS NULL
"""

# A close that has not come to its end yet, or was killed, released some of its lines.
_RELEASES = """
WITH credited AS (
    SELECT substr(a.name, 6)::bigint AS line_id, p.period, -sum(p.amount_nanos) AS nanos
    FROM posting p JOIN account a USING (account_id)
    WHERE starts_with(a.name, 'line:') AND p.kind IN (1, 2) GROUP BY 1, 2),
passed AS (
    SELECT p.to_line_id AS line_id, r.period, sum(p.nanos) AS nanos
    FROM release_part p JOIN release r USING (release_id)
    WHERE p.to_line_id IS NOT NULL GROUP BY 1, 2),
due AS (SELECT line_id, period, sum(nanos) AS nanos
    FROM (SELECT * FROM credited UNION ALL SELECT * FROM passed) AS either GROUP BY 1, 2),
parts AS (SELECT release_id, sum(nanos) AS nanos FROM release_part GROUP BY 1)
SELECT format('line %s in %s: credited %s, released %s in parts of %s',
    line_id, period, d.nanos, r.credited, p.nanos)
FROM (SELECT due.*, state FROM due JOIN period USING (period)) AS d
FULL JOIN release r USING (line_id, period) LEFT JOIN parts p USING (release_id)
WHERE (state = 'closed' OR r.release_id IS NOT NULL)
    AND (coalesce(d.nanos, 0) <> coalesce(r.credited, 0)
        OR coalesce(p.nanos, 0) <> coalesce(r.credited, 0))
"""

_STATEMENTS = """
SELECT format('statement %s: opening %s, lines %s, paid %s of %s, closing %s, before it %s',
    number, opening_nanos, lines, paid_nanos, paid, closing_nanos, previous)
FROM (SELECT s.*, coalesce((SELECT sum(nanos) FROM statement_line l
        WHERE l.statement_id = s.statement_id), 0) AS lines,
    coalesce((SELECT -sum(t.moved_nanos) FROM payout p JOIN payout_step t USING (payout_id)
        WHERE p.holder_id = s.holder_id AND p.currency = s.currency AND t.period = s.period), 0)
        AS paid,
    coalesce(lag(closing_nanos) OVER (PARTITION BY holder_id, currency ORDER BY period), 0)
        AS previous
    FROM statement s) AS s
WHERE opening_nanos + lines - paid <> closing_nanos OR earned_nanos <> lines
    OR paid_nanos <> paid OR opening_nanos <> previous
    OR held_nanos + payable_nanos + carried_nanos <> closing_nanos
UNION ALL
SELECT format('period %s %s: statements say %s, lines released %s',
    period, currency, said, released)
FROM (SELECT period, currency, sum(earned_nanos) AS said
    FROM statement JOIN period USING (period) WHERE state = 'closed' GROUP BY 1, 2) AS s
FULL JOIN (SELECT r.period, l.currency, sum(p.nanos) AS released
    FROM release r JOIN release_part p USING (release_id) JOIN line l USING (line_id)
    JOIN period USING (period)
    WHERE p.holder_id IS NOT NULL AND period.state = 'closed' GROUP BY 1, 2) AS r
USING (period, currency)
WHERE coalesce(said, 0) <> coalesce(released, 0)
"""

_RIGHTS = """
SELECT format('rights version %s of work %s has shares %s', rights_version_id, work_id, shares_ppm)
FROM rights_version WHERE NOT split_is_whole(holder_ids, shares_ppm)
    OR NOT upstream_is_bounded(upstream_version_ids, upstream_ppm)
UNION ALL
SELECT format('rights versions %s and %s of work %s overlap', a.rights_version_id,
    b.rights_version_id, a.work_id)
FROM rights_version a JOIN rights_version b ON a.work_id = b.work_id
    AND a.rights_version_id < b.rights_version_id AND a.days && b.days
    AND a.superseded_at IS NULL AND b.superseded_at IS NULL
UNION ALL
SELECT format('work %s derives from itself', work_id) FROM (
    WITH RECURSIVE up AS (
        SELECT v.work_id, u.version, 1 AS depth
        FROM rights_version v CROSS JOIN LATERAL unnest(v.upstream_version_ids) AS u (version)
        UNION
        SELECT up.work_id, u.version, up.depth + 1
        FROM up JOIN rights_version v ON v.rights_version_id = up.version
        CROSS JOIN LATERAL unnest(v.upstream_version_ids) AS u (version) WHERE up.depth < 100)
    SELECT DISTINCT up.work_id FROM up JOIN rights_version v ON v.rights_version_id = up.version
    WHERE v.work_id = up.work_id) AS cycles
"""

_HOLDERS = """
WITH earned AS (
    SELECT p.holder_id, l.currency, sum(p.nanos) AS nanos
    FROM release r JOIN release_part p USING (release_id) JOIN line l USING (line_id)
    WHERE p.holder_id IS NOT NULL GROUP BY 1, 2),
standing AS (
    SELECT split_part(a.name, ':', 2)::bigint AS holder_id, a.currency, -sum(d.delta) AS nanos
    FROM account a JOIN balance_delta d USING (account_id)
    WHERE starts_with(a.name, 'holder:') GROUP BY 1, 2),
paid AS (
    SELECT p.holder_id, p.currency, -sum(t.moved_nanos) AS nanos
    FROM payout p JOIN payout_step t USING (payout_id) GROUP BY 1, 2)
SELECT format('holder %s: earned %s, paid out %s, payable and held %s %s',
    holder_id, e.nanos, p.nanos, s.nanos, currency)
FROM earned e FULL JOIN standing s USING (holder_id, currency)
FULL JOIN paid p USING (holder_id, currency)
WHERE coalesce(e.nanos, 0) <> coalesce(s.nanos, 0) + coalesce(p.nanos, 0)
UNION ALL
SELECT format('bank holds %s %s, %s of it reserved for payouts', sum(d.delta) FILTER (WHERE
    a.name = 'bank'), a.currency, -sum(d.delta) FILTER (WHERE a.name = 'payout:clearing'))
FROM account a JOIN balance_delta d USING (account_id)
WHERE a.name IN ('bank', 'payout:clearing')
GROUP BY a.currency HAVING sum(d.delta) < 0
"""

_PAYOUTS = """
WITH steps AS (
    SELECT p.payout_id, p.currency, p.amount_nanos, array_agg(t.state) AS states,
        sum(t.moved_nanos) AS moved
    FROM payout p LEFT JOIN payout_step t USING (payout_id) GROUP BY p.payout_id),
clearing AS (
    SELECT a.currency, -sum(d.delta) AS nanos FROM account a JOIN balance_delta d USING (account_id)
    WHERE a.name = 'payout:clearing' GROUP BY 1),
reserved AS (
    SELECT currency, sum(amount_nanos) AS nanos FROM steps
    WHERE NOT states && ARRAY['confirmed', 'returned'] GROUP BY 1)
SELECT format('payout %s of %s moved %s in steps %s', payout_id, amount_nanos, moved, states)
FROM steps WHERE NOT coalesce('reserved' = ANY (states), false)
    OR moved <> CASE WHEN 'returned' = ANY (states) THEN 0 ELSE -amount_nanos END
UNION ALL
SELECT format('payouts under way are %s %s, clearing holds %s', r.nanos, currency, c.nanos)
FROM reserved r FULL JOIN clearing c USING (currency)
WHERE coalesce(r.nanos, 0) <> coalesce(c.nanos, 0)
UNION ALL
SELECT format('statement %s was paid %s and states %s', s.number, p.amount_nanos, s.payable_nanos)
FROM payout p JOIN statement s USING (statement_id)
WHERE p.amount_nanos > s.payable_nanos OR p.holder_id <> s.holder_id OR p.currency <> s.currency
"""

_SAID = """
WITH said AS (
    SELECT 4 AS kind, receipt_id AS source_id, amount_nanos AS nanos, currency FROM receipt
    UNION ALL SELECT 6, write_off_id, abs(amount_nanos), currency FROM write_off
    UNION ALL SELECT 7, payout_id, amount_nanos, currency FROM payout
    UNION ALL SELECT CASE state WHEN 'confirmed' THEN 8 ELSE 9 END, payout_id, amount_nanos,
        currency FROM payout JOIN payout_step USING (payout_id)
        WHERE state IN ('confirmed', 'returned')),
posted AS (
    SELECT kind, source_id, currency,
        (SELECT sum(a) FROM unnest(amounts) AS a WHERE a > 0) AS nanos
    FROM journal_entry WHERE kind IN (4, 6, 7, 8, 9))
SELECT format('entry %s/%s posted %s %s, its row says %s %s', kind, source_id, p.nanos, p.currency,
    s.nanos, s.currency)
FROM said s FULL JOIN posted p USING (kind, source_id)
WHERE s.nanos IS DISTINCT FROM p.nanos OR s.currency IS DISTINCT FROM p.currency
UNION ALL
SELECT format('holder %s: backed %s, payable and paid out %s %s', holder_id, b.nanos, h.nanos,
    currency)
FROM (SELECT p.holder_id, b.currency, sum(p.nanos) AS nanos
    FROM backing b JOIN backing_part p USING (backing_id) GROUP BY 1, 2) AS b
FULL JOIN (SELECT holder_id, currency, sum(nanos) AS nanos FROM (
    SELECT split_part(a.name, ':', 2)::bigint AS holder_id, a.currency, -d.delta AS nanos
    FROM account a JOIN balance_delta d USING (account_id)
    WHERE starts_with(a.name, 'holder:') AND a.name LIKE '%:payable'
    UNION ALL SELECT p.holder_id, p.currency, -t.moved_nanos
    FROM payout p JOIN payout_step t USING (payout_id)) AS either GROUP BY 1, 2) AS h
USING (holder_id, currency)
WHERE coalesce(b.nanos, 0) <> coalesce(h.nanos, 0)
"""

QUESTIONS = (
    Question("every entry sums to zero", "SELECT count(*) FROM journal_entry", _ENTRY_SUMS),
    Question(
        "gross = chain + kept + fee + work lines + unmatched",
        "SELECT count(*) FROM journal_entry WHERE kind = 1",
        _GROSS,
    ),
    Question("every sale is in exactly one state", "SELECT count(*) FROM sale", _STATES),
    Question(
        "shares and unmatched sum to 1,000,000 ppm",
        "SELECT count(*) FROM attribution",
        "SELECT format('attribution %s', attribution_id) FROM attribution "
        "WHERE NOT shares_are_whole(work_ids, shares_ppm, unmatched_ppm)",
    ),
    Question(
        "nobody is paid for the commons",
        "SELECT count(*) FROM work WHERE commons",
        "SELECT format('work %s of the commons has a share, a line or a holder', work_id) "
        "FROM work WHERE commons AND (work_id IN (SELECT unnest(work_ids) FROM attribution) "
        "OR work_id IN (SELECT work_id FROM line) "
        "OR work_id IN (SELECT work_id FROM rights_version))",
    ),
    Question("balances = sum of postings", "SELECT count(*) FROM balance_delta", _BALANCES),
    Question("each line released what it was credited", "SELECT count(*) FROM release", _RELEASES),
    Question("opening + lines = closing", "SELECT count(*) FROM statement", _STATEMENTS),
    Question(
        "receipts, backing, write-offs and payouts are what was posted",
        "SELECT count(*) FROM journal_entry WHERE kind IN (4, 6, 7, 8, 9)",
        _SAID,
    ),
    Question("what is reserved is under way", "SELECT count(*) FROM payout", _PAYOUTS),
    Question("splits are whole and do not overlap", "SELECT count(*) FROM rights_version", _RIGHTS),
    Question(
        "paid out + payable + held = earned, and the bank is not overdrawn",
        "SELECT count(DISTINCT holder_id) FROM release_part",
        _HOLDERS,
    ),
)


def ask(session: Session, question: Question) -> tuple[int, list[str]]:
    """Return how many things were looked at and the facts that break the invariant."""
    count = session.execute(text(question.count)).scalar_one()
    connection = driver(session)
    connection.execute("SET LOCAL enable_nestloop = off")  # whole tables are joined, by hashing
    return int(count), [str(row[0]) for row in connection.execute(question.broken.encode())]
