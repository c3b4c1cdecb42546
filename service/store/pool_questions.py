"""What of unmatched pools must hold whatever happens, asked of the rows."""

from service.store.question import Question

_NAMED = """
WITH named AS (
    SELECT r.*, 'pool:unmatched:' || v.slug || ':' || to_char(r.month / 100, 'FM0000') || '-'
        || to_char(r.month % 100, 'FM00') AS account
    FROM pool_release r JOIN party v ON v.party_id = r.vendor_id),
steps AS (SELECT s.*, n.account, n.currency, n.month AS of_month FROM pool_step s
    JOIN named n USING (pool_release_id)),
parts AS (SELECT pool_step_id, sum(nanos) AS nanos FROM pool_part GROUP BY 1),
done AS (SELECT coalesce(max(period), 0) AS period FROM period WHERE state = 'closed'),
stands AS (
    SELECT a.name AS account, a.currency, -coalesce(sum(d.delta), 0) AS now,
        -coalesce(sum(d.delta) FILTER (WHERE d.period <= done.period), 0) AS closed
    FROM account a JOIN balance_delta d USING (account_id) CROSS JOIN done
    WHERE starts_with(a.name, 'pool:unmatched:') GROUP BY 1, 2)
"""

# A release into a later month than the last closed one is looked at once that one is closed.
_DIVIDED = f"""{_NAMED}
SELECT format('step %s of %s: principal %s, interest %s, fee %s, parts %s', pool_step_id, account,
    principal_nanos, interest_nanos, fee_nanos, p.nanos)
FROM steps s LEFT JOIN parts p USING (pool_step_id)
WHERE principal_nanos + interest_nanos <> fee_nanos + coalesce(p.nanos, 0) OR month <> of_month
UNION ALL
SELECT format('%s was released, %s %s lies in it at the end of a closed month', n.account,
    t.closed, n.currency)
FROM named n JOIN stands t USING (account, currency) CROSS JOIN done
WHERE t.closed <> 0 AND (SELECT max(s.period) FROM pool_step s
    WHERE s.pool_release_id = n.pool_release_id) <= done.period
UNION ALL
SELECT format('%s holds %s %s: more was taken out than was in it', t.account, t.now, t.currency)
FROM stands t LEFT JOIN named n USING (account, currency)
WHERE n.pool_release_id IS NULL AND t.now < 0
"""  # noqa: S608 - constants

_POSTED = f"""{_NAMED},
said AS (
    SELECT 20 AS kind, pool_step_id AS source_id, account AS name,
        principal_nanos + interest_nanos AS nanos FROM steps
    UNION ALL SELECT 20, pool_step_id, 'platform:fee', -fee_nanos FROM steps
    UNION ALL SELECT 20, pool_step_id, 'line:' || line_id, -nanos FROM pool_part
    UNION ALL SELECT 21, pool_step_id, account, -interest_nanos FROM steps
    UNION ALL SELECT 21, pool_step_id, 'platform:interest', interest_nanos FROM steps),
posted AS (
    SELECT p.kind, p.source_id, a.name, p.amount_nanos AS nanos
    FROM posting p JOIN account a USING (account_id) WHERE p.kind IN (20, 21))
SELECT format('entry %s/%s posted %s to %s, its step says %s', kind, source_id, p.nanos, name,
    s.nanos)
FROM (SELECT * FROM said WHERE nanos <> 0) AS s FULL JOIN posted p USING (kind, source_id, name)
WHERE s.nanos IS DISTINCT FROM p.nanos
"""  # noqa: S608 - constants

QUESTIONS = (
    Question(
        "a pool is divided whole, and nothing is taken out that was not in it",
        "SELECT count(*) FROM account WHERE starts_with(name, 'pool:unmatched:')",
        _DIVIDED,
    ),
    Question("releases of pools are what was posted", "SELECT count(*) FROM pool_step", _POSTED),
)
