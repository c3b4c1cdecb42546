"""Questions to the sums that are kept: whether they are what the books say."""

from service.store.question import Question

_OF_BOOKS = """
WITH done AS (SELECT batch_id FROM batch WHERE batch_id NOT IN
    (SELECT batch_id FROM summary_waiting)),
moved AS (
    SELECT substr(a.name, 6)::bigint AS line_id, d.period, -sum(d.delta) AS nanos
    FROM balance_delta d JOIN done USING (batch_id) JOIN account a USING (account_id)
    WHERE starts_with(a.name, 'line:') GROUP BY 1, 2),
sold AS (
    SELECT substr(a.name, 6)::bigint AS line_id, p.period, count(*) AS sales,
        sum(s.output_tokens) AS tokens
    FROM posting p JOIN done USING (batch_id) JOIN account a USING (account_id)
    JOIN sale s ON s.sale_id = p.source_id
    WHERE p.kind = 1 AND starts_with(a.name, 'line:') GROUP BY 1, 2),
books AS (
    SELECT line_id, period, coalesce(nanos, 0) AS nanos, coalesce(sales, 0) AS sales,
        coalesce(tokens, 0) AS tokens
    FROM moved FULL JOIN sold USING (line_id, period))
"""
_LINES = f"""{_OF_BOOKS}
SELECT format('line %s in %s: kept %s of %s sales, %s tokens; the books have %s of %s, %s',
    line_id, period, m.nanos, m.sales_count, m.output_tokens, b.nanos, b.sales, b.tokens)
FROM books b FULL JOIN line_month m USING (line_id, period)
WHERE coalesce(b.nanos, 0) <> coalesce(m.nanos, 0)
    OR coalesce(b.sales, 0) <> coalesce(m.sales_count, 0)
    OR coalesce(b.tokens, 0) <> coalesce(m.output_tokens, 0)
"""  # noqa: S608 - constants
_HOLDERS = f"""{_OF_BOOKS},
shares AS (
    SELECT v.rights_version_id, h.holder_id,
        h.ppm * (1000000 - coalesce((SELECT sum(u) FROM unnest(v.upstream_ppm) AS u), 0)) AS weight
    FROM rights_version v CROSS JOIN LATERAL unnest(v.holder_ids, v.shares_ppm)
        AS h (holder_id, ppm)),
due AS (
    SELECT s.holder_id, b.period, l.vendor_id, l.tier, l.currency, sum(b.nanos * s.weight) AS open,
        sum(b.sales) AS sales, sum(b.tokens) AS tokens
    FROM books b JOIN line l USING (line_id) JOIN shares s USING (rights_version_id)
    GROUP BY 1, 2, 3, 4, 5),
released AS (
    SELECT p.holder_id, r.period, l.vendor_id, l.tier, l.currency, sum(p.nanos) AS nanos
    FROM journal_entry e JOIN done USING (batch_id) JOIN release r ON r.release_id = e.source_id
    JOIN release_part p USING (release_id) JOIN line l USING (line_id)
    WHERE e.kind = 3 AND p.holder_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5)
SELECT format('holder %s in %s, vendor %s, tier %s, %s: kept %s open and %s released, '
    'the books have %s and %s', holder_id, period, vendor_id, tier, currency, m.open_parts,
    m.released_nanos, d.open, r.nanos)
FROM due d FULL JOIN released r USING (holder_id, period, vendor_id, tier, currency)
FULL JOIN holder_month m USING (holder_id, period, vendor_id, tier, currency)
WHERE coalesce(m.open_parts, 0) <> coalesce(d.open, 0)
    OR coalesce(m.released_nanos, 0) <> coalesce(r.nanos, 0)
    OR coalesce(m.sales_count, 0) <> coalesce(d.sales, 0)
    OR coalesce(m.output_tokens, 0) <> coalesce(d.tokens, 0)
"""  # noqa: S608 - constants

QUESTIONS = (
    Question(
        "kept sums of lines are those of the books", "SELECT count(*) FROM line_month", _LINES
    ),
    Question(
        "kept sums of holders are those of the books", "SELECT count(*) FROM holder_month", _HOLDERS
    ),
    Question(
        "who has a share is known to have it",
        "SELECT count(*) FROM holding",
        "SELECT format('holder %s of work %s', holder_id, work_id) FROM "
        "(SELECT DISTINCT unnest(holder_ids) AS holder_id, work_id FROM rights_version) AS v "
        "FULL JOIN holding AS h USING (holder_id, work_id) WHERE v IS NULL OR h IS NULL",
    ),
)
