-- Test books: databases of their own, of this very schema. PostgreSQL 15 features only.

-- Whether money moves for what is in this database. Of a test book the owner sets it as it is made.
ALTER TABLE installation ADD mode text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'test'));

-- Which test books exist: rows of the live database, none in a test book. Instants are real ones.
-- book_vendor_id: number of the vendor in its book. offset_seconds: how far its clock runs ahead.
-- close_until: YYYYMM until which its months are to be closed, 0 for none.
-- drained_at: when nothing waited in it; looked at again once it is used after that.
CREATE TABLE test_book (
    vendor_id      bigint PRIMARY KEY,
    database_name  text NOT NULL UNIQUE CHECK (length(database_name) BETWEEN 1 AND 63),
    book_vendor_id bigint NOT NULL,
    offset_seconds bigint NOT NULL DEFAULT 0 CHECK (offset_seconds >= 0),
    close_until    integer NOT NULL DEFAULT 0,
    made_at        timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,
    worked_at      timestamptz,
    drained_at     timestamptz
);
