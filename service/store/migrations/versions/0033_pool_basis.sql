-- What the release of a pool rests on. PostgreSQL 15 features only; extensions: none.

-- What sales put in, by the fee their contracts take of a release.
CREATE TABLE pool_fee_basis (
    pool_release_id bigint NOT NULL,
    fee_ppm         integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 1000000),
    nanos           numeric NOT NULL,
    PRIMARY KEY (pool_release_id, fee_ppm)
);
CREATE TABLE pool_accrual (
    pool_release_id bigint NOT NULL,
    month           integer NOT NULL CHECK (month % 100 BETWEEN 1 AND 12),
    balance_nanos   numeric NOT NULL CHECK (balance_nanos > 0),
    annual_ppm      integer NOT NULL CHECK (annual_ppm BETWEEN 1 AND 1000000),
    nanos           bigint NOT NULL CHECK (nanos >= 0),
    PRIMARY KEY (pool_release_id, month)
);
-- Every claimant, those included whose part came to nothing.
CREATE TABLE pool_weight (
    pool_release_id   bigint NOT NULL,
    work_id           bigint NOT NULL,
    rights_version_id bigint NOT NULL,
    valid_from        date NOT NULL,
    tier              smallint NOT NULL CHECK (tier BETWEEN 0 AND 4),
    credited_nanos    numeric NOT NULL CHECK (credited_nanos > 0),
    PRIMARY KEY (pool_release_id, rights_version_id, tier)
);
