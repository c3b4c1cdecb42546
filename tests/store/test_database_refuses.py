"""The database refuses what the domain refuses, whoever writes; every try is taken back."""

import psycopg
import pytest
from psycopg.errors import CheckViolation, ExclusionViolation, UniqueViolation

from worker import embedded


@pytest.fixture(scope="module")
def url(postgres):
    """Make one database for all refusals."""
    name = "test_refusals"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE pristine OWNER {embedded.OWNER_ROLE}")
        yield postgres.app.replace(f"/{embedded.DATABASE}?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Tables:
    """One transaction as the application, past all our code; never committed."""

    def __init__(self, connection):
        self.connection = connection

    def try_to(self, statement, *values):
        with self.connection.transaction():
            self.connection.execute(statement, values)

    def count(self, table):
        return self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def tables(url):
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")  # begins the transaction that holds all tries
        yield Tables(connection)
        connection.rollback()


ENTRY = (
    "INSERT INTO journal_entry (batch_id, kind, source_id, period, currency, accounts, amounts) "
    "VALUES (1, 1, %s, 202601, 'USD', %s, %s)"
)
WHOLE = (1, [1, 2], [5, -5])


@pytest.mark.parametrize(
    ("accounts", "amounts"),
    [
        ([1, 2], [5, -5]),
        ([1, 2], [2**63 - 1, -(2**63) + 1]),
        ([1, 2, 3, 4], [2**62, 2**62, -(2**62), -(2**62)]),  # 2^63 on the way
        (list(range(2_000)), [7, -7] * 1_000),
    ],
)
def test_not_an_entry_that_is_balanced(tables, accounts, amounts):
    tables.try_to(ENTRY, 1, accounts, amounts)
    assert tables.count("journal_entry") == 1


@pytest.mark.parametrize(
    ("accounts", "amounts"),
    [
        ([1, 2], [5, -4]),
        ([1, 2], [2**63 - 1, 2**63 - 1]),
        ([1, 2, 3], [2**63 - 1, 2**63 - 1, 2]),  # zero modulo 2^64
        ([1, 2, 3], [5, -5, None]),
        ([1, 2, 3], [2**60, -(2**60), None]),
        ([1, 2, 3], [5, -5, 0]),
        ([1, 2], [0, 0]),
        ([1, 2, 3], [5, -5]),
        ([1], [5, -5]),
        ([1], [0]),
        ([], []),
    ],
)
def test_an_entry_that_is_not_balanced(tables, accounts, amounts):
    with pytest.raises(CheckViolation, match="entry_sums_to_zero"):
        tables.try_to(ENTRY, 1, accounts, amounts)


def test_amounts_at_the_edge_of_64_bits_are_summed_without_wrapping(tables):
    edge = 2**63 - 1
    tables.try_to(ENTRY, 1, [1, 2, 3, 4], [edge, edge, -edge, -edge])
    with pytest.raises(CheckViolation):
        tables.try_to(ENTRY, 2, [1, 2, 3], [edge, edge, 2])  # 2^64: wrapped it would be zero


def test_a_second_entry_of_one_source(tables):
    tables.try_to(ENTRY, *WHOLE)
    with pytest.raises(UniqueViolation):
        tables.try_to(ENTRY, *WHOLE)


RIGHTS = (
    "INSERT INTO rights_version (work_id, days, holder_ids, shares_ppm, upstream_version_ids, "
    "upstream_ppm, known_at) VALUES (%s, daterange(%s, %s), %s, %s, %s, %s, now())"
)


@pytest.mark.parametrize(
    ("holders", "shares"),
    [
        ([1, 2], [500_000, 499_999]),
        ([1, 2], [500_000, 500_001]),
        ([1, 2], [1_000_000, 0]),
        ([1, 2], [1_000_001, -1]),
        ([1, 2], [1_000_000]),
        ([1, 1], [500_000, 500_000]),
        ([], []),
    ],
)
def test_a_split_that_is_not_whole(tables, holders, shares):
    with pytest.raises(CheckViolation):
        tables.try_to(RIGHTS, 1, "2026-01-01", None, holders, shares, [], [])


@pytest.mark.parametrize(
    ("versions", "shares"), [([1], [1_000_001]), ([1], [0]), ([1, 2], [10]), ([1, 2], [20, -1])]
)
def test_upstream_shares_that_give_too_much_or_nothing(tables, versions, shares):
    with pytest.raises(CheckViolation):
        tables.try_to(RIGHTS, 1, "2026-01-01", None, [1], [1_000_000], versions, shares)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2026-02-01"),
        ("2025-12-01", "2026-01-02"),
        ("2026-01-31", None),
        (None, "2026-01-02"),
        ("2026-01-10", "2026-01-10"),
    ],
)
def test_rights_versions_of_a_work_that_overlap_or_never_begin(tables, start, end):
    tables.try_to(RIGHTS, 1, "2026-01-01", "2026-02-01", [1], [1_000_000], [], [])
    with pytest.raises((ExclusionViolation, CheckViolation)):
        tables.try_to(RIGHTS, 1, start, end, [2], [1_000_000], [], [])


def test_rights_versions_that_follow_one_another_or_are_of_other_works(tables):
    whole = ([1], [1_000_000], [], [])
    tables.try_to(RIGHTS, 1, "2026-01-01", "2026-02-01", *whole)
    tables.try_to(RIGHTS, 1, "2026-02-01", None, *whole)
    tables.try_to(RIGHTS, 2, "2026-01-01", None, *whole)
    assert tables.count("rights_version") == 3


ATTRIBUTION = (
    "INSERT INTO attribution (text_hash, engine_id, embedding_no, catalogue_at, work_ids, "
    "shares_ppm, unmatched_ppm, evidence, attributed_at) "
    "VALUES ('\\x00', 1, 0, now(), %s, %s, %s, '[]', now())"
)


@pytest.mark.parametrize(
    ("works", "shares", "unmatched"),
    [
        ([1], [300_000], 700_001),
        ([1], [300_000], 699_999),
        ([1], [1_000_001], -1),
        ([1, 2], [1_000_000, 0], 0),
        ([1, 2], [1_000_001, -1], 0),
        ([1, 2], [1_000_000], 0),
        ([], [], 999_999),
    ],
)
def test_an_attribution_that_is_not_whole(tables, works, shares, unmatched):
    with pytest.raises(CheckViolation):
        tables.try_to(ATTRIBUTION, works, shares, unmatched)


STATEMENT = (
    "INSERT INTO statement (number, holder_id, currency, period, opening_nanos, earned_nanos, "
    "closing_nanos, held_nanos, payable_nanos, carried_nanos, issued_at) "
    "VALUES (%s, 1, 'USD', 202601, %s, %s, %s, %s, %s, %s, now())"
)


@pytest.mark.parametrize(
    "figures",
    [
        (5, 5, 11, 0, 0, 11),  # opening + lines is not closing
        (5, 5, 10, 1, 9, 1),  # held + payable + carried is not closing
        (0, -5, -5, 0, -5, 0),  # nobody is paid less than nothing
    ],
)
def test_a_statement_that_does_not_add_up(tables, figures):
    with pytest.raises(CheckViolation):
        tables.try_to(STATEMENT, "a", *figures)


def test_a_second_payout_of_one_statement_and_a_step_taken_twice(tables):
    payout = (
        "INSERT INTO payout (statement_id, holder_id, payee_id, currency, amount_nanos, "
        "to_currency, paid_nanos) VALUES (1, 1, 1, 'USD', 5, 'USD', 5)"
    )
    step = "INSERT INTO payout_step VALUES (1, 'sent', 202601, 0, '', 'op', now())"
    for once in (payout, step):
        tables.try_to(once)
        with pytest.raises(UniqueViolation):
            tables.try_to(once)


def test_a_second_statement_of_one_holder_currency_and_period(tables):
    tables.try_to(STATEMENT, "a", 0, 5, 5, 0, 0, 5)
    with pytest.raises(UniqueViolation):
        tables.try_to(STATEMENT, "b", 0, 5, 5, 0, 0, 5)


_CLAIM = (
    "work_id, filed_at, filed_by, held_from, from_first_day, over_ppm, step_count, "
    "has_evidence, gave_up, last_at, state, due_at, settled_at, granted_ppm"
)
_FILED = "(1, '2026-01-01', 'a', '2026-01-01', true, 0, 1, true, '{}', "
_NO_CLAIM_STANDS_SO = (
    "'2026-01-01', 'lost', NULL, NULL, 0",
    "'2026-01-01', 'verified', '2026-02-01', NULL, 0",  # the clock decides what is final
    "'2026-01-01', 'claimed', '2026-02-01', now(), 0",  # no hold any more while it is open
    "'2025-12-31', 'claimed', '2026-02-01', NULL, 0",  # a step before it was filed
    "'2026-01-01', 'claimed', '2026-02-01', NULL, 1000001",
)


@pytest.mark.parametrize(
    ("table", "fields", "values"),
    [
        ("period", "period, state", "(202613, 'open')"),
        ("period", "period, state", "(202601, 'shut')"),
        (
            "receipt",
            "vendor_id, amount_nanos, currency, reference, received_at",
            "(1, 0, 'USD', '', now())",
        ),
        (
            "refund",
            "vendor_id, external_id, sale_id, amount_nanos, currency, reason, received_at",
            "(1, 'r', 1, -1, 'USD', '', now())",
        ),
        (
            "release_part",
            "release_id, month, holder_id, to_line_id, nanos",
            "(1, 202601, 1, 1, 5)",
        ),
        ("release_part", "release_id, month, nanos", "(1, 202601, 5)"),
        ("release_part", "release_id, month, holder_id, nanos", "(1, 202601, 1, 0)"),
        ("backing_part", "backing_id, period, holder_id, nanos", "(1, 202601, 1, 0)"),
        (
            "rate_card",
            "vendor_id, valid_from, currency, nanos_per_token",
            "(1, '2026-01-01', 'USD', '{1,2,3,4}')",
        ),
        (
            "rate_card",
            "vendor_id, valid_from, currency, nanos_per_token",
            "(1, '2026-01-01', 'USD', '{0,1,2,3,-4}')",
        ),
        (
            "rate_card",
            "vendor_id, valid_from, currency, nanos_per_token",
            "(1, '2026-01-01', 'usd', '{0,1,2,3,4}')",
        ),
        ("party", "kind, slug, name, created_at", "('vendor', 'A b', 'A', now())"),
        ("party", "kind, name, created_at", "('vendor', 'A', now())"),
        *(
            (
                "payout",
                (
                    "statement_id, holder_id, payee_id, currency, amount_nanos, tax_nanos, "
                    "tax_rule_id, to_currency, paid_nanos, fx_rate_id"
                ),
                f"(1, 1, 1, 'USD', {figures})",
            )
            for figures in [
                "0, 0, NULL, 'USD', 0, NULL",
                "5, 5, 1, 'USD', 0, NULL",  # nothing is left
                "5, 1, NULL, 'USD', 4, NULL",  # a tax without its rule
                "5, 0, NULL, 'USD', 4, NULL",  # what is paid is not the net
                "5, 0, NULL, 'JPY', 5, NULL",  # an exchange without its rate
                "5, 0, NULL, 'USD', 5, 1",  # a rate without exchange
            ]
        ),
        *(
            (
                "payout_step",
                "payout_id, state, period, moved_nanos, reference, taken_by, taken_at",
                f"(1, '{state}', 202601, {moved}, '', 'op', now())",
            )
            for state, moved in [
                ("reserved", 5),
                ("returned", -5),
                ("sent", 5),
                ("confirmed", -5),
                ("lost", 0),
            ]
        ),
        ("claim_party", "claim_id, holder_id, side, share_ppm", "(1, 1, 'claimant', 0)"),
        ("claim_party", "claim_id, holder_id, side, share_ppm", "(1, 1, 'respondent', 5)"),
        (
            "claim_party",
            "claim_id, holder_id, side, share_ppm, hold_id",
            "(1, 1, 'claimant', 5, 1)",
        ),
        *(("claim", _CLAIM, f"{_FILED}{stands})") for stands in _NO_CLAIM_STANDS_SO),
    ],
)
def test_rows_that_break_a_rule(tables, table, fields, values):
    with pytest.raises(CheckViolation):
        tables.try_to(f"INSERT INTO {table} ({fields}) VALUES {values}")


def test_one_release_of_a_line_a_period_and_one_backing_part_a_holder(tables):
    release = (
        "INSERT INTO release (line_id, period, credited_before, credited) VALUES (1, 202601, 0, 5)"
    )
    tables.try_to(release)
    with pytest.raises(UniqueViolation):
        tables.try_to(release)
    part = "INSERT INTO backing_part VALUES (1, 202601, 1, 5)"
    tables.try_to(part)
    with pytest.raises(UniqueViolation):
        tables.try_to(part)


@pytest.mark.parametrize("name", ["journal_entry", "sale", "statement"])
def test_the_application_cannot_switch_the_refusal_off(tables, name):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tables.try_to(f"ALTER TABLE {name} DISABLE TRIGGER immutable")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tables.try_to("SET session_replication_role = replica")
