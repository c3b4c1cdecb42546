"""Approvals of closes, bound to what they issue."""

from pathlib import Path

from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON close_approval TO {quoted}")
