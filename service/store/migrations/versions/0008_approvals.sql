-- Operators who approved what a close will issue. PostgreSQL 15 features only; extensions: none.

-- digest: SHA-256 of the statements as they were shown; void_at: they became others since.
CREATE TABLE close_approval (
    period      integer NOT NULL,
    approved_by text NOT NULL,
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    approved_at timestamptz NOT NULL,
    void_at     timestamptz,
    PRIMARY KEY (period, approved_by, digest)
);
