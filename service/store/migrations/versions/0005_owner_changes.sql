-- Works whose words count for another owner since. PostgreSQL 15 features only; extensions: none.

-- Numbers are given in the order of commits, so that a reader who remembers one misses none.
CREATE TABLE owner_change (
    change_no bigint PRIMARY KEY,
    work_id   bigint NOT NULL REFERENCES work
);
