"""Holds, and what they moved."""

from pathlib import Path

from alembic import context, op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    op.execute(
        "CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON hold_posting "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT ON hold, hold_posting TO {quoted}")
    op.execute(f"GRANT UPDATE (ended_at, outcome, settled_at) ON hold TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
