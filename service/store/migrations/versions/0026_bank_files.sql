-- What was passed over when a run was carried out first may be reserved later: it needs a further
-- file. A message has one name for ever, and no payout is in two files.
ALTER TABLE bank_file DROP CONSTRAINT bank_file_run_id_currency_method_key;

-- The payee's invoice of a payout, made in its name: numbered by payee and year without a gap.
CREATE TABLE payout_invoice (
    payout_id  bigint PRIMARY KEY,
    payee_id   bigint NOT NULL,
    year       integer NOT NULL,
    number     integer NOT NULL CHECK (number > 0),
    profile_id bigint NOT NULL,
    issued_at  timestamptz NOT NULL,
    UNIQUE (payee_id, year, number)
);
