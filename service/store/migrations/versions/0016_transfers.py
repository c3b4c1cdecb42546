"""Payees, and what of a payout is tax, fee and exchange."""

from pathlib import Path

from alembic import context, op

revision = "0016"
down_revision = "0015"

_SAID = ("tax_rule", "payout_fee", "fx_rate", "tax_remittance", "bank_charge")


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
    # a profile is added to; erasing it blanks the columns that say who somebody is
    op.execute(f"GRANT SELECT, INSERT ON payee_profile TO {quoted}")
    op.execute(
        f"GRANT UPDATE (legal_name, address, tax_number, erased_at) ON payee_profile TO {quoted}"
    )
    op.execute(f"GRANT SELECT ON payout_move TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
