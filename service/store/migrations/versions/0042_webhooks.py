"""Events of webhooks, endpoints with their secrets, deliveries and the log of tries."""

from pathlib import Path

from alembic import context, op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in ("webhook_event", "webhook_attempt"):
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {quoted}")
    for table in ("webhook_endpoint", "webhook_secret", "webhook_delivery"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
