-- Editions, identifiers and the registration log. PostgreSQL 15 features only; extensions: none.

-- A row of work is one registered text. Its first edition is the work itself; a later one names it
-- in edition_of and is paid as it. created_on: when it was written, as exactly as is known.
-- source_*: the uploaded file that the text was taken from.
ALTER TABLE work
    ADD COLUMN edition_of bigint CHECK (edition_of <> work_id),
    ADD COLUMN edition_no integer NOT NULL DEFAULT 1 CHECK (edition_no >= 1),
    ADD COLUMN edition_note text CHECK (length(edition_note) BETWEEN 1 AND 200),
    ADD COLUMN kind text NOT NULL DEFAULT 'other' CHECK (kind ~ '^[a-z]{1,20}$'),
    ADD COLUMN created_on text COLLATE "C"
        CHECK (created_on ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'),
    ADD COLUMN iscc text COLLATE "C",
    ADD COLUMN detected_language text,
    ADD COLUMN source_type text,
    ADD COLUMN source_hash bytea CHECK (length(source_hash) = 32),
    ADD COLUMN source_bytes bigint,
    ADD COLUMN erased_at timestamptz,
    ADD CHECK ((edition_of IS NULL) = (edition_no = 1)),
    ADD CHECK (num_nulls(source_type, source_hash, source_bytes) IN (0, 3)),
    ADD CONSTRAINT edition_numbers_differ UNIQUE (edition_of, edition_no);

-- edition_no: the edition it was given to. ended_at: the work was withdrawn, another may have it.
CREATE TABLE identifier (
    work_id    bigint NOT NULL,
    scheme     text NOT NULL CHECK (scheme IN ('isbn', 'doi', 'isrc', 'orcid', 'isni', 'url')),
    value      text COLLATE "C" NOT NULL CHECK (length(value) BETWEEN 1 AND 2000),
    edition_no integer NOT NULL CHECK (edition_no >= 1),
    given_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    PRIMARY KEY (work_id, scheme, value)
);
CREATE INDEX identifier_value ON identifier (scheme, value);
-- These name one publication; people have many works, and one page may show several.
CREATE UNIQUE INDEX identifier_of_one_work ON identifier (scheme, value)
    WHERE ended_at IS NULL AND scheme IN ('isbn', 'doi', 'isrc');

-- The registration log: each row is the last leaf of the tree of all rows up to it. leaf: plain
-- strings by name; text_id: the row of work it speaks of.
CREATE TABLE receipt_key (
    key_id        text COLLATE "C" PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{64}$'),
    public_key    bytea NOT NULL CHECK (length(public_key) = 32),
    first_used_at timestamptz NOT NULL,
    CHECK (key_id = encode(sha256(public_key), 'hex'))
);
CREATE TABLE registration (
    position  bigint PRIMARY KEY CHECK (position > 0),
    text_id   bigint NOT NULL UNIQUE,
    leaf      jsonb NOT NULL,
    path      bytea[] NOT NULL CHECK (cardinality(path) < 64),
    root      bytea NOT NULL CHECK (length(root) = 32),
    key_id    text NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    logged_at timestamptz NOT NULL
);
-- A text is logged once its ISCC is computed; an empty one says that the text was erased before.
CREATE INDEX work_unlogged ON work (work_id) WHERE iscc IS NULL;
