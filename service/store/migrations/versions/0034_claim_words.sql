-- What people said of claims and disputed lines stands in rows that can be erased; steps hold ids.

-- holder_id: whose words they are. erased_at: when they were written over.
CREATE TABLE claim_said (
    claim_id      bigint NOT NULL,
    step_no       integer NOT NULL,
    holder_id     bigint,
    reason        text NOT NULL CHECK (reason <> ''),
    evidence_text text NOT NULL,
    evidence_url  text NOT NULL,
    erased_at     timestamptz,
    PRIMARY KEY (claim_id, step_no)
);
CREATE INDEX claim_said_holder ON claim_said (holder_id);
INSERT INTO claim_said SELECT claim_id, step_no, holder_id, reason, evidence_text, evidence_url
    FROM claim_step;
ALTER TABLE claim_step DROP COLUMN reason, DROP COLUMN evidence_text, DROP COLUMN evidence_url;
-- SHA-256 of reason, text and address, a line each; null for steps of before.
ALTER TABLE claim_step ADD COLUMN said_hash bytea CHECK (length(said_hash) = 32);
ALTER TABLE claim DROP COLUMN reason;

CREATE TABLE line_dispute_said (
    line_dispute_id bigint PRIMARY KEY,
    holder_id       bigint NOT NULL,
    reason          text NOT NULL CHECK (reason <> ''),
    erased_at       timestamptz
);
CREATE INDEX line_dispute_said_holder ON line_dispute_said (holder_id);
INSERT INTO line_dispute_said SELECT d.line_dispute_id, s.holder_id, d.reason
    FROM line_dispute d JOIN statement s USING (statement_id);
ALTER TABLE line_dispute DROP COLUMN reason;
