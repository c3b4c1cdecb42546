-- An output may be kept as its fingerprint instead of its text. PostgreSQL 15 features only.

-- fingerprint: sealed by the vendor, compressed already, so PostgreSQL does not try again.
ALTER TABLE output_text
    ADD COLUMN fingerprint bytea,
    ALTER COLUMN fingerprint SET STORAGE EXTERNAL,
    ALTER COLUMN body DROP NOT NULL,
    ADD CONSTRAINT output_text_is_one CHECK (num_nonnulls(body, fingerprint) = 1);
