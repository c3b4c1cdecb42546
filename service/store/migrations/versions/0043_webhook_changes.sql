-- Webhooks are changed by who has seen them, replayed, and read as a log. PostgreSQL 15 features only.

-- version: counts changes by people. cause: what disabled it, empty while it is active.
ALTER TABLE webhook_endpoint
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    ADD COLUMN cause   text NOT NULL DEFAULT ''
        CHECK (cause IN ('', 'owner', 'operator', 'gone', 'failing'));
UPDATE webhook_endpoint SET cause = CASE WHEN reason LIKE 'it answered 410%' THEN 'gone'
    WHEN reason LIKE 'it took nothing%' THEN 'failing' ELSE 'owner' END
    WHERE state = 'disabled';
ALTER TABLE webhook_endpoint ADD CHECK ((state = 'disabled') = (cause <> ''));

-- replayed_after: how many tries there were before the last replay; the waits begin anew then.
ALTER TABLE webhook_delivery ADD COLUMN replayed_after integer NOT NULL DEFAULT 0;
CREATE INDEX webhook_delivery_log ON webhook_delivery (endpoint_id, delivery_id);

-- A key may be let change webhooks; keys that were made before may not.
ALTER TABLE api_key DROP CONSTRAINT api_key_scopes_check;
ALTER TABLE api_key ADD CONSTRAINT api_key_scopes_check CHECK (cardinality(scopes) > 0
    AND scopes <@ ARRAY['read', 'sales:write', 'offers:write', 'webhooks:write']);
