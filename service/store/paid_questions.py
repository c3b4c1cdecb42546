"""What holders earned, are paid and may still be paid, asked of the rows behind the accounts."""

from service.store.question import Question

_HOLDERS = """
WITH earned AS (
    SELECT holder_id, currency, sum(nanos) AS nanos FROM (
        SELECT p.holder_id, l.currency, p.nanos
        FROM release r JOIN release_part p USING (release_id) JOIN line l USING (line_id)
        WHERE p.holder_id IS NOT NULL
        UNION ALL SELECT a.holder_id, a.currency, t.nanos
        FROM advance a JOIN advance_step t USING (advance_id) WHERE t.kind = 'guarantee') AS either
    GROUP BY 1, 2),
standing AS (
    SELECT split_part(a.name, ':', 2)::bigint AS holder_id, a.currency, -sum(d.delta) AS nanos
    FROM account a JOIN balance_delta d USING (account_id)
    WHERE starts_with(a.name, 'holder:') GROUP BY 1, 2),
paid AS (
    SELECT holder_id, currency, -sum(moved_nanos) AS nanos FROM payout_move GROUP BY 1, 2)
SELECT format('holder %s: earned %s, paid out %s, payable, held and kept less advances %s %s',
    holder_id, e.nanos, p.nanos, s.nanos, currency)
FROM earned e FULL JOIN standing s USING (holder_id, currency)
FULL JOIN paid p USING (holder_id, currency)
WHERE coalesce(e.nanos, 0) <> coalesce(s.nanos, 0) + coalesce(p.nanos, 0)
"""

_SAID = """
WITH said AS (
    SELECT 4 AS kind, receipt_id AS source_id, amount_nanos AS nanos, currency FROM receipt
    UNION ALL SELECT 6, write_off_id, abs(amount_nanos), currency FROM write_off
    UNION ALL SELECT 10, hold_posting_id, abs(nanos), currency FROM hold_posting
    UNION ALL SELECT 11, step_id, abs(nanos), currency FROM holdback_step
    UNION ALL SELECT CASE t.kind WHEN 'recoupment' THEN 12 WHEN 'advance' THEN 13 ELSE 14 END,
        t.step_id, CASE t.kind WHEN 'guarantee' THEN 1 ELSE 2 END * abs(t.nanos), a.currency
        FROM advance a JOIN advance_step t USING (advance_id)),
posted AS (
    SELECT kind, source_id, currency,
        (SELECT sum(a) FROM unnest(amounts) AS a WHERE a > 0) AS nanos
    FROM journal_entry WHERE kind IN (4, 6, 10, 11, 12, 13, 14))
SELECT format('entry %s/%s posted %s %s, its row says %s %s', kind, source_id, p.nanos, p.currency,
    s.nanos, s.currency)
FROM said s FULL JOIN posted p USING (kind, source_id)
WHERE s.nanos IS DISTINCT FROM p.nanos OR s.currency IS DISTINCT FROM p.currency
UNION ALL
SELECT format('holder %s: backed %s, payable, under a hold and paid out %s %s', holder_id, b.nanos,
    h.nanos,
    currency)
FROM (SELECT p.holder_id, b.currency, sum(p.nanos) AS nanos
    FROM backing b JOIN backing_part p USING (backing_id) GROUP BY 1, 2) AS b
FULL JOIN (SELECT holder_id, currency, sum(nanos) AS nanos FROM (
    SELECT split_part(a.name, ':', 2)::bigint AS holder_id, a.currency, -d.delta AS nanos
    FROM account a JOIN balance_delta d USING (account_id)
    WHERE starts_with(a.name, 'holder:') AND a.name LIKE '%:payable'
    UNION ALL SELECT holder_id, currency, nanos FROM hold_posting
    UNION ALL SELECT holder_id, currency, nanos FROM holdback_step
    UNION ALL SELECT a.holder_id, a.currency, -t.nanos
    FROM advance a JOIN advance_step t USING (advance_id) WHERE t.kind = 'advance'
    UNION ALL SELECT holder_id, currency, -moved_nanos FROM payout_move) AS either
    GROUP BY 1, 2) AS h
USING (holder_id, currency)
WHERE coalesce(b.nanos, 0) <> coalesce(h.nanos, 0)
"""

QUESTIONS = (
    Question(
        "receipts, backing, holds, advances and write-offs are what was posted",
        "SELECT count(*) FROM journal_entry WHERE kind IN (4, 6, 10, 11, 12, 13, 14)",
        _SAID,
    ),
    Question(
        "paid out + payable + held = earned",
        "SELECT count(DISTINCT holder_id) FROM release_part",
        _HOLDERS,
    ),
)
