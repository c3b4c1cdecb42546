"""Questions to the rows of rights whose right answer is nothing."""

from service.store.question import Question

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

# Before the first day of an upstream work its first version stands in.
_UPSTREAM = """
SELECT format('version %s of work %s, days %s, names version %s of work %s, days %s, superseded %s',
    d.rights_version_id, d.work_id, d.days, u.version, v.work_id, v.days, v.superseded_at)
FROM rights_version d CROSS JOIN LATERAL unnest(d.upstream_version_ids) AS u (version)
LEFT JOIN rights_version v ON v.rights_version_id = u.version
WHERE d.superseded_at IS NULL AND (v.rights_version_id IS NULL OR v.superseded_at IS NOT NULL
    OR NOT coalesce(upper(d.days) <= upper(v.days), upper_inf(v.days))
    OR (lower(v.days) > lower(d.days) AND EXISTS (SELECT 1 FROM rights_version e
        WHERE e.work_id = v.work_id AND e.superseded_at IS NULL AND lower(e.days) < lower(v.days))))
"""

_KNOWN = """
SELECT format('version %s of work %s counts for %s and is known for %s', rights_version_id,
    coalesce(v.work_id, k.work_id), v.days, k.days)
FROM (SELECT * FROM rights_version WHERE superseded_at IS NULL) AS v
FULL JOIN (SELECT * FROM rights_known WHERE upper_inf(known)) AS k USING (rights_version_id)
WHERE v.days IS DISTINCT FROM k.days OR v.work_id IS DISTINCT FROM k.work_id
"""

QUESTIONS = (
    Question("splits are whole and do not overlap", "SELECT count(*) FROM rights_version", _RIGHTS),
    Question(
        "each version names what counts upstream on its days",
        "SELECT count(*) FROM rights_version WHERE upstream_version_ids <> '{}'",
        _UPSTREAM,
    ),
    Question("what counts is what is known now", "SELECT count(*) FROM rights_known", _KNOWN),
)
