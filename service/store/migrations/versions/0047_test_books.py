"""Test books of vendors, and whether a database is one."""

from pathlib import Path

from alembic import context, op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON test_book TO {quoted}")
