"""In how many outputs works win a little; attributions of before wait to be counted."""

from pathlib import Path

from alembic import context, op

revision = "0004"
down_revision = "0003"

SEEN = ("presence_waiting", "presence_output", "presence_win")
COUNTED = ("presence_month", "presence_work")


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in SEEN:
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {quoted}")
    for table in COUNTED:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {quoted}")
    op.execute(f"GRANT SELECT ON presence_in_use TO {quoted}")
