import psycopg
import pytest
from sqlalchemy import text

from service.store.database import unit_of_work
from service.store.rows import SQLModel
from worker.founding import found


def test_the_application_owns_nothing_and_is_no_superuser(database):
    with unit_of_work(database) as session:
        row = session.execute(
            text("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        ).one()
        owned = session.execute(
            text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        ).scalar_one()
    assert tuple(row) == ("wellspring_app", False)
    assert owned == 0


def test_every_row_class_has_the_columns_of_its_table(database):
    with unit_of_work(database) as session:
        for table in SQLModel.metadata.tables.values():
            found_columns = session.execute(
                text("SELECT column_name FROM information_schema.columns WHERE table_name = :t"),
                {"t": table.name},
            ).scalars()
            assert set(found_columns) == set(table.columns.keys()), table.name


def test_founding_twice_changes_nothing(database, now):
    for _ in range(2):
        with unit_of_work(database) as session:
            found(session, now=now)
    with unit_of_work(database) as session:
        assert session.execute(text("SELECT count(*) FROM party")).scalar_one() == 6
        assert session.execute(text("SELECT count(*) FROM contract")).scalar_one() == 2


IMMUTABLE = [
    "registration", "receipt_key", "erasure",
    "journal_entry", "balance_delta", "balance_snapshot", "batch", "seal", "correction", "receipt",
    "statement", "statement_line", "release", "release_credit", "release_part", "backing",
    "backing_part", "sale", "attribution", "sale_attribution", "sale_version", "back_pay",
    "period_seal", "write_off", "payout", "payout_step", "payout_correction",
    "payout_run", "payout_run_item", "payout_run_approval", "payout_invoice", "bank_file",
    "bank_line", "payee_check", "payee_death", "tax_rule", "payout_fee", "fx_rate",
    "tax_remittance", "bank_charge", "licence", "licence_deal",
    "offer", "offer_work", "offer_step",
    "licence_proposal", "licence_answer", "pool_fund",
    "pool_rule", "interest_rate", "pool_approval", "pool_release", "pool_step", "pool_part",
    "pool_fee_basis", "pool_accrual", "pool_weight",
    "rights_change", "freed_hold",
    "statement_reissue", "adjustment_reason",
    "vendor_statement", "vendor_statement_line", "vendor_statement_chain",
    "vendor_statement_move", "vendor_statement_month", "report_receipt", "report_sequence",
    "sale_conflict", "tier_rules",
    "reconciliation", "reconciliation_row", "accrual_decision",
    "claim_party", "claim_step", "claim_hold", "line_dispute", "line_dispute_answer",
]  # fmt: skip
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)


@pytest.mark.parametrize("role", ["app", "owner", "superuser"])
def test_what_is_said_is_said(urls, role):
    """No role changes what is said; all tables and verbs share one database, it stays as it is."""
    with psycopg.connect(getattr(urls, role), autocommit=True) as connection:
        for table in IMMUTABLE:
            column = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s LIMIT 1",
                (table,),
            ).fetchone()[0]
            for verb in ("DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {} = {}"):
                with pytest.raises(REFUSED):
                    connection.execute(verb.format(table, column, column))


ADDED_TO = ["account", "contract", "encoder", "engine", "line", "passage", "rate_card"]


def test_to_what_numbers_and_terms_stand_on_the_application_only_adds(database):
    with psycopg.connect(database.url, autocommit=True) as connection:
        for table in ADDED_TO:
            for verb in ("DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(verb.format(table))
