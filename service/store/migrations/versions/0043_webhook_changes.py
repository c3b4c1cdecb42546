"""Webhooks have versions and causes, deliveries are replayed, keys may change webhooks."""

from pathlib import Path

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
