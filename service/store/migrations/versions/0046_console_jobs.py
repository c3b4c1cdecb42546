"""Jobs that operators ask for, decisions about conflicting reports, when batches passed stages."""

from pathlib import Path

from alembic import context, op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT ON conflict_decision TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON console_job TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
