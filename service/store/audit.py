"""Questions to the rows whose right answer is nothing: the invariants that SQL can see alone."""

from sqlalchemy import text
from sqlmodel import Session

from service.store import (
    claim_questions,
    paid_questions,
    payout_questions,
    pool_questions,
    rights_questions,
    summary_questions,
)
from service.store.database import driver
from service.store.question import Question

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
    WHERE starts_with(a.name, 'line:') AND p.kind IN (1, 2, 20) GROUP BY 1, 2),
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
SELECT format('statement %s: opening %s, lines %s, moved %s of %s, paid %s of %s, closing %s, '
    'before it %s', number, opening_nanos, lines, moved_nanos, moved, paid_nanos, paid,
    closing_nanos, previous)
FROM (SELECT s.*, coalesce((SELECT sum(nanos) FROM statement_line l
        WHERE l.statement_id = s.statement_id), 0) AS lines,
    coalesce((SELECT -sum(m.moved_nanos) FROM payout_move m
        WHERE m.holder_id = s.holder_id AND m.currency = s.currency AND m.period = s.period), 0)
        AS paid,
    coalesce((SELECT sum(CASE t.kind WHEN 'recoupment' THEN -t.nanos ELSE t.nanos END)
        FROM advance a JOIN advance_step t USING (advance_id)
        WHERE a.holder_id = s.holder_id AND a.currency = s.currency AND t.period = s.period), 0)
        AS moved,
    coalesce((SELECT sum(t.nanos) FROM holdback_step t WHERE t.holder_id = s.holder_id
        AND t.currency = s.currency AND t.period <= s.period), 0) AS kept,
    coalesce(lag(closing_nanos) OVER (PARTITION BY holder_id, currency ORDER BY period), 0)
        AS previous
    FROM statement s) AS s
WHERE opening_nanos + lines + moved - paid <> closing_nanos OR earned_nanos <> lines
    OR moved_nanos <> moved OR paid_nanos <> paid OR opening_nanos <> previous
    OR holdback_nanos <> kept
    OR held_nanos + holdback_nanos + payable_nanos + carried_nanos <> closing_nanos
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
    Question(
        "editions are paid as the work they belong to",
        "SELECT count(*) FROM work WHERE edition_of IS NOT NULL",
        "SELECT format('edition %s of work %s has a share or a line', work_id, edition_of) "
        "FROM work WHERE edition_of IS NOT NULL AND (work_id IN (SELECT unnest(work_ids) "
        "FROM attribution) OR work_id IN (SELECT work_id FROM line) "
        "OR work_id IN (SELECT work_id FROM rights_version))",
    ),
    Question("balances = sum of postings", "SELECT count(*) FROM balance_delta", _BALANCES),
    Question("each line released what it was credited", "SELECT count(*) FROM release", _RELEASES),
    Question("opening + lines = closing", "SELECT count(*) FROM statement", _STATEMENTS),
    *rights_questions.QUESTIONS,
    *claim_questions.QUESTIONS,
    *paid_questions.QUESTIONS,
    *payout_questions.QUESTIONS,
    *pool_questions.QUESTIONS,
    *summary_questions.QUESTIONS,
)


def ask(session: Session, question: Question) -> tuple[int, list[str]]:
    """Return how many things were looked at and the facts that break the invariant."""
    count = session.execute(text(question.count)).scalar_one()
    connection = driver(session)
    connection.execute("SET LOCAL enable_nestloop = off")  # whole tables are joined, by hashing
    return int(count), [str(row[0]) for row in connection.execute(question.broken.encode())]
