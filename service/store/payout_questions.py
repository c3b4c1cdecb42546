"""Questions about payouts whose right answer is nothing: under way, bank, exchange and tax."""

from service.store.question import Question

# In the payee's currency what is reserved stands on clearing until the bank has paid it.
_UNDER_WAY = """
WITH steps AS (
    SELECT p.payout_id, p.to_currency, p.amount_nanos, p.paid_nanos, array_agg(t.state) AS states,
        sum(t.moved_nanos) AS moved
    FROM payout p LEFT JOIN payout_step t USING (payout_id) GROUP BY p.payout_id),
clearing AS (
    SELECT a.currency, -sum(d.delta) AS nanos FROM account a JOIN balance_delta d USING (account_id)
    WHERE a.name = 'payout:clearing' GROUP BY 1),
reserved AS (
    SELECT to_currency AS currency, sum(paid_nanos) AS nanos FROM steps
    WHERE NOT states && ARRAY['confirmed', 'returned'] GROUP BY 1)
SELECT format('payout %s of %s moved %s in steps %s', payout_id, amount_nanos, moved, states)
FROM steps WHERE NOT coalesce('reserved' = ANY (states), false)
    OR moved <> CASE WHEN 'returned' = ANY (states) THEN 0 ELSE -amount_nanos END
UNION ALL
SELECT format('payouts under way are %s %s, clearing holds %s', r.nanos, currency, c.nanos)
FROM reserved r FULL JOIN clearing c USING (currency)
WHERE coalesce(r.nanos, 0) <> coalesce(c.nanos, 0)
UNION ALL
SELECT format('statement %s was paid %s and states %s', s.number, p.nanos, s.payable_nanos)
FROM (SELECT statement_id, holder_id, currency, sum(amount_nanos) AS nanos FROM payout
    GROUP BY 1, 2, 3) AS p JOIN statement s USING (statement_id)
WHERE p.nanos > s.payable_nanos OR p.holder_id <> s.holder_id OR p.currency <> s.currency
"""

_BANK = """
WITH bank AS (
    SELECT a.currency, sum(d.delta) AS nanos FROM account a JOIN balance_delta d USING (account_id)
    WHERE a.name = 'bank' GROUP BY 1),
reserved AS (
    SELECT currency, sum(amount_nanos - tax_nanos - fee_nanos) AS nanos FROM payout p
    WHERE NOT EXISTS (SELECT 1 FROM payout_step t WHERE t.payout_id = p.payout_id
        AND t.state IN ('confirmed', 'returned')) GROUP BY 1)
SELECT format('bank holds %s %s, %s is reserved for payouts', b.nanos, currency, r.nanos)
FROM bank b FULL JOIN reserved r USING (currency)
WHERE coalesce(b.nanos, 0) < coalesce(r.nanos, 0)
"""

# What is under way, and what the bank made of the rest: took and gave back beside the rate on file.
_EXCHANGE = """
WITH exchanged AS (
    SELECT p.*, p.amount_nanos - p.tax_nanos - p.fee_nanos AS net, c.bank_nanos AS took,
        b.bank_nanos AS got, b.state IS NOT NULL AS back
    FROM payout p LEFT JOIN payout_step c ON c.payout_id = p.payout_id AND c.state = 'confirmed'
    LEFT JOIN payout_step b ON b.payout_id = p.payout_id AND b.state = 'returned'
    WHERE p.to_currency <> p.currency),
due AS (
    SELECT name, currency, sum(nanos) AS nanos FROM (
        SELECT format('fx:%s:%s', currency, to_currency) AS name, currency,
            coalesce((SELECT -sum(c.nanos) FROM payout_correction c
                WHERE c.payout_id = exchanged.payout_id AND c.kind = 'amount'), 0) +
            CASE WHEN took IS NOT NULL AND back THEN took - got WHEN took IS NOT NULL
                THEN took - net WHEN back THEN 0 ELSE -net END AS nanos FROM exchanged
        UNION ALL SELECT format('fx:%s:%s', currency, to_currency), to_currency, paid_nanos
        FROM exchanged WHERE took IS NULL AND NOT back) AS legs GROUP BY 1, 2),
stands AS (
    SELECT a.name, a.currency, sum(d.delta) AS nanos FROM account a
    JOIN balance_delta d USING (account_id) WHERE starts_with(a.name, 'fx:') GROUP BY 1, 2)
SELECT format('%s holds %s %s, payouts say %s', name, s.nanos, currency, d.nanos)
FROM due d FULL JOIN stands s USING (name, currency)
WHERE coalesce(d.nanos, 0) <> coalesce(s.nanos, 0)
"""

_TAX = """
WITH due AS (
    SELECT code, currency, sum(nanos) AS nanos FROM (
        SELECT r.code, p.currency, p.tax_nanos AS nanos
        FROM payout p JOIN tax_rule r USING (tax_rule_id)
        WHERE NOT EXISTS (SELECT 1 FROM payout_step t WHERE t.payout_id = p.payout_id
            AND t.state = 'returned')
        AND NOT EXISTS (SELECT 1 FROM payout_correction c WHERE c.payout_id = p.payout_id
            AND c.kind = 'misdirected')
        UNION ALL SELECT code, currency, -amount_nanos FROM tax_remittance) AS either
    GROUP BY 1, 2),
stands AS (
    SELECT split_part(a.name, ':', 2) AS code, a.currency, -sum(d.delta) AS nanos FROM account a
    JOIN balance_delta d USING (account_id) WHERE starts_with(a.name, 'tax:') GROUP BY 1, 2)
SELECT format('tax:%s:payable holds %s %s, payouts withheld %s', code, s.nanos, currency, d.nanos)
FROM due d FULL JOIN stands s USING (code, currency)
WHERE coalesce(d.nanos, 0) <> coalesce(s.nanos, 0)
"""

_ASTRAY = """
WITH due AS (
    SELECT p.currency, sum(CASE c.kind WHEN 'misdirected' THEN c.nanos ELSE -c.nanos END) AS nanos
    FROM payout_correction c JOIN payout p USING (payout_id) WHERE c.kind <> 'amount' GROUP BY 1),
stands AS (
    SELECT a.currency, sum(d.delta) AS nanos FROM account a JOIN balance_delta d USING (account_id)
    WHERE a.name = 'payout:recovery' GROUP BY 1)
SELECT format('payout:recovery holds %s %s, corrections say %s', s.nanos, currency, d.nanos)
FROM due d FULL JOIN stands s USING (currency)
WHERE coalesce(d.nanos, 0) <> coalesce(s.nanos, 0) OR d.nanos < 0
"""

QUESTIONS = (
    Question("what is reserved is under way", "SELECT count(*) FROM payout", _UNDER_WAY),
    Question(
        "the bank is not overdrawn",
        "SELECT count(*) FROM account WHERE name = 'bank'",
        _BANK,
    ),
    Question(
        "what is exchanged is under way or the bank's",
        "SELECT count(*) FROM payout WHERE to_currency <> currency",
        _EXCHANGE,
    ),
    Question(
        "withheld tax is owed or handed over",
        "SELECT count(*) FROM payout WHERE tax_nanos > 0",
        _TAX,
    ),
    Question(
        "what went astray is recovered, lost or still claimed",
        "SELECT count(*) FROM payout_correction",
        _ASTRAY,
    ),
)
