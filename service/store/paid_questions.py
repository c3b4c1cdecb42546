"""What holders earned, are paid and may still be paid, asked of the rows behind the accounts."""

from service.store.question import Question

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
    UNION ALL SELECT 10, hold_posting_id, abs(nanos), currency FROM hold_posting
    UNION ALL SELECT CASE state WHEN 'confirmed' THEN 8 ELSE 9 END, payout_id, amount_nanos,
        currency FROM payout JOIN payout_step USING (payout_id)
        WHERE state IN ('confirmed', 'returned')),
posted AS (
    SELECT kind, source_id, currency,
        (SELECT sum(a) FROM unnest(amounts) AS a WHERE a > 0) AS nanos
    FROM journal_entry WHERE kind IN (4, 6, 7, 8, 9, 10))
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
    UNION ALL SELECT p.holder_id, p.currency, -t.moved_nanos
    FROM payout p JOIN payout_step t USING (payout_id)) AS either GROUP BY 1, 2) AS h
USING (holder_id, currency)
WHERE coalesce(b.nanos, 0) <> coalesce(h.nanos, 0)
"""

QUESTIONS = (
    Question(
        "receipts, backing, holds, write-offs and payouts are what was posted",
        "SELECT count(*) FROM journal_entry WHERE kind IN (4, 6, 7, 8, 9, 10)",
        _SAID,
    ),
    Question("what is reserved is under way", "SELECT count(*) FROM payout", _PAYOUTS),
    Question(
        "paid out + payable + held = earned, and the bank is not overdrawn",
        "SELECT count(DISTINCT holder_id) FROM release_part",
        _HOLDERS,
    ),
)
