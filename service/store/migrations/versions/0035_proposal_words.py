"""What people said of proposals can be erased."""

from pathlib import Path

from alembic import context, op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT UPDATE (message, proposed_by, erased_at) ON proposal TO {quoted}")
    op.execute(f"GRANT UPDATE (reason, answered_by, erased_at) ON proposal_answer TO {quoted}")
