"""Words of people about claims, apart from the steps that are never changed."""

from pathlib import Path

from alembic import context, op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT ON claim_said, line_dispute_said TO {quoted}")
    said = "reason, evidence_text, evidence_url, erased_at"
    op.execute(f"GRANT UPDATE ({said}) ON claim_said TO {quoted}")
    op.execute(f"GRANT UPDATE (reason, erased_at) ON line_dispute_said TO {quoted}")
