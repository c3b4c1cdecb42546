-- Holds that end once what a change of rights corrected is released. PostgreSQL 15 features only.

-- A share that was never confirmed and that its holder gives up for days gone by: paid before the
-- correction is released, it would go to one who has agreed that it is not theirs.
CREATE TABLE freed_hold (
    hold_id     bigint PRIMARY KEY,
    change_id   bigint NOT NULL,
    proposal_id bigint NOT NULL
);
