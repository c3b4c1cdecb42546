-- Closed periods are sealed: one root over what was said in each. PostgreSQL 15 features only;
-- extensions: none.

-- salt_key hides leaves from one another. part_*: leaves by kind, so that it can be said which
-- kind differs; the digests are no part of the hash.
CREATE TABLE period_seal (
    period        integer PRIMARY KEY CHECK (period % 100 BETWEEN 1 AND 12),
    leaf_count    bigint NOT NULL CHECK (leaf_count >= 0),
    root          bytea NOT NULL CHECK (length(root) = 32),
    previous_hash bytea NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
    hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    salt_key      bytea NOT NULL CHECK (length(salt_key) = 32),
    part_names    text[] NOT NULL,
    part_counts   bigint[] NOT NULL,
    part_digests  bytea[] NOT NULL,
    sealed_at     timestamptz NOT NULL,
    CHECK (cardinality(part_names) = cardinality(part_counts)
       AND cardinality(part_names) = cardinality(part_digests))
);
