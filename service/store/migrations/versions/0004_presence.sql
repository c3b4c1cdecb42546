-- In how many outputs works win a little. PostgreSQL 15 features only; extensions: none.

-- month: year x 100 + month, UTC, of when an attribution was made.
-- Attributions not counted yet. A row is written in the transaction of its attribution.
CREATE TABLE presence_waiting (attribution_id bigint PRIMARY KEY);
-- Outputs counted, and works that win a little in them: a text counts once however often it is sold.
CREATE TABLE presence_output (
    month     integer NOT NULL,
    engine_id smallint NOT NULL,
    text_hash bytea NOT NULL,
    PRIMARY KEY (month, engine_id, text_hash)
);
CREATE TABLE presence_win (
    month     integer NOT NULL,
    engine_id smallint NOT NULL,
    text_hash bytea NOT NULL,
    work_id   bigint NOT NULL,
    PRIMARY KEY (month, engine_id, text_hash, work_id)
);
-- The counts of both. newest_at: of the latest attribution, which names the engine in use.
CREATE TABLE presence_month (
    month        integer NOT NULL,
    engine_id    smallint NOT NULL,
    output_count bigint NOT NULL CHECK (output_count >= 0),
    newest_at    timestamptz NOT NULL,
    PRIMARY KEY (month, engine_id)
);
CREATE TABLE presence_work (
    month        integer NOT NULL,
    engine_id    smallint NOT NULL,
    work_id      bigint NOT NULL,
    output_count bigint NOT NULL CHECK (output_count > 0),
    PRIMARY KEY (month, engine_id, work_id)
);
CREATE INDEX presence_work_often ON presence_work (month, engine_id, output_count, work_id);

-- Engines are never mixed: of each month the one counts that attributed last in it.
CREATE VIEW presence_in_use AS
    SELECT DISTINCT ON (month) month, engine_id, output_count FROM presence_month
    ORDER BY month, newest_at DESC, engine_id DESC;

CREATE FUNCTION await_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO presence_waiting SELECT attribution_id FROM made;
    RETURN NULL;
END $$;
CREATE TRIGGER awaits_count AFTER INSERT ON attribution REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION await_count();
-- After the trigger: making it waits for whoever writes, so none is missed and none is there twice.
INSERT INTO presence_waiting SELECT attribution_id FROM attribution;
