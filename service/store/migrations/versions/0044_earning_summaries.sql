-- What pages sum of the books, kept; and who has a share in which works. PostgreSQL 15 features only.

-- Batches of entries that the sums below do not have yet. Written in the transaction of the batch,
-- one row a batch, never one a sale; whoever adds a batch to the sums takes its row away.
CREATE TABLE summary_waiting (batch_id bigint PRIMARY KEY);
CREATE FUNCTION await_summary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO summary_waiting SELECT batch_id FROM made;
    RETURN NULL;
END $$;
CREATE TRIGGER awaits_summary AFTER INSERT ON batch REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION await_summary();
-- After the trigger: making it waits for whoever writes, so none is missed and none is there twice.
INSERT INTO summary_waiting SELECT batch_id FROM batch;

-- nanos: credited in the period and not released, so zero once it is closed. sales_count,
-- output_tokens: of sales settled in it, as first reported.
CREATE TABLE line_month (
    line_id       bigint NOT NULL,
    period        integer NOT NULL,
    nanos         numeric NOT NULL,
    sales_count   bigint NOT NULL,
    output_tokens numeric NOT NULL,
    PRIMARY KEY (line_id, period)
);
-- A holder's part of all lines of a vendor, tier and currency. open_parts: of what is not released,
-- in 10^-12 nanos, so that the sum is exact. A sale counts once for each work it draws on.
CREATE TABLE holder_month (
    holder_id      bigint NOT NULL,
    period         integer NOT NULL,
    vendor_id      bigint NOT NULL,
    tier           smallint NOT NULL,
    currency       text COLLATE "C" NOT NULL,
    open_parts     numeric NOT NULL,
    released_nanos numeric NOT NULL,
    sales_count    bigint NOT NULL,
    output_tokens  numeric NOT NULL,
    PRIMARY KEY (holder_id, period, vendor_id, tier, currency)
);

-- Who has, or ever had, a share in which work: a creator's list of works is read from it by key.
CREATE TABLE holding (
    holder_id bigint NOT NULL,
    work_id   bigint NOT NULL,
    PRIMARY KEY (holder_id, work_id)
);
CREATE FUNCTION keep_holding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO holding SELECT DISTINCT unnest(holder_ids) AS holder_id, work_id FROM made
    ORDER BY 1, 2 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER keeps_holding AFTER INSERT ON rights_version REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION keep_holding();
INSERT INTO holding SELECT DISTINCT unnest(holder_ids) AS holder_id, work_id FROM rights_version
    ORDER BY 1, 2;

-- Words of titles, in lower case and without punctuation, found by how they begin.
CREATE FUNCTION title_words(title text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple', regexp_replace(title, '[!-/:-@\[-`{-~]+', ' ', 'g'))
$$;
CREATE INDEX work_title_words ON work USING gin (title_words(title));
