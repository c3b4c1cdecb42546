"""Works whose words count for another owner since: what every index has to take in."""

from pathlib import Path

from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT ON owner_change TO {quoted}")
