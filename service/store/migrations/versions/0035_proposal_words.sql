-- What people said of proposals can be written over; that they said it, and when, cannot.

ALTER TABLE proposal ADD COLUMN erased_at timestamptz;
ALTER TABLE proposal_answer ADD COLUMN erased_at timestamptz;

CREATE OR REPLACE FUNCTION refuse_unless_proposal_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE words text[] := ARRAY['message', 'proposed_by', 'ended_by', 'reason', 'erased_at'];
BEGIN
    IF (OLD.state <> 'open' OR NEW.state = 'open')
        AND (NEW.erased_at IS NULL OR to_jsonb(NEW) - words <> to_jsonb(OLD) - words) THEN
        RAISE EXCEPTION 'a proposal is refused to change: it ends, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_unless_answer_is_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE words text[] := ARRAY['reason', 'answered_by', 'erased_at'];
BEGIN
    IF NEW.erased_at IS NULL OR to_jsonb(NEW) - words <> to_jsonb(OLD) - words THEN
        RAISE EXCEPTION 'an answer is refused to change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER immutable ON proposal_answer;
CREATE TRIGGER immutable BEFORE DELETE OR TRUNCATE ON proposal_answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_only BEFORE UPDATE ON proposal_answer
    FOR EACH ROW EXECUTE FUNCTION refuse_unless_answer_is_erased();
