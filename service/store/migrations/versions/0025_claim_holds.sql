-- A contested share stays contested when it changes hands. PostgreSQL 15 features only.

-- split_holders, split_ppm: the split as the claim was filed. followed_to: the last change of rights
-- of the work that the claim's holds have followed.
ALTER TABLE claim ADD COLUMN split_holders bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE claim ADD COLUMN split_ppm integer[] NOT NULL DEFAULT '{}';
ALTER TABLE claim ADD COLUMN followed_to bigint NOT NULL DEFAULT 0;
UPDATE claim c SET split_holders = v.holder_ids, split_ppm = v.shares_ppm FROM (
    SELECT DISTINCT ON (work_id) work_id, holder_ids, shares_ppm FROM rights_version
    WHERE superseded_at IS NULL ORDER BY work_id, lower(days)) AS v WHERE v.work_id = c.work_id;

-- Holds of whoever has a contested share by now, or has a larger part of it contested; the newest of
-- a holder counts.
CREATE TABLE claim_hold (
    hold_id   bigint PRIMARY KEY,
    claim_id  bigint NOT NULL,
    holder_id bigint NOT NULL
);
CREATE INDEX claim_hold_claim ON claim_hold (claim_id);
CREATE INDEX claim_hold_holder ON claim_hold (holder_id);
