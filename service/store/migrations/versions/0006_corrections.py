"""Versions of sales, contracts, rights and attributions; refunds that come before their sale."""

from pathlib import Path

from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    for table in ("sale_version", "back_pay"):
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT ON sale_version, back_pay TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON parked_refund TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON correction_job TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
