-- Every entry is checked as it is stored: as a query the check took half the time of storing it.
-- A loop over bigint takes a quarter of that. Where a sum could pass 2^63 the query adds numeric, as
-- before. An amount that is NULL makes the sum NULL and is refused.
CREATE OR REPLACE FUNCTION entry_is_balanced(accounts integer[], amounts bigint[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    total  bigint := 0;
    amount bigint;
BEGIN
    IF cardinality(accounts) <> cardinality(amounts) OR cardinality(amounts) < 2
            OR 0 = ANY (amounts) THEN
        RETURN false;
    END IF;
    IF cardinality(amounts) >= 1024 OR 9007199254740992 <= ANY (amounts)
            OR -9007199254740992 >= ANY (amounts) THEN  -- 2^53
        RETURN (SELECT sum(a) = 0 AND count(a) = cardinality(amounts) FROM unnest(amounts) AS a);
    END IF;
    FOREACH amount IN ARRAY amounts LOOP
        total := total + amount;
    END LOOP;
    RETURN total IS NOT DISTINCT FROM 0;
END $$;
