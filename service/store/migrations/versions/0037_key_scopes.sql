-- A key may do less than all, for some time only, and says which key it was made to replace.
ALTER TABLE api_key
    ADD COLUMN scopes     text[] NOT NULL DEFAULT ARRAY['read', 'sales:write', 'offers:write']
        CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'sales:write', 'offers:write']),
    ADD COLUMN expires_at timestamptz CHECK (expires_at > created_at),
    ADD COLUMN replaces   bigint;
ALTER TABLE api_key ALTER COLUMN scopes DROP DEFAULT;
