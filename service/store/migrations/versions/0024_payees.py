"""Accounts and checks of payees, who is paid in their place, payout runs and what banks say."""

from pathlib import Path

from alembic import context, op

revision = "0024"
down_revision = "0023"

_SAID = (
    *("payee_check", "payee_death", "payout_run", "payout_run_item", "payout_run_approval"),
    *("bank_file", "bank_line", "payout_correction"),
)


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in _SAID:
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {quoted}")
    # sealed anew with another key, ended by a newer account, or erased; never given to another
    op.execute(f"GRANT SELECT, INSERT ON payee_account, payee_assignment TO {quoted}")
    op.execute(
        "GRANT UPDATE (masked, key_id, nonce, sealed, ended_at, erased_at) ON payee_account "
        f"TO {quoted}"
    )
    op.execute(f"GRANT UPDATE (ended_on) ON payee_assignment TO {quoted}")
    op.execute(f"GRANT SELECT ON payout_move TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
