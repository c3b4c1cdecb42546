"""Sums that pages show, kept; what is posted already waits to be added. Titles found by words."""

from pathlib import Path

from alembic import context, op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, DELETE ON summary_waiting TO {quoted}")
    for table in ("line_month", "holder_month"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT ON holding TO {quoted}")
