"""What claims say of themselves, their steps and their holds, asked of the rows."""

from service.store.question import Question

_CLAIMS = """
WITH last AS (
    SELECT DISTINCT ON (claim_id) claim_id, step_no, state, outcome, granted_ppm, due_at
    FROM claim_step ORDER BY claim_id, step_no DESC),
parts AS (
    SELECT claim_id, sum(share_ppm) FILTER (WHERE side = 'claimant') AS claimed,
        sum(share_ppm) FILTER (WHERE side = 'respondent') AS contested
    FROM claim_party GROUP BY claim_id),
kept AS (
    SELECT u.claim_id, u.holder_id, count(*) FILTER (WHERE h.ended_at IS NULL) AS active
    FROM (SELECT claim_id, holder_id, hold_id FROM claim_party WHERE hold_id IS NOT NULL
          UNION ALL SELECT claim_id, holder_id, hold_id FROM claim_hold) AS u
    JOIN hold h USING (hold_id) GROUP BY 1, 2)
SELECT format('claim %s is %s after %s steps, its last step is %s and left it %s', c.claim_id,
    c.state, c.step_count, l.step_no, l.state)
FROM claim c LEFT JOIN last l USING (claim_id)
WHERE (c.state, c.step_count, c.granted_ppm) IS DISTINCT FROM (l.state, l.step_no, l.granted_ppm)
    OR c.outcome IS DISTINCT FROM l.outcome OR c.due_at IS DISTINCT FROM l.due_at
UNION ALL
SELECT format('step %s of claim %s says something else', s.step_no, s.claim_id)
FROM claim_step s LEFT JOIN claim_said t USING (claim_id, step_no)
WHERE t.claim_id IS NULL OR (t.erased_at IS NULL AND s.said_hash <> sha256(convert_to(
    t.reason || chr(10) || t.evidence_text || chr(10) || t.evidence_url, 'UTF8')))
UNION ALL
SELECT format('claim %s claims %s ppm and contests %s', c.claim_id, p.claimed, p.contested)
FROM claim c LEFT JOIN parts p USING (claim_id) WHERE p.claimed IS DISTINCT FROM p.contested
    OR p.claimed IS NULL
UNION ALL
SELECT format('claim %s is %s and has %s holds of holder %s', c.claim_id,
    CASE WHEN c.settled_at IS NULL THEN c.state ELSE 'settled' END, k.active, k.holder_id)
FROM kept k JOIN claim c USING (claim_id)
WHERE k.active <> CASE WHEN c.settled_at IS NULL THEN 1 ELSE 0 END
"""

QUESTIONS = (
    Question(
        "claims stand where their last step left them, and hold until they have ended",
        "SELECT count(*) FROM claim",
        _CLAIMS,
    ),
)
