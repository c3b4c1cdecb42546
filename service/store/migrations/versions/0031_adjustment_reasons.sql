-- Why statements of a period adjust lines of earlier months. PostgreSQL 15 features only.

-- Of one line and month of sale by cause: how many sales were corrected, and up to three of the
-- reasons given.
CREATE TABLE adjustment_reason (
    period  integer NOT NULL CHECK (period % 100 BETWEEN 1 AND 12),
    line_id bigint NOT NULL,
    month   integer NOT NULL CHECK (month < period),
    cause   text NOT NULL,
    sales   integer NOT NULL CHECK (sales > 0),
    reasons text[] NOT NULL,
    PRIMARY KEY (period, line_id, month, cause)
);
