-- How a sale came and what is odd about it, reports that conflict, tiers by model for a key.

-- format: 0 native, 1 CloudEvents, 2 LiteLLM, 3 OTLP, 4 OpenMeter. tier_by: 0 its report, 1 a tag,
-- 2 a rule of the key. flags: 1 no tokens, 2 no gross though the tier has a price, 4 unknown model.
ALTER TABLE sale
    ADD COLUMN format  smallint NOT NULL DEFAULT 0,
    ADD COLUMN tier_by smallint NOT NULL DEFAULT 0,
    ADD COLUMN flags   smallint NOT NULL DEFAULT 0;
CREATE INDEX sale_flagged ON sale (vendor_id, sale_id) WHERE flags <> 0;

-- What was reported under the id of a sale, but otherwise; once for each content.
CREATE TABLE sale_conflict (
    sale_id       bigint NOT NULL,
    payload_hash  bytea NOT NULL CHECK (length(payload_hash) = 32),
    vendor_id     bigint NOT NULL,
    format        smallint NOT NULL,
    tier          smallint NOT NULL,
    output_tokens bigint NOT NULL,
    gross_nanos   bigint NOT NULL,
    model         text,
    sold_at       timestamptz NOT NULL,
    same_text     boolean NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (sale_id, payload_hash)
);

CREATE TABLE tier_rules (
    key_id  bigint NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    models  text[] NOT NULL CHECK (cardinality(models) <= 1000),
    tiers   smallint[] NOT NULL CHECK (0 <= ALL (tiers) AND 4 >= ALL (tiers)),
    reason  text NOT NULL,
    set_by  text NOT NULL,
    set_at  timestamptz NOT NULL,
    PRIMARY KEY (key_id, version),
    CHECK (cardinality(models) = cardinality(tiers))
);
